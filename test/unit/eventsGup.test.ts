// Exact event counts against semantics 11.3, 11.5 and 11.8, in the columns that DETAIL=pages covers.
import { expect, test } from 'vitest';
import type { Events } from '../../host/wasm/machine.ts';
import { Bench, GUP } from './bench.ts';
import { type Cells, NO_PGMAP, table } from './eventTable.ts';

/** Pages asked for in 11.3 and 11.5: inside one leaf, beginning at a tail for large folios. */
const N = 40;
const FIRST = 5;

function pinned(bench: Bench, flags: number, first = FIRST, pages = N): Events {
  const leaves = bench.unitPages === 1 ? first + pages : 1;
  for (let unit = 0; unit < leaves; unit++) bench.fault(unit * bench.unitPages, true);
  return bench.during(() => bench.gup(first, pages, flags));
}

const GET_4K: Cells = {
  ptRead: 3 + N,
  ptRecheck: N,
  pageRmws: 2 * N,
  rmwRefcount: N,
  rmwFlags: N,
  lineTouched: N,
  lineDirtied: N,
};
const PIN_4K: Cells = { ...GET_4K, pageRmws: 3 * N, rmwRefcount: 2 * N };
const ONE_PGMAP: Cells = { pgmapGet: 1, pgmapPut: 1 };
// The table's 4 page-table reads are the 2M leaf's: three levels and the recheck. A 1G leaf is one
// level higher, so 3.
const HUGE_READS = { '2M': { ptRead: 3, ptRecheck: 1 }, '1G': { ptRead: 2, ptRecheck: 1 } };

const GET_A: Cells = { pageRmws: 2 * N, lineDirtied: 1, ...ONE_PGMAP };
const GET_B: Cells = { pageRmws: 2, rmwRefcount: 1, rmwFlags: 1, lineTouched: 2, lineDirtied: 1 };

table(
  `11.3 GUP-fast GET, n = ${N}`,
  [
    ['A 4K', 'devmap', '4K', { ...GET_4K, ...ONE_PGMAP }],
    ['B 4K', 'refcount', '4K', { ...GET_4K, ...NO_PGMAP }],
    ['A 2M', 'devmap', '2M', { ...HUGE_READS['2M'], ...GET_A }],
    ['A 1G', 'devmap', '1G', { ...HUGE_READS['1G'], ...GET_A }],
    ['B 2M', 'refcount', '2M', { ...HUGE_READS['2M'], ...GET_B, ...NO_PGMAP }],
    ['B 1G', 'refcount', '1G', { ...HUGE_READS['1G'], ...GET_B, ...NO_PGMAP }],
  ],
  (bench) => pinned(bench, 0),
);

const PIN_A: Cells = {
  pageRmws: 3 * N,
  rmwRefcount: N,
  rmwPincount: N,
  rmwFlags: N,
  lineDirtied: 2,
  ...ONE_PGMAP,
};
const PIN_B: Cells = { pageRmws: 3, rmwPincount: 1, lineTouched: 3, lineDirtied: 2 };

table(
  `11.3 GUP-fast PIN, n = ${N}`,
  [
    ['A 4K', 'devmap', '4K', { ...PIN_4K, ...ONE_PGMAP }],
    ['B 4K', 'refcount', '4K', { ...PIN_4K, ...NO_PGMAP }],
    ['A 2M', 'devmap', '2M', { ...HUGE_READS['2M'], ...PIN_A }],
    ['A 1G', 'devmap', '1G', { ...HUGE_READS['1G'], ...PIN_A }],
    ['B 2M', 'refcount', '2M', { ...HUGE_READS['2M'], ...PIN_B, ...NO_PGMAP }],
    ['B 1G', 'refcount', '1G', { ...HUGE_READS['1G'], ...PIN_B, ...NO_PGMAP }],
  ],
  (bench) => pinned(bench, GUP.pin | GUP.write),
);

table(
  '11.3 GUP-fast PIN of a whole 2M leaf, lines read',
  [
    ['A 2M, map=mem: 128 physical', 'devmap', '2M', { lineTouched: 128, pageRmws: 1536 }],
    ['B 2M', 'refcount', '2M', { lineTouched: 2, pageRmws: 3 }],
  ],
  (bench) => pinned(bench, GUP.pin, 0, 512),
);

test('11.3 GUP-fast GET of a whole 2M leaf, map=dev: A reads 512 distinct lines', () => {
  const bench = new Bench({ kernel: 'devmap', align: '2M', map: 'dev' });
  expect(pinned(bench, 0, 0, 512).lineTouched).toBe(512);
});

table(
  `11.3 GUP-fast LONGTERM, n = ${N}`,
  [
    ['A 4K, read', 'devmap', '4K', { pageRmws: 0, ptRead: 4, gupPage: 0, gupStop: 1, ...NO_PGMAP }],
    ['A 2M, read', 'devmap', '2M', { pageRmws: 0, ptRead: 3, gupPage: 0, gupStop: 1, ...NO_PGMAP }],
    ['A 1G, read', 'devmap', '1G', { pageRmws: 0, ptRead: 2, gupPage: 0, gupStop: 1, ...NO_PGMAP }],
    ['B 2M, read, RW leaf', 'refcount', '2M', { ...PIN_B, gupPage: N }],
    ['B 1G, read, RW leaf', 'refcount', '1G', { ...PIN_B, gupPage: N }],
  ],
  (bench) => pinned(bench, GUP.pin | GUP.longterm),
);

/** Grabbed, refused by the file-backed check, undone; then the slow path's turn. */
const UNDONE: Cells = {
  pageRmws: 4,
  rmwRefcount: 2,
  rmwPincount: 2,
  lineDirtied: 2,
  gupPage: 0,
  gupStop: 1,
};

table(
  `11.3 GUP-fast LONGTERM+WRITE, n = ${N}`,
  [
    ['B 2M', 'refcount', '2M', UNDONE],
    ['B 1G', 'refcount', '1G', UNDONE],
  ],
  (bench) => pinned(bench, GUP.pin | GUP.longterm | GUP.write),
);

/** 6.6: a SPECIAL leaf is none of GUP-fast's; nothing was grabbed that would have to be undone. */
const REFUSED: Cells = { pageRmws: 0, gupPage: 0, gupStop: 1, lineTouched: 0, ...NO_PGMAP };

table(
  `6.6 GUP-fast on a huge leaf of 6.15, n = ${N}`,
  [
    ['2M', 'refcount-6.15', '2M', { ptRead: 3, ...REFUSED }],
    ['1G', 'refcount-6.15', '1G', { ptRead: 2, ...REFUSED }],
    ['4K is as today', 'refcount-6.15', '4K', { ...PIN_4K, ...NO_PGMAP }],
  ],
  (bench) => pinned(bench, GUP.pin),
);

const UNPIN_LARGE: Cells = { pageRmws: 2, rmwPincount: 1, rmwRefcount: 1 };

table(
  `11.5 unpin of ${N} consecutive pages`,
  [
    ['A 4K', 'devmap', '4K', { pageRmws: N, rmwRefcount: N }],
    ['B 4K', 'refcount', '4K', { pageRmws: N, rmwRefcount: N }],
    ['A 2M', 'devmap', '2M', UNPIN_LARGE],
    ['B 2M', 'refcount', '2M', UNPIN_LARGE],
    ['A 1G', 'devmap', '1G', UNPIN_LARGE],
    ['B 1G', 'refcount', '1G', UNPIN_LARGE],
  ],
  (bench) => {
    pinned(bench, GUP.pin);
    return bench.during(() => bench.unpin(FIRST, N));
  },
);

table(
  '11.8 a 2M leaf read-faulted, pinned 512, unpinned, unmapped',
  [
    ['A', 'devmap', '2M', { pageRmws: 1538 }],
    ['B', 'refcount', '2M', { pageRmws: 14 }],
  ],
  (bench) =>
    bench.during(() => {
      bench.fault(0, false);
      bench.gup(0, 512, GUP.pin);
      bench.unpin(0, 512);
      bench.zap(0, 512);
    }),
);

// Exact event counts against semantics 11, in the columns that DETAIL=pages covers. Every cell of
// 11.1, 11.3, 11.5 and 11.6 is a test of its own, named by table, row and column.
import { describe, expect, test } from 'vitest';
import type { KernelId } from '../../host/kernel.ts';
import type { AlignName } from '../../host/units.ts';
import { type EventName, type Events, pageRmws } from '../../host/wasm/machine.ts';
import { Bench, GUP } from './bench.ts';

type Cells = Readonly<Partial<Record<EventName | 'pageRmws', number>>>;
type Row = readonly [row: string, kernel: KernelId, align: AlignName, cells: Cells];

/** One test a cell: `run` does the operation once and answers its events. */
function table(name: string, rows: readonly Row[], run: (bench: Bench, row: Row) => Events): void {
  describe(name, () => {
    for (const row of rows) {
      const [title, kernel, align, cells] = row;
      const bench = new Bench({ kernel, align });
      const events = run(bench, row);
      for (const [cell, expected] of Object.entries(cells)) {
        test(`${title}: ${cell} = ${expected}`, () => {
          const seen = cell === 'pageRmws' ? pageRmws(events) : events[cell as EventName];
          expect(seen).toBe(expected);
        });
      }
    }
  });
}

const NO_RMW: Cells = { pageRmws: 0 };
const SMALL: Cells = { pageRmws: 2, rmwRefcount: 1, rmwMapcount: 1 };
const LARGE: Cells = {
  pageRmws: 4,
  rmwRefcount: 1,
  rmwEntireMapcount: 1,
  rmwNrPagesMapped: 1,
  rmwMmIds: 1,
};
const NO_PGMAP: Cells = { pgmapGet: 0, pgmapPut: 0 };

table(
  '11.1 first fault, tables present',
  [
    ['A 4K', 'devmap', '4K', { ptRead: 8, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 4K', 'refcount', '4K', { ptRead: 8, ptWrite: 1, ...SMALL, lineTouched: 1, ...NO_PGMAP }],
    ['A 2M', 'devmap', '2M', { ptRead: 3, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 2M', 'refcount', '2M', { ptRead: 3, ptWrite: 1, ...LARGE, lineTouched: 2, ...NO_PGMAP }],
    ['A 1G', 'devmap', '1G', { ptRead: 2, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 1G', 'refcount', '1G', { ptRead: 2, ptWrite: 1, ...LARGE, lineTouched: 2, ...NO_PGMAP }],
  ],
  (bench) => {
    // A neighbour in the same table brings the tables in.
    bench.fault(bench.unitPages, true);
    return bench.during(() => bench.fault(0, true));
  },
);

table(
  '11.1 first fault, 4K, where tables are missing',
  [
    // One PTE table in the end, two allocated (5.6); SRCU sections as huge_fault calls.
    ['A new PTE table', 'devmap', '4K', { ptWrite: 2, tableAlloc: 2, tableFree: 1, hugeFault: 3 }],
    [
      'B new PTE table',
      'refcount',
      '4K',
      { ptWrite: 2, tableAlloc: 2, tableFree: 1, hugeFault: 3 },
    ],
  ],
  (bench) => {
    bench.fault(0, true);
    return bench.during(() => bench.fault(1024, true));
  },
);

table(
  '11.1 huge_fault calls (one SRCU section each)',
  [
    ['A 4K, PUD entry none', 'devmap', '4K', { hugeFault: 4, hugeFaultFallback: 3, faultRetry: 1 }],
    [
      'B 4K, PUD entry none',
      'refcount',
      '4K',
      { hugeFault: 4, hugeFaultFallback: 3, faultRetry: 1 },
    ],
    ['A 2M, PUD entry none', 'devmap', '2M', { hugeFault: 2, hugeFaultFallback: 1, faultRetry: 0 }],
    [
      'B 2M, PUD entry none',
      'refcount',
      '2M',
      { hugeFault: 2, hugeFaultFallback: 1, faultRetry: 0 },
    ],
    ['A 1G, PUD entry none', 'devmap', '1G', { hugeFault: 1, hugeFaultFallback: 0, faultRetry: 0 }],
    [
      'B 1G, PUD entry none',
      'refcount',
      '1G',
      { hugeFault: 1, hugeFaultFallback: 0, faultRetry: 0 },
    ],
  ],
  (bench) => bench.during(() => bench.fault(0, true)),
);

table(
  '11.1 huge_fault calls, PTE table present',
  [
    ['A 4K', 'devmap', '4K', { hugeFault: 1 }],
    ['B 4K', 'refcount', '4K', { hugeFault: 1 }],
  ],
  (bench) => {
    bench.fault(1, true);
    return bench.during(() => bench.fault(0, true));
  },
);

table(
  '11.1 second mapper in another mm',
  [
    ['A 4K', 'devmap', '4K', NO_RMW],
    ['A 2M', 'devmap', '2M', NO_RMW],
    ['A 1G', 'devmap', '1G', NO_RMW],
    ['B 4K', 'refcount', '4K', SMALL],
    ['B 2M', 'refcount', '2M', { ...LARGE, pageRmws: 3, rmwNrPagesMapped: 0 }],
    ['B 1G', 'refcount', '1G', { ...LARGE, pageRmws: 3, rmwNrPagesMapped: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    const vma = bench.map(bench.system.createProcess());
    return bench.during(() => bench.fault(0, true, vma));
  },
);

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

table(
  `11.3 GUP-fast GET, n = ${N}`,
  [
    ['A 4K', 'devmap', '4K', { ...GET_4K, ...ONE_PGMAP }],
    ['B 4K', 'refcount', '4K', { ...GET_4K, ...NO_PGMAP }],
    [
      'A 2M',
      'devmap',
      '2M',
      { ...HUGE_READS['2M'], pageRmws: 2 * N, ...ONE_PGMAP, lineDirtied: 1 },
    ],
    [
      'A 1G',
      'devmap',
      '1G',
      { ...HUGE_READS['1G'], pageRmws: 2 * N, ...ONE_PGMAP, lineDirtied: 1 },
    ],
    [
      'B 2M',
      'refcount',
      '2M',
      {
        ...HUGE_READS['2M'],
        pageRmws: 2,
        rmwRefcount: 1,
        rmwFlags: 1,
        lineTouched: 2,
        lineDirtied: 1,
        ...NO_PGMAP,
      },
    ],
    [
      'B 1G',
      'refcount',
      '1G',
      {
        ...HUGE_READS['1G'],
        pageRmws: 2,
        rmwRefcount: 1,
        rmwFlags: 1,
        lineTouched: 2,
        lineDirtied: 1,
        ...NO_PGMAP,
      },
    ],
  ],
  (bench) => pinned(bench, 0),
);

table(
  `11.3 GUP-fast PIN, n = ${N}`,
  [
    ['A 4K', 'devmap', '4K', { ...PIN_4K, ...ONE_PGMAP }],
    ['B 4K', 'refcount', '4K', { ...PIN_4K, ...NO_PGMAP }],
    [
      'A 2M',
      'devmap',
      '2M',
      {
        ...HUGE_READS['2M'],
        pageRmws: 3 * N,
        rmwRefcount: N,
        rmwPincount: N,
        rmwFlags: N,
        ...ONE_PGMAP,
        lineDirtied: 2,
      },
    ],
    [
      'A 1G',
      'devmap',
      '1G',
      {
        ...HUGE_READS['1G'],
        pageRmws: 3 * N,
        rmwRefcount: N,
        rmwPincount: N,
        rmwFlags: N,
        ...ONE_PGMAP,
        lineDirtied: 2,
      },
    ],
    [
      'B 2M',
      'refcount',
      '2M',
      {
        ...HUGE_READS['2M'],
        pageRmws: 3,
        rmwPincount: 1,
        lineTouched: 3,
        lineDirtied: 2,
        ...NO_PGMAP,
      },
    ],
    [
      'B 1G',
      'refcount',
      '1G',
      {
        ...HUGE_READS['1G'],
        pageRmws: 3,
        rmwPincount: 1,
        lineTouched: 3,
        lineDirtied: 2,
        ...NO_PGMAP,
      },
    ],
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
    [
      'B 2M, read, RW leaf',
      'refcount',
      '2M',
      { pageRmws: 3, lineTouched: 3, lineDirtied: 2, gupPage: N },
    ],
    [
      'B 1G, read, RW leaf',
      'refcount',
      '1G',
      { pageRmws: 3, lineTouched: 3, lineDirtied: 2, gupPage: N },
    ],
  ],
  (bench) => pinned(bench, GUP.pin | GUP.longterm),
);

table(
  `11.3 GUP-fast LONGTERM+WRITE, n = ${N}`,
  [
    [
      'B 2M',
      'refcount',
      '2M',
      {
        pageRmws: 4,
        rmwRefcount: 2,
        rmwPincount: 2,
        lineDirtied: 2,
        gupPage: 0,
        gupStop: 1,
      },
    ],
    [
      'B 1G',
      'refcount',
      '1G',
      {
        pageRmws: 4,
        rmwRefcount: 2,
        rmwPincount: 2,
        lineDirtied: 2,
        gupPage: 0,
        gupStop: 1,
      },
    ],
  ],
  (bench) => pinned(bench, GUP.pin | GUP.longterm | GUP.write),
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

/** Entries zapped in 11.6; two PTE tables' worth, so that forced flushes show. */
const K = 1024;

function zapped(bench: Bench, write: boolean, redo = false): Events {
  const units = bench.unitPages === 1 ? K : 1;
  const fill = (): void => {
    for (let unit = 0; unit < units; unit++) bench.touch(unit * bench.unitPages, write);
  };
  fill();
  if (redo) {
    bench.zap(0, units * bench.unitPages);
    fill();
  }
  return bench.during(() => bench.zap(0, units * bench.unitPages));
}

const ZAP_A: Cells = { ...NO_RMW, lineTouched: 0, lineDirtied: 0, tlbFlush: 1, tlbFlushForced: 0 };
const ZAP_B_1G: Cells = {
  pageRmws: 4,
  rmwMmIds: 1,
  rmwEntireMapcount: 1,
  rmwNrPagesMapped: 1,
  rmwRefcount: 1,
  rmwFlags: 0,
  lineTouched: 2,
  tlbFlush: 1,
  ptWrite: 1,
};

table(
  `11.6 zap of clean leaves, k = ${K} at 4K`,
  [
    ['A 4K', 'devmap', '4K', { ...ZAP_A, ptWrite: K }],
    ['A 2M', 'devmap', '2M', { ...ZAP_A, ptWrite: 1 }],
    ['A 1G', 'devmap', '1G', { ...ZAP_A, ptWrite: 1 }],
    [
      'B 4K',
      'refcount',
      '4K',
      {
        pageRmws: 3 * K,
        rmwFlags: K,
        rmwMapcount: K,
        rmwRefcount: K,
        lineTouched: K,
        ptWrite: K,
        tlbFlush: 1,
        tlbFlushForced: 0,
      },
    ],
    ['B 2M', 'refcount', '2M', { ...ZAP_B_1G, pageRmws: 5, rmwFlags: 1 }],
    ['B 1G', 'refcount', '1G', ZAP_B_1G],
  ],
  (bench) => zapped(bench, false),
);

table(
  `11.6 zap of dirty leaves, the first time, k = ${K} at 4K`,
  [
    ['A 4K', 'devmap', '4K', { ...ZAP_A, ptWrite: K }],
    ['A 2M', 'devmap', '2M', { ...ZAP_A, ptWrite: 1 }],
    ['A 1G', 'devmap', '1G', { ...ZAP_A, ptWrite: 1 }],
    ['B 4K', 'refcount', '4K', { pageRmws: 4 * K, rmwFlags: 2 * K, lineTouched: K, ptWrite: K }],
    ['B 2M', 'refcount', '2M', { ...ZAP_B_1G, pageRmws: 6, rmwFlags: 2 }],
    ['B 1G', 'refcount', '1G', ZAP_B_1G],
  ],
  (bench) => zapped(bench, true),
);

table(
  `11.6 zap of dirty leaves, dirtied before, k = ${K} at 4K`,
  [
    ['B 4K', 'refcount', '4K', { pageRmws: 3 * K, rmwFlags: K }],
    ['B 2M', 'refcount', '2M', { pageRmws: 5, rmwFlags: 1 }],
  ],
  (bench) => zapped(bench, true, true),
);

describe('11.6 TLB flushes of munmap, 8 MiB of 4K pages (12.12)', () => {
  const flushes = (kernel: KernelId, write: boolean): Events => {
    const bench = new Bench({
      kernel,
      align: '4K',
      units: 2048,
      request: { address: 0x4000_0000n },
    });
    for (let page = 0; page < 2048; page++) bench.touch(page, write);
    const { core } = bench.system.machine;
    const at = bench.system.machine.vmaAddress(bench.vma.slot);
    return bench.during(() => core.munmap(at, bench.vma.start, bench.vma.end));
  };
  test('A dirty: 1', () => expect(flushes('devmap', true).tlbFlush).toBe(1));
  test('A clean: 1', () => expect(flushes('devmap', false).tlbFlush).toBe(1));
  test('B clean: 1', () => expect(flushes('refcount', false).tlbFlush).toBe(1));
  test('B dirty: 4 forced, 1 for the page tables', () => {
    const events = flushes('refcount', true);
    expect([events.tlbFlushForced, events.tlbFlush]).toEqual([4, 5]);
  });
});

table(
  '11.7 repeated fault on a present leaf',
  [
    ['A 4K', 'devmap', '4K', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 4K', 'refcount', '4K', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['A 2M', 'devmap', '2M', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 2M', 'refcount', '2M', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['A 1G', 'devmap', '1G', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 1G', 'refcount', '1G', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    return bench.during(() => bench.fault(0, true));
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

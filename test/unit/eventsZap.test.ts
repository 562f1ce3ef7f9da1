// Exact event counts against semantics 11.6, in the columns that DETAIL=pages covers.
import { describe, expect, test } from 'vitest';
import type { KernelId } from '../../host/kernel.ts';
import type { AlignName } from '../../host/units.ts';
import type { Events } from '../../host/wasm/machine.ts';
import { Bench } from './bench.ts';
import { type Cells, NO_RMW, table } from './eventTable.ts';

/** Entries zapped in 11.6; two PTE tables' worth, so that forced flushes show. */
const K = 1024;
/** And the entry of the one PTE table that lies wholly in the range, which DONTNEED frees (7.4). */
const K_AND_TABLE = K + 1;

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
        ptWrite: K_AND_TABLE,
        tlbFlush: 1,
        tlbFlushForced: 0,
      },
    ],
    ['B 2M', 'refcount', '2M', { ...ZAP_B_1G, pageRmws: 5, rmwFlags: 1 }],
    ['B 1G', 'refcount', '1G', ZAP_B_1G],
    // 6.6: zapping asks no vm_normal_page of a huge leaf; SPECIAL or not, its folio is let go.
    ['6.15 2M', 'refcount-6.15', '2M', { ...ZAP_B_1G, pageRmws: 5, rmwFlags: 1 }],
    ['6.15 1G', 'refcount-6.15', '1G', ZAP_B_1G],
  ],
  (bench) => zapped(bench, false),
);

table(
  `11.6 zap of dirty leaves, the first time, k = ${K} at 4K`,
  [
    ['A 4K', 'devmap', '4K', { ...ZAP_A, ptWrite: K }],
    ['A 2M', 'devmap', '2M', { ...ZAP_A, ptWrite: 1 }],
    ['A 1G', 'devmap', '1G', { ...ZAP_A, ptWrite: 1 }],
    [
      'B 4K',
      'refcount',
      '4K',
      { pageRmws: 4 * K, rmwFlags: 2 * K, lineTouched: K, ptWrite: K_AND_TABLE },
    ],
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

describe('7.1 a full gather batch flushes in mid-operation, refcount kernel', () => {
  // 9,678 slots: a leaf takes one, whatever its size.
  const zapAll = (align: AlignName, units: number, write: boolean): Events => {
    const bench = new Bench({ kernel: 'refcount', align, units });
    for (let unit = 0; unit < units; unit++) bench.touch(unit * bench.unitPages, write);
    return bench.during(() => bench.zap(0, units * bench.unitPages));
  };
  test.each([
    ['4K', 9678, 1, 1],
    ['4K', 9679, 2, 1],
    ['2M', 9678, 1, 0],
    ['2M', 9679, 2, 0],
  ] as const)(
    '%s, %i clean leaves: %i flushes, %i under a PTE lock',
    (align, units, all, forced) => {
      const events = zapAll(align, units, false);
      expect([events.tlbFlush, events.tlbFlushForced]).toEqual([all, forced]);
      expect(events.rmwRefcount).toBe(units);
    },
  );

  // Batches hold 7, then 509 each. While a map count waits the one that is being filled is the last,
  // but the first off the stack may be begun: full at 516, or where more are queued at 7 + 509 k.
  test.each([
    [512, 516],
    [1024, 1025],
  ] as const)('4K, %i clean pages, then a table of dirty ones: full at %i', (clean, limit) => {
    const bench = new Bench({
      kernel: 'refcount',
      align: '4K',
      units: clean + 512,
      request: { address: 0x4000_0000n },
    });
    const forced = (pages: number): number => {
      for (let page = 0; page < pages; page++) bench.touch(page, page >= clean);
      return bench.during(() => bench.zap(0, pages)).tlbFlushForced;
    };
    expect(forced(limit)).toBe(1);
    expect(forced(limit + 1)).toBe(2);
  });
});

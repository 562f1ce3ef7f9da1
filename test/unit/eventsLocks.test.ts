// Locks, per-CPU state and look-ups against semantics 5.7, 11.1, 11.4, 11.4b and 11.6 (DETAIL=full).
import { describe, expect, test } from 'vitest';
import { gup } from '../../host/syscall/gup.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { madvisePopulate } from '../../host/syscall/populate.ts';
import { RSS_BATCH, VMSTAT_THRESHOLD } from '../../host/wasm/abi.ts';
import type { EventName } from '../../host/wasm/machine.ts';
import { Bench, GUP } from './bench.ts';
import { type Cells, table } from './eventTable.ts';

/** The first page of the mapping that begins a page table. */
function tableStart({ vma: { start } }: Bench): number {
  return Number((-start & 0x1fffffn) >> 12n);
}

const PAT: Cells = { resourceLock: 1, memtypeLock: 1 };
const NO_PAT: Cells = { resourceLock: 0, memtypeLock: 0, patNode: 0 };
const NO_STATS: Cells = { rssAdd: 0, vmstatAdd: 0 };
const VMA_ONLY: Cells = { vmaLock: 1, mmapLockRead: 0, mmapLockWrite: 0, faultRetry: 0 };
const VMA_THEN_MMAP: Cells = { vmaLock: 1, mmapLockRead: 1, mmapLockWrite: 0, faultRetry: 1 };
const PTE: Cells = { pteLock: 1, pmdLock: 0, pageTableLock: 0 };
const PMD: Cells = { pteLock: 0, pmdLock: 1, pageTableLock: 0 };
const PUD: Cells = { pteLock: 0, pmdLock: 0, pageTableLock: 1 };
const SMALL_STATS: Cells = { rssAdd: 1, rssSpill: 0, vmstatAdd: 1, vmstatSpill: 0 };
const PMD_STATS: Cells = { rssAdd: 1, rssSpill: 1, vmstatAdd: 2, vmstatSpill: 4 };
const PUD_STATS: Cells = { rssAdd: 1, rssSpill: 1, vmstatAdd: 1, vmstatSpill: 2 };

table(
  '11.1 first fault, tables present: locks, statistics, memory type',
  [
    ['A 4K', 'devmap', '4K', { ...VMA_THEN_MMAP, ...PTE, ...PAT, ...NO_STATS, hugeFault: 1 }],
    ['B 4K', 'refcount', '4K', { ...VMA_THEN_MMAP, ...PTE, ...NO_PAT, ...SMALL_STATS }],
    ['A 2M', 'devmap', '2M', { ...VMA_ONLY, ...PMD, ...PAT, ...NO_STATS, hugeFault: 1 }],
    ['B 2M', 'refcount', '2M', { ...VMA_ONLY, ...PMD, ...NO_PAT, ...PMD_STATS }],
    ['A 1G', 'devmap', '1G', { ...VMA_ONLY, ...PUD, ...PAT, ...NO_STATS, hugeFault: 1 }],
    ['B 1G', 'refcount', '1G', { ...VMA_ONLY, ...PUD, ...NO_PAT, ...PUD_STATS }],
  ],
  (bench) => {
    bench.fault(bench.unitPages, true);
    return bench.during(() => bench.fault(0, true));
  },
);

/** Take and release of every lock of a first fault, by its class: semantics 5.7, assembly/lock.ts. */
table(
  '5.7 lock-prefixed instructions of a first fault that are no page counters',
  [
    // VMA 2, mmap_lock 2, PTE lock 1, resource_lock 2, memtype_lock 1.
    ['A 4K', 'devmap', '4K', { rmwOther: 8 }],
    // VMA 2, mmap_lock 2, PTE lock 1; rss and vmstat stay per CPU.
    ['B 4K', 'refcount', '4K', { rmwOther: 5 }],
    // VMA 2, PMD lock 1, resource_lock 2, memtype_lock 1.
    ['A 2M', 'devmap', '2M', { rmwOther: 6 }],
    // VMA 2, PMD lock 1, rss lock 1, two statistics spilt to two counters each.
    ['B 2M', 'refcount', '2M', { rmwOther: 8 }],
    ['A 1G', 'devmap', '1G', { rmwOther: 6 }],
    ['B 1G', 'refcount', '1G', { rmwOther: 6 }],
  ],
  (bench) => {
    bench.fault(bench.unitPages, true);
    return bench.during(() => bench.fault(0, true));
  },
);

table(
  '5.7 a new PTE table is installed under the PMD lock; 5.6: the second pass allocates it',
  [
    ['A 4K', 'devmap', '4K', { pmdLock: 1, pteLock: 1, pageTableLock: 0 }],
    ['B 4K', 'refcount', '4K', { pmdLock: 1, pteLock: 1, pageTableLock: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    return bench.during(() => bench.fault(1024, true));
  },
);

table(
  '11.1 second mapper: mapped already, so no statistic moves',
  [
    ['B 4K', 'refcount', '4K', { rssAdd: 1, vmstatAdd: 0 }],
    ['B 2M', 'refcount', '2M', { rssAdd: 1, rssSpill: 1, vmstatAdd: 0 }],
    ['B 1G', 'refcount', '1G', { rssAdd: 1, rssSpill: 1, vmstatAdd: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    const vma = bench.map(bench.system.createProcess());
    return bench.during(() => bench.fault(0, true, vma));
  },
);

const NO_LOCKS: Cells = {
  vmaLock: 0,
  mmapLockRead: 0,
  pteLock: 0,
  pmdLock: 0,
  pageTableLock: 0,
  rmwOther: 0,
};

table(
  '11.3 GUP-fast takes no lock; the devmap kernel looks the pgmap up once a table or leaf',
  [
    ['A 4K', 'devmap', '4K', { ...NO_LOCKS, pgmapGet: 1, pgmapPut: 1 }],
    ['B 4K', 'refcount', '4K', { ...NO_LOCKS, pgmapGet: 0, pgmapNode: 0 }],
    ['A 2M', 'devmap', '2M', { ...NO_LOCKS, pgmapGet: 1, pgmapPut: 1 }],
    ['B 2M', 'refcount', '2M', { ...NO_LOCKS, pgmapGet: 0, pgmapNode: 0 }],
    ['A 1G', 'devmap', '1G', { ...NO_LOCKS, pgmapGet: 1, pgmapPut: 1 }],
    ['B 1G', 'refcount', '1G', { ...NO_LOCKS, pgmapGet: 0, pgmapNode: 0 }],
  ],
  (bench) => {
    const first = tableStart(bench);
    for (let page = 0; page < 64; page += bench.unitPages) bench.touch(first + page, true);
    return bench.during(() => bench.gup(first, 64, GUP.pin));
  },
);

const N = 40;
const PIN = { pin: true, write: false, longterm: false, mode: 'slow' } as const;
const MMAP_READ: Cells = { mmapLockRead: 1, vmaLock: 0 };

table(
  `11.4 GUP slow, ${N} pages in one present leaf: locks`,
  [
    ['A 4K', 'devmap', '4K', { ...MMAP_READ, pteLock: N }],
    ['A 2M', 'devmap', '2M', { ...MMAP_READ, pmdLock: N }],
    ['A 1G', 'devmap', '1G', { ...MMAP_READ, pageTableLock: 1 }],
    ['B 4K', 'refcount', '4K', { ...MMAP_READ, pteLock: N }],
    ['B 2M', 'refcount', '2M', { ...MMAP_READ, pmdLock: 1 }],
    ['B 1G', 'refcount', '1G', { ...MMAP_READ, pageTableLock: 1 }],
  ],
  (bench) => {
    for (let page = 0; page < N; page += bench.unitPages) bench.touch(page, true);
    return bench.during(() => gup(bench.process, bench.vma.start, N, PIN));
  },
);

table(
  '6.4 GUP faults a missing leaf in under mmap_lock: one pass, no VMA lock, no retry',
  [
    ['A 4K', 'devmap', '4K', { ...MMAP_READ, faultRetry: 0, faultMinor: 1 }],
    ['B 4K', 'refcount', '4K', { ...MMAP_READ, faultRetry: 0, faultMinor: 1 }],
  ],
  (bench) => bench.during(() => gup(bench.process, bench.vma.start, 1, PIN)),
);

table(
  '11.4b populate over one present leaf: locks',
  [
    ['A 2M', 'devmap', '2M', { ...MMAP_READ, pmdLock: 512 }],
    ['A 1G', 'devmap', '1G', { ...MMAP_READ, pageTableLock: 262_144 }],
    ['B 2M', 'refcount', '2M', { ...MMAP_READ, pmdLock: 1 }],
    ['B 1G', 'refcount', '1G', { ...MMAP_READ, pageTableLock: 1 }],
  ],
  (bench) => {
    bench.touch(0, true);
    const { start } = bench.vma;
    const end = start + BigInt(bench.device.unitBytes);
    return bench.during(() => madvisePopulate(bench.process, start, end, false));
  },
);

const K = 8;
table(
  `11.6 munmap of ${K} written leaves in one table: locks, statistics`,
  [
    ['A 4K', 'devmap', '4K', { mmapLockWrite: 1, pteLock: 1, ...NO_STATS }],
    ['B 4K', 'refcount', '4K', { mmapLockWrite: 1, pteLock: 1, rssAdd: K, vmstatAdd: K }],
    ['A 2M', 'devmap', '2M', { mmapLockWrite: 1, pmdLock: K, ...NO_STATS }],
    ['B 2M', 'refcount', '2M', { mmapLockWrite: 1, pmdLock: K, rssSpill: K, vmstatSpill: 4 * K }],
    ['A 1G', 'devmap', '1G', { mmapLockWrite: 1, pageTableLock: K, ...NO_STATS }],
    [
      'B 1G',
      'refcount',
      '1G',
      { mmapLockWrite: 1, pageTableLock: K, rssSpill: K, vmstatSpill: 2 * K },
    ],
  ],
  (bench) => {
    const first = tableStart(bench);
    for (let unit = 0; unit < K; unit++) bench.touch(first + unit * bench.unitPages, true);
    const { start, end } = bench.vma;
    return bench.during(() => munmap(bench.process, start, end - start));
  },
);

table(
  '7.4 MADV_DONTNEED holds mmap_lock in A, the VMA lock in B',
  [
    ['A 4K', 'devmap', '4K', { mmapLockRead: 1, vmaLock: 0 }],
    ['B 4K', 'refcount', '4K', { mmapLockRead: 0, vmaLock: 1 }],
  ],
  (bench) => {
    bench.touch(0, true);
    return bench.during(() => bench.zap(0, 1));
  },
);

describe('per-CPU shares spill by the configured batch', () => {
  test.each([
    ['rssSpill', RSS_BATCH, 1],
    ['vmstatSpill', VMSTAT_THRESHOLD + 1, 2],
  ] as const)('4K: the first %s comes with fault %i', (event: EventName, fault, adds) => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    const before = bench.during(() => {
      for (let page = 0; page < fault - 1; page++) bench.fault(page, true);
    });
    expect(before[event]).toBe(0);
    expect(bench.during(() => bench.fault(fault - 1, true))[event]).toBe(adds);
  });

  test('what is charged is the sum of shared counter and shares', () => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    for (let page = 0; page < 100; page++) bench.fault(page, true);
    expect(bench.system.machine.filePages(bench.process.mm)).toBe(100);
  });
});

describe('look-ups walk real trees', () => {
  test('the memory type: resources up to the device, then the memory-type tree', () => {
    const bench = new Bench({ kernel: 'devmap', align: '2M' });
    const { patNode } = bench.during(() => bench.fault(0, true));
    // Twelve resources below the device, it and its two children; four levels of fifteen types.
    expect(patNode).toBe(12 + 3 + 4);
  });

  test.each([
    ['4K', 0, 4],
    ['2M', 0, 4],
  ] as const)('the pgmap of a %s device: down the xarray', (align, page, nodesMax) => {
    const bench = new Bench({ kernel: 'devmap', align });
    bench.touch(page, true);
    const { pgmapNode } = bench.during(() => bench.gup(page, 1, GUP.pin));
    expect(pgmapNode).toBeGreaterThan(0);
    expect(pgmapNode).toBeLessThanOrEqual(nodesMax);
  });
});

// Exact event counts against semantics 11.4 and 11.4b: GUP under mmap_lock, and populate.

import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { gup } from '../../host/syscall/gup.ts';
import type { MmapRequest } from '../../host/syscall/mmap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { madvisePopulate } from '../../host/syscall/populate.ts';
import { OpStream } from '../../host/wasm/ops.ts';
import { Bench, READ_ONLY } from './bench.ts';
import { type Cells, NO_PGMAP, NO_RMW, table } from './eventTable.ts';

/** Pages asked for inside one present leaf; from its head on. */
const N = 40;
const PIN = { pin: true, write: false, longterm: false, mode: 'slow' } as const;
const ONE_PGMAP: Cells = { pgmapGet: 1, pgmapPut: 1 };
const TWO_GRABS: Cells = { pageRmws: 4, rmwRefcount: 2, rmwPincount: 2 };

function present(bench: Bench): void {
  const leaves = bench.unitPages === 1 ? N : 1;
  for (let unit = 0; unit < leaves; unit++) bench.touch(unit * bench.unitPages, true);
}

table(
  `11.4 GUP slow, PIN of ${N} pages in one present leaf`,
  [
    // The flags RMW of a small page is its access mark (FOLL_TOUCH), which the table leaves out.
    ['A 4K', 'devmap', '4K', { gupWalk: N, rmwRefcount: N, rmwFlags: N, ...ONE_PGMAP }],
    ['A 2M', 'devmap', '2M', { gupWalk: N, pageRmws: 2 * N, rmwRefcount: N, ...ONE_PGMAP }],
    ['A 1G', 'devmap', '1G', { gupWalk: 1, ...TWO_GRABS, ...ONE_PGMAP }],
    ['B 4K', 'refcount', '4K', { gupWalk: N, rmwRefcount: N, rmwFlags: N, ...NO_PGMAP }],
    ['B 2M', 'refcount', '2M', { gupWalk: 1, ...TWO_GRABS, ...NO_PGMAP }],
    ['B 1G', 'refcount', '1G', { gupWalk: 1, ...TWO_GRABS, ...NO_PGMAP }],
    ['6.15 2M', 'refcount-6.15', '2M', { gupWalk: 1, ...TWO_GRABS, ...NO_PGMAP }],
    ['6.15 1G', 'refcount-6.15', '1G', { gupWalk: 1, ...TWO_GRABS, ...NO_PGMAP }],
  ],
  (bench) => {
    present(bench);
    return bench.during(() => gup(bench.process, bench.vma.start, N, PIN));
  },
);

table(
  `6.6 get_user_pages_fast of ${N} pages of a huge leaf: one look, then the slow path under mmap_lock`,
  [
    ['6.15 2M', 'refcount-6.15', '2M', { gupStop: 1, gupWalk: 1, mmapLockRead: 1, ...TWO_GRABS }],
    ['6.15 1G', 'refcount-6.15', '1G', { gupStop: 1, gupWalk: 1, mmapLockRead: 1, ...TWO_GRABS }],
    ['B 2M stays fast', 'refcount', '2M', { gupStop: 0, gupWalk: 0, mmapLockRead: 0 }],
  ],
  (bench) => {
    present(bench);
    return bench.during(() => gup(bench.process, bench.vma.start, N, { ...PIN, mode: 'fast' }));
  },
);

table(
  '11.4b populate over one present leaf',
  [
    ['A 2M: 512 walks', 'devmap', '2M', { gupWalk: 512, ...NO_RMW }],
    ['A 1G: 262144 walks', 'devmap', '1G', { gupWalk: 262_144, ...NO_RMW }],
    ['B 2M: 1 walk', 'refcount', '2M', { gupWalk: 1, ...NO_RMW }],
    ['B 1G: 1 walk', 'refcount', '1G', { gupWalk: 1, ...NO_RMW }],
    ['6.15 2M: 1 walk', 'refcount-6.15', '2M', { gupWalk: 1, ...NO_RMW }],
  ],
  (bench) => {
    present(bench);
    const { start } = bench.vma;
    return bench.during(() =>
      madvisePopulate(bench.process, start, start + BigInt(bench.device.unitBytes), false),
    );
  },
);

describe('12.29 MAP_POPULATE of an empty 1G leaf', () => {
  test.each([
    ['devmap', 262_145],
    ['refcount', 2],
  ] as const)('%s: 1 fault, %i walks', (kernel, walks) => {
    const bench = new Bench({ kernel, align: '1G' });
    const { start } = bench.vma;
    const events = bench.during(() =>
      madvisePopulate(bench.process, start, start + (1n << 30n), false),
    );
    expect([events.faultMinor, events.gupWalk]).toEqual([1, walks]);
    expect(munmap(bench.process, start, 1n << 30n).ok).toBe(true);
  });
});

describe('a pin of an op stream is get_user_pages_fast: what is left goes the slow way', () => {
  const pinned = (kernel: KernelId, request: Partial<MmapRequest>, pages: number) => {
    const bench = new Bench({ kernel, align: '2M', units: 2, request });
    const stream = new OpStream();
    stream.push('pinWrite', bench.vma.slot, 5, pages);
    const { failed } = bench.system.machine.run(stream, 'natural');
    return { failed, pincount: bench.page(0).folio?.pincount };
  };

  test.each(KERNEL_IDS)('%s: it faults, and pins all', (kernel) => {
    expect(pinned(kernel, {}, 40)).toEqual({ failed: 0, pincount: 40 });
  });

  test.each(KERNEL_IDS)('%s: not past the mapping, nor where it may not write', (kernel) => {
    const lengthBytes = 2n << 20n;
    expect(pinned(kernel, { lengthBytes }, 512)).toEqual({ failed: 1, pincount: 507 });
    expect(pinned(kernel, { protection: READ_ONLY }, 40)).toEqual({ failed: 1, pincount: 0 });
  });
});

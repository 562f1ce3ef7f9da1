// mremap(2): what it refuses, where it moves to, what its walk does to tables and entries, and what is
// left when page tables run out half-way.
import { describe, expect, test } from 'vitest';
import { access } from '../../host/syscall/access.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { type MremapRequest, mremap } from '../../host/syscall/mremap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { Bench, READ_WRITE } from './bench.ts';

const KERNELS = ['devmap', 'refcount'] as const;
const MIB = 1n << 20n;
const UNIT = 2n * MIB;
const FAR = 0x1000_0000_0000n;
const SOFT_DIRTY = 1n << 11n;

/** Eight 2M units mapped; requests are relative to the mapping's start, lengths in MiB. */
function attempt(
  kernel: (typeof KERNELS)[number],
  more: (start: bigint) => Partial<MremapRequest>,
): { readonly result: ReturnType<typeof mremap>; readonly bench: Bench } {
  const bench = new Bench({ kernel, align: '2M' });
  const { start } = bench.vma;
  const whole = { address: start, oldBytes: 8n * UNIT, newBytes: 8n * UNIT, mayMove: true };
  return { result: mremap(bench.process, { ...whole, ...more(start) }), bench };
}

describe('refused', () => {
  test.each<readonly [string, (start: bigint) => Partial<MremapRequest>, string]>([
    ['MREMAP_FIXED without MAYMOVE', () => ({ fixed: FAR, mayMove: false }), 'EINVAL'],
    ['DONTUNMAP without MAYMOVE', () => ({ dontUnmap: true, mayMove: false }), 'EINVAL'],
    ['DONTUNMAP with another length', () => ({ dontUnmap: true, newBytes: UNIT }), 'EINVAL'],
    ['an address off the page', (start) => ({ address: start + 1n }), 'EINVAL'],
    ['a target off the page', () => ({ fixed: FAR + 1n }), 'EINVAL'],
    ['new length 0', () => ({ newBytes: 0n }), 'EINVAL'],
    ['a target past user space', () => ({ fixed: 0x7fff_ffff_f000n }), 'EINVAL'],
    ['a target that overlaps', (start) => ({ fixed: start + UNIT }), 'EINVAL'],
    ['an address in no mapping', () => ({ address: FAR }), 'EFAULT'],
    [
      'growth across the end of the mapping',
      () => ({ oldBytes: 9n * UNIT, newBytes: 10n * UNIT }),
      'EFAULT',
    ],
    [
      'a move across the end of the mapping',
      () => ({ oldBytes: 9n * UNIT, newBytes: 9n * UNIT, fixed: FAR }),
      'EFAULT',
    ],
    ['a shrink that splits a unit', () => ({ newBytes: UNIT + 4096n }), 'EINVAL'],
    [
      'a move that splits a unit',
      (start) => ({ address: start + 4096n, oldBytes: UNIT, newBytes: UNIT, fixed: FAR }),
      'EINVAL',
    ],
    [
      'growth of what may not move and cannot grow',
      (start) => ({ address: start, oldBytes: UNIT, newBytes: 2n * UNIT, mayMove: false }),
      'ENOMEM',
    ],
  ])('%s', (_what, more, errno) => {
    for (const kernel of KERNELS) {
      const { result, bench } = attempt(kernel, more);
      expect(result).toEqual({ ok: false, errno });
      expect(bench.process.vmas.map(({ start, end }) => [start, end])).toEqual([
        [bench.vma.start, bench.vma.end],
      ]);
    }
  });

  test('with a shorter new length only what moves must lie in the mapping (remap_is_valid of a shrink)', () => {
    const seen = KERNELS.map((kernel) => {
      const longer = { oldBytes: 9n * UNIT, newBytes: UNIT, fixed: FAR };
      return attempt(kernel, () => longer).result.ok;
    });
    expect(seen).toEqual([true, true]);
  });
});

test('what was at the target is gone, even where the move is refused afterwards', () => {
  const bench = new Bench({ kernel: 'refcount', align: '2M' });
  const there = mmap(bench.process, {
    address: FAR,
    lengthBytes: UNIT,
    protection: READ_WRITE,
    flags: { type: 'shared', fixed: 'replace' },
  });
  expect(there.ok).toBe(true);
  const split = { address: bench.vma.start + 4096n, oldBytes: UNIT, newBytes: UNIT };
  expect(mremap(bench.process, { ...split, mayMove: true, fixed: FAR }).ok).toBe(false);
  expect(bench.process.vmaAt(FAR)).toBeUndefined();
});

describe('places', () => {
  test.each(KERNELS)('%s: growth in place needs free room, not alignment', (kernel) => {
    const bench = new Bench({ kernel, align: '2M', request: { address: FAR, lengthBytes: UNIT } });
    const grown = { address: FAR, oldBytes: UNIT, newBytes: UNIT + 4096n };
    expect(mremap(bench.process, grown)).toEqual({ ok: true, value: FAR });
    // Off the unit now: no new fault in it succeeds.
    expect(access(bench.process, FAR, 'read')).toEqual({ signal: 'SIGBUS', code: 'ADRERR' });
  });

  test.each(['4K', '2M', '1G'] as const)(
    '%s: an address the kernel picks is on the unit',
    (align) => {
      const bench = new Bench({ kernel: 'refcount', align });
      const unit = BigInt(bench.device.unitBytes);
      const { start } = bench.vma;
      for (const [oldBytes, newBytes] of [
        [0n, 3n * unit],
        [unit, 2n * unit],
      ] as const) {
        const moved = mremap(bench.process, {
          address: start + unit,
          oldBytes,
          newBytes,
          mayMove: true,
        });
        expect(moved.ok && moved.value % unit).toBe(0n);
      }
    },
  );

  test('old length 0 makes a second, empty mapping of the same units', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    bench.touch(512, true);
    const address = bench.vma.start + UNIT;
    const twice = mremap(bench.process, { address, oldBytes: 0n, newBytes: UNIT, mayMove: true });
    if (!twice.ok) throw new Error(twice.errno);
    expect(bench.process.requireVma(twice.value).pgoff).toBe(512n);
    access(bench.process, twice.value, 'read');
    expect(bench.page(512).folio?.largeMapcount).toBe(1);
  });

  test('DONTUNMAP leaves the old mapping, empty', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    bench.touch(0, true);
    const length = bench.vma.end - bench.vma.start;
    const request = { address: bench.vma.start, oldBytes: length, newBytes: length };
    const moved = mremap(bench.process, { ...request, mayMove: true, dontUnmap: true });
    if (!moved.ok) throw new Error(moved.errno);
    expect(bench.leaf(0)).toBeUndefined();
    expect(bench.process.vmas.length).toBe(2);
    expect(bench.page(0).refcount).toBe(2);
    expect(bench.during(() => access(bench.process, bench.vma.start, 'read')).faultMinor).toBe(1);
    expect(bench.page(0).refcount).toBe(3);
  });
});

describe('the walk', () => {
  /** Moves `pages` 4K pages from `from` to `to`, all of them written, and counts. */
  function move4K(kernel: (typeof KERNELS)[number], from: bigint, to: bigint, pages: number) {
    const request = { address: from, lengthBytes: BigInt(pages) * 4096n };
    const bench = new Bench({ kernel, align: '4K', request });
    for (let page = 0; page < pages; page++) bench.touch(page, true);
    clearRefs(bench.process, 4);
    const length = BigInt(pages) * 4096n;
    const events = bench.during(() => {
      const moved = { address: from, oldBytes: length, newBytes: length, mayMove: true, fixed: to };
      expect(mremap(bench.process, moved).ok).toBe(true);
    });
    const [vma] = bench.process.vmas;
    if (!vma) throw new Error('the mapping is gone');
    const entries = [0, pages - 1].map((page) => bench.leaf(page, vma)?.entry ?? 0n);
    expect(bench.system.machine.violation()).toBeUndefined();
    return { events, soft: entries.map((entry) => (entry & SOFT_DIRTY) !== 0n), bench };
  }

  test.each(KERNELS)('%s: whole 2 MiB on both sides: the PTE table changes hands', (kernel) => {
    const { events, soft } = move4K(kernel, FAR, FAR + 0x4000_0000n, 512);
    // One flush for the table moved, one for the tables freed; entries are not touched.
    expect([events.tlbFlush, events.rmwRefcount, events.pteLock]).toEqual([2, 0, 0]);
    expect(soft).toEqual([false, false]);
  });

  test.each(KERNELS)('%s: else entry by entry, soft-dirty set, one flush a table', (kernel) => {
    const { events, soft } = move4K(kernel, FAR + 4096n, FAR + 0x4000_0000n, 600);
    expect(soft).toEqual([true, true]);
    expect(events.rmwRefcount).toBe(0);
    // Three pieces: cut where either side meets the end of a table; and the tables freed.
    expect(events.tlbFlush).toBe(4);
  });

  test.each(KERNELS)('%s: as far into 2 MiB on both sides: the walk starts earlier', (kernel) => {
    const { events, soft } = move4K(kernel, FAR + 8192n, FAR + 0x4000_2000n, 510 + 512);
    expect([soft, events.pteLock]).toEqual([[false, false], 0]);
  });

  test.each(KERNELS)('%s: not where another mapping is in the way', (kernel) => {
    const request = { address: FAR + 8192n, lengthBytes: 510n * 4096n };
    const bench = new Bench({ kernel, align: '4K', request });
    bench.touch(0, true);
    const before = { address: FAR, lengthBytes: 4096n, offsetBytes: 1n << 22n };
    mmap(bench.process, { ...before, protection: READ_WRITE });
    access(bench.process, FAR, 'write');
    const length = request.lengthBytes;
    const moved = { address: request.address, oldBytes: length, newBytes: length, mayMove: true };
    expect(mremap(bench.process, { ...moved, fixed: FAR + 0x4000_2000n }).ok).toBe(true);
    expect(bench.during(() => access(bench.process, FAR, 'write')).faultMinor).toBe(0);
    expect(bench.during(() => access(bench.process, FAR + 0x4000_2000n, 'write')).faultMinor).toBe(
      0,
    );
    expect(bench.system.machine.violation()).toBeUndefined();
  });

  test.each(KERNELS)('%s: 2M leaves, soft-dirty set, one flush each', (kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    for (let unit = 0; unit < 8; unit++) bench.touch(unit * 512, true);
    clearRefs(bench.process, 4);
    const length = bench.vma.end - bench.vma.start;
    const request = { address: bench.vma.start, oldBytes: length, newBytes: length, mayMove: true };
    const events = bench.during(() => mremap(bench.process, { ...request, fixed: FAR }));
    const [vma] = bench.process.vmas;
    expect(((bench.leaf(0, vma)?.entry ?? 0n) & SOFT_DIRTY) !== 0n).toBe(true);
    expect([events.rmwRefcount, events.leafLost, events.split]).toEqual([0, 0, 0]);
    // And one for the page tables of the old place.
    expect(events.tlbFlush).toBe(9);
  });

  test.each(KERNELS)('%s: 1 GiB on both sides: the PMD table changes hands', (kernel) => {
    const request = { address: FAR, lengthBytes: 1n << 30n };
    const bench = new Bench({ kernel, align: '2M', units: 512, request });
    for (let unit = 0; unit < 512; unit += 100) bench.touch(unit * 512, true);
    const moved = { address: FAR, oldBytes: 1n << 30n, newBytes: 1n << 30n, mayMove: true };
    const events = bench.during(() =>
      mremap(bench.process, { ...moved, fixed: FAR + (4n << 30n) }),
    );
    expect([events.pmdLock, events.pageTableLock > 0, events.tableFree]).toEqual([0, true, 0]);
    expect(access(bench.process, FAR + (4n << 30n), 'write')).toEqual({});
    expect(bench.system.machine.violation()).toBeUndefined();
  });
});

describe('out of page tables at every allocation', () => {
  test.each(KERNELS.flatMap((kernel) => [0, 1, 2, 3, 4].map((left) => [kernel, left] as const)))(
    '%s, %i left: ENOMEM, and all as before',
    (kernel, left) => {
      const bench = new Bench({ kernel, align: '4K', request: { address: FAR + 4096n } });
      const { machine } = bench.system;
      for (let page = 0; page < 2048; page += 3) bench.touch(page, true);
      const { start, end } = bench.vma;
      const tables = machine.liveTables();
      machine.failTablesAfter(left);
      const request = { address: start, oldBytes: end - start, newBytes: end - start };
      const to = FAR + (600n << 30n);
      const result = mremap(bench.process, { ...request, mayMove: true, fixed: to });
      machine.failTablesAfter(-1);
      expect(machine.violation()).toBeUndefined();
      expect(result).toEqual({ ok: false, errno: 'ENOMEM' });
      expect(bench.process.vmas.map((vma) => vma.start)).toEqual([start]);
      expect(machine.liveTables()).toBe(tables);
      const touched = bench.during(() => {
        for (let page = 0; page < 2048; page += 3) bench.touch(page, true);
      });
      expect(touched.faultMinor).toBe(0);
      munmap(bench.process, start, end - start);
      expect(machine.violation()).toBeUndefined();
    },
  );
});

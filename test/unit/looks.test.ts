// Looks through /proc and their kin beside the named cases: what each shows, and clear_refs' aftermath.
import { describe, expect, test } from 'vitest';
import { readNumaMaps } from '../../host/proc/numaMaps.ts';
import { PAGEMAP, pagemapFrame, readPagemap } from '../../host/proc/pagemap.ts';
import { readSmaps } from '../../host/proc/smaps.ts';
import { access } from '../../host/syscall/access.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { fork } from '../../host/syscall/fork.ts';
import { mincore } from '../../host/syscall/mincore.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { Bench, READ_ONLY, READ_WRITE } from './bench.ts';

const KERNELS = ['devmap', 'refcount'] as const;
const NO_ACCESS = { read: false, write: false, exec: false };
const RW = 1n << 1n;
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;
const SOFT_DIRTY = 1n << 11n;
const SAVED_DIRTY = 1n << 58n;

function length(bench: Bench): bigint {
  return bench.vma.end - bench.vma.start;
}

describe('mincore', () => {
  test('a byte a page, of leaves alone; holes in a table are 0', () => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    for (const page of [1, 2, 600, 2047]) bench.touch(page, false);
    const got = mincore(bench.process, bench.vma.start, length(bench));
    if (!got.ok) throw new Error(got.errno);
    const present = [...got.value].flatMap((byte, page) => (byte ? [page] : []));
    expect(present).toEqual([1, 2, 600, 2047]);
  });

  test('more pages than the core answers at a time', () => {
    const bench = new Bench({ kernel: 'refcount', align: '1G', units: 33 });
    bench.touch(32 * 262144, true);
    const got = mincore(bench.process, bench.vma.start, length(bench));
    if (!got.ok) throw new Error(got.errno);
    expect([got.value.indexOf(1), got.value.length]).toEqual([32 * 262144, 33 * 262144]);
  });

  test('refused: off the page, a hole; without the right to write the file: all ones, no walk', () => {
    const bench = new Bench({ kernel: 'devmap', align: '1G' });
    bench.touch(0, true);
    const { start, end } = bench.vma;
    expect(mincore(bench.process, start + 1n, 4096n)).toEqual({ ok: false, errno: 'EINVAL' });
    expect(mincore(bench.process, end - 4096n, 8192n)).toEqual({ ok: false, errno: 'ENOMEM' });
    expect(mincore(bench.process, start, 8192n, false)).toEqual({
      ok: true,
      value: new Uint8Array([1, 1]),
    });
    expect(bench.leaf(0)).toBeDefined();
  });
});

describe('pagemap', () => {
  test.each([
    ['devmap', '4K', false],
    ['devmap', '2M', true],
    ['refcount', '4K', true],
    ['refcount', '2M', true],
  ] as const)('%s %s: present, its frame; a file page: %s', (kernel, align, file) => {
    const bench = new Bench({ kernel, align });
    bench.touch(3, true);
    const entries = readPagemap(bench.process, bench.vma.start, 5);
    const { physBytes } = bench.device;
    const entry = entries[3] ?? 0n;
    expect(pagemapFrame(entry)).toBe(BigInt(physBytes / 4096) + 3n);
    expect((entry & PAGEMAP.present) !== 0n).toBe(true);
    expect((entry & PAGEMAP.file) !== 0n).toBe(file);
    expect((entry & PAGEMAP.exclusive) !== 0n).toBe(kernel === 'refcount');
    expect((entries[4] ?? 0n) & PAGEMAP.present).toBe(align === '4K' ? 0n : PAGEMAP.present);
  });

  test.each(KERNELS)('%s: PROT_NONE is still present, its frame the true one', (kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    bench.touch(512, true);
    mprotect(bench.process, bench.vma.start, length(bench), NO_ACCESS);
    const [entry = 0n] = readPagemap(bench.process, bench.vma.start + (2n << 20n) + 8192n, 1);
    expect(pagemapFrame(entry)).toBe(BigInt(bench.device.physBytes / 4096) + 514n);
    expect(entry & PAGEMAP.present).toBe(PAGEMAP.present);
  });

  test('soft-dirty: the whole mapping until clear_refs 4, then the entries written since', () => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    bench.touch(0, true);
    bench.touch(1, true);
    const soft = (): readonly boolean[] =>
      [...readPagemap(bench.process, bench.vma.start, 3)].map(
        (entry) => (entry & PAGEMAP.softDirty) !== 0n,
      );
    expect(soft()).toEqual([true, true, true]);
    clearRefs(bench.process, 4);
    expect(soft()).toEqual([false, false, false]);
    access(bench.process, bench.address(1), 'write');
    expect(soft()).toEqual([false, true, false]);
    expect([...readPagemap(bench.process, 0x1000n, 2)]).toEqual([0n, 0n]);
  });
});

describe('smaps', () => {
  test('Pss is the share of each mapping, cut to a byte at the end alone', () => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    for (let i = 0; i < 4; i++) bench.touch(0, true, bench.map(bench.process));
    bench.touch(0, false);
    bench.touch(1, false);
    const entry = readSmaps(bench.process).find(({ start }) => start === bench.vma.start);
    // A page of five mappings, and one alone.
    expect([entry?.rssBytes, entry?.pssBytes]).toEqual([8192, Math.floor(4096 / 5) + 4096]);
    expect([entry?.sharedCleanBytes, entry?.privateCleanBytes]).toEqual([4096, 4096]);
  });

  test('Referenced: A of the entry or PG_referenced of the page', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    bench.touch(0, false);
    const referenced = (): number =>
      readSmaps(bench.process).reduce((sum, entry) => sum + entry.referencedBytes, 0);
    expect(referenced()).toBe(2 << 20);
    clearRefs(bench.process, 1);
    expect(referenced()).toBe(0);
    bench.gup(0, 1, 0);
    expect(referenced()).toBe(2 << 20);
    clearRefs(bench.process, 1);
    expect([referenced(), bench.page(0).flagNames.includes('referenced')]).toEqual([0, false]);
  });
});

describe('clear_refs', () => {
  test('1 clears A where there is a page to ask: not at 4K in devmap', () => {
    const seen = KERNELS.flatMap((kernel) =>
      (['4K', '2M'] as const).map((align) => {
        const bench = new Bench({ kernel, align });
        bench.touch(0, true);
        clearRefs(bench.process, 1);
        return ((bench.leaf(0)?.entry ?? 0n) & ACCESSED) !== 0n;
      }),
    );
    expect(seen).toEqual([true, false, false, false]);
  });

  test('1 flushes nothing: a read through the old translation leaves A off, a store to a clean page walks', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const { start } = bench.vma;
    access(bench.process, start, 'read');
    const accessed = (): boolean => ((bench.leaf(0)?.entry ?? 0n) & ACCESSED) !== 0n;
    const events = bench.during(() => clearRefs(bench.process, 1));
    access(bench.process, start, 'read');
    expect([events.tlbFlush, accessed()]).toEqual([0, false]);
    access(bench.process, start, 'write');
    expect(accessed()).toBe(true);
    clearRefs(bench.process, 1);
    access(bench.process, start, 'write');
    expect(accessed()).toBe(false);
    bench.system.tlb.flush();
    access(bench.process, start, 'write');
    expect(accessed()).toBe(true);
  });

  test.each(KERNELS)(
    '%s: 4 parks D and write-protects; a huge leaf is flushed on the way',
    (kernel) => {
      for (const [align, flushes] of [
        ['4K', 1],
        ['2M', 4],
      ] as const) {
        const bench = new Bench({ kernel, align });
        for (const unit of [0, 1, 2]) bench.touch(unit * bench.unitPages, true);
        const events = bench.during(() => clearRefs(bench.process, 4));
        const entry = bench.leaf(0)?.entry ?? 0n;
        expect(entry & (RW | DIRTY | SOFT_DIRTY | SAVED_DIRTY)).toBe(SAVED_DIRTY);
        expect(events.tlbFlush).toBe(flushes);
        const again = bench.during(() => access(bench.process, bench.vma.start, 'write'));
        expect(again.faultMinor).toBe(1);
        const written = bench.leaf(0)?.entry ?? 0n;
        expect(written & (RW | DIRTY | SOFT_DIRTY | SAVED_DIRTY)).toBe(RW | DIRTY | SOFT_DIRTY);
        expect(bench.page(0).refcount).toBe(kernel === 'refcount' ? 2 : 1);
      }
    },
  );

  test.each(KERNELS)('%s: after 4 a read fault maps read-only, at every size', (kernel) => {
    for (const align of ['4K', '2M', '1G'] as const) {
      const bench = new Bench({ kernel, align });
      clearRefs(bench.process, 4);
      access(bench.process, bench.vma.start, 'read');
      expect((bench.leaf(0)?.entry ?? 0n) & RW).toBe(0n);
      const events = bench.during(() => access(bench.process, bench.vma.start, 'write'));
      expect([events.faultMinor, events.hugeFault]).toEqual([1, align === '4K' ? 0 : 1]);
      expect((bench.leaf(0)?.entry ?? 0n) & (RW | DIRTY)).toBe(RW | DIRTY);
    }
  });

  test.each(KERNELS)(
    '%s: mprotect to RW gives RW back to what was written since, and to no other',
    (kernel) => {
      const bench = new Bench({ kernel, align: '4K' });
      bench.touch(0, true);
      bench.touch(1, true);
      clearRefs(bench.process, 4);
      access(bench.process, bench.vma.start, 'write');
      mprotect(bench.process, bench.vma.start, length(bench), READ_ONLY);
      mprotect(bench.process, bench.vma.start, length(bench), READ_WRITE);
      const writable = [0, 1].map((page) => ((bench.leaf(page)?.entry ?? 0n) & RW) !== 0n);
      expect(writable).toEqual([true, false]);
    },
  );

  test('a first store after 4: devmap maps a 4K page read-only and faults again; nobody else does', () => {
    const seen = KERNELS.flatMap((kernel) =>
      (['4K', '2M', '1G'] as const).map((align) => {
        const bench = new Bench({ kernel, align });
        clearRefs(bench.process, 4);
        const { faultMinor } = bench.during(() => access(bench.process, bench.vma.start, 'write'));
        const entry = bench.leaf(0)?.entry ?? 0n;
        expect(entry & (RW | DIRTY | SOFT_DIRTY)).toBe(RW | DIRTY | SOFT_DIRTY);
        return faultMinor;
      }),
    );
    expect(seen).toEqual([2, 1, 1, 1, 1, 1]);
  });

  test.each(KERNELS)('%s: mprotect leaves an A bit off that 1 cleared', (kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    bench.touch(0, true);
    clearRefs(bench.process, 1);
    mprotect(bench.process, bench.vma.start, length(bench), READ_ONLY);
    expect((bench.leaf(0)?.entry ?? 0n) & ACCESSED).toBe(0n);
  });

  test('a write fault off the unit finds no device there: SIGBUS', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const unit = 2n << 20n;
    const { start } = bench.vma;
    for (let page = 0; page < 4096; page += 512) bench.touch(page, true);
    mprotect(bench.process, start, unit, READ_ONLY);
    mprotect(bench.process, start + unit, unit / 2n, READ_ONLY);
    clearRefs(bench.process, 4);
    expect(access(bench.process, start + 3n * unit, 'read')).toEqual({});
    expect(access(bench.process, start + 3n * unit, 'write')).toEqual({
      signal: 'SIGBUS',
      code: 'ADRERR',
    });
  });

  test('a forked child is tracked as its parent; 5 walks nothing; 6 is unknown', () => {
    const bench = new Bench({ kernel: 'refcount', align: '1G' });
    bench.touch(0, true);
    clearRefs(bench.process, 5);
    expect(bench.leaf(0)).toBeDefined();
    expect(clearRefs(bench.process, 6 as 5)).toEqual({ ok: false, errno: 'EINVAL' });
    clearRefs(bench.process, 4);
    const child = fork(bench.process);
    access(child, bench.vma.start, 'read');
    expect((bench.leaf(0, bench.vma, child)?.entry ?? 0n) & RW).toBe(0n);
  });
});

test('numa_maps names each mapping and its policy', () => {
  const bench = new Bench({ kernel: 'devmap', align: '2M' });
  munmap(bench.process, bench.vma.start + (4n << 20n), 2n << 20n);
  expect(readNumaMaps(bench.process)).toEqual([
    { start: bench.vma.start, policy: 'default' },
    { start: bench.vma.start + (6n << 20n), policy: 'default' },
  ]);
});

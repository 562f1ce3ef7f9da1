// Semantics 8: mremap, 1G leaves and those who look at them, soft-dirty, mincore, msync.
import { describe, expect, test } from 'vitest';
import { counts, type Kernel, type Size } from './kernel.ts';
import { BASE, Bench, COMBINATIONS, KERNELS, outcome } from './setup.ts';

const FAR = BASE + (1n << 41n);
const A_AND_B = ['devmap', 'refcount'] as const;

interface Look {
  readonly name: string;
  readonly look: (bench: Bench) => void;
}

const LOOKS: readonly Look[] = [
  { name: 'smaps', look: (b) => b.model.smaps(b.main) },
  { name: 'pagemap', look: (b) => b.model.pagemap(b.main, BASE + 4096n, 1) },
  { name: 'numa_maps', look: (b) => b.model.numaMaps(b.main) },
  { name: 'clear_refs 1', look: (b) => b.model.clearRefs(b.main, 1) },
  { name: 'clear_refs 3', look: (b) => b.model.clearRefs(b.main, 3) },
  { name: 'clear_refs 4', look: (b) => b.model.clearRefs(b.main, 4) },
  { name: 'COLD', look: (b) => b.model.madvise(b.main, BASE, 4096n, 'COLD') },
  { name: 'PAGEOUT', look: (b) => b.model.madvise(b.main, BASE, b.unit, 'PAGEOUT') },
];

describe.each(A_AND_B)('12.18 looking at 1G leaves unmaps them (%s)', (kernel) => {
  test.each(LOOKS)('$name', ({ look }) => {
    const bench = new Bench(kernel, '1G', 4);
    bench.map(1);
    bench.write(BASE);
    look(bench);
    expect(bench.raw(BASE)).toBeNull();
    const marked = kernel === 'refcount';
    expect(bench.folio()).toMatchObject({ refcount: 1, dirty: marked, referenced: marked });
    expect(bench.main.filePages).toBe(0);
    expect(outcome(bench.read(BASE))).toBe('ok 1');
  });

  test.each(LOOKS)('$name leaves 2M leaves', ({ look }) => {
    const bench = new Bench(kernel, '2M', 4);
    bench.map(1);
    bench.write(BASE);
    look(bench);
    expect(bench.raw(BASE)).not.toBeNull();
  });

  test('mincore: A removes the leaf and reports 0, B reports 1', () => {
    const bench = new Bench(kernel, '1G', 4);
    bench.map(1);
    bench.write(BASE);
    const seen = bench.model.mincore(bench.main, BASE, 8192n);
    const there = kernel === 'refcount';
    expect(seen).toEqual({ resident: [there, there] });
    expect(bench.raw(BASE) !== null).toBe(there);
  });

  test('msync, GUP and populate spare it', () => {
    const bench = new Bench(kernel, '1G', 4);
    bench.map(1, { populate: true });
    expect(bench.model.msync(bench.main, BASE, bench.unit, { sync: true })).toBe('EINVAL');
    expect(bench.model.msync(bench.main, BASE, bench.unit, { invalidate: true })).toBeNull();
    bench.model.gup(bench.main, BASE, 2, { pin: false, mode: 'slow' });
    expect(bench.raw(BASE)).not.toBeNull();
  });
});

const moves = (bench: Bench, to: bigint, rest: object = {}) =>
  bench.model.mremap(bench.main, {
    address: BASE,
    oldLength: bench.unit,
    newLength: bench.unit,
    mayMove: true,
    fixed: true,
    newAddress: to,
    ...rest,
  });

describe.each(KERNELS)('8 mremap of 1G leaves (%s)', (kernel: Kernel) => {
  test('lost at an aligned place too; leaked where counted', () => {
    const bench = new Bench(kernel, '1G', 4);
    const k = counts(kernel) ? 1 : 0;
    bench.map(1);
    bench.write(BASE);
    expect(moves(bench, FAR)).toEqual({ address: FAR });
    expect(bench.main.leaves.size).toBe(0);
    expect(bench.model.bugs).toEqual(['bad pud']);
    expect(bench.folio()).toMatchObject({ refcount: 1 + k, entireMapcountRaw: k - 1 });
    expect(bench.main.filePages).toBe(k * 262144);
    expect(outcome(bench.read(FAR))).toBe('ok 1');
    expect(bench.folio().refcount).toBe(1 + 2 * k);
    bench.model.exit(bench.main);
    expect(bench.folio().refcount).toBe(1 + k);
    expect(bench.model.bugs).toEqual(k ? ['bad pud', 'bad rss-counter'] : ['bad pud']);
  });
});

const SMALL: readonly Size[] = ['4K', '2M'];
describe.each(KERNELS.flatMap((kernel) => SMALL.map((size) => ({ kernel, size }))))(
  '8 mremap on $kernel $size',
  ({ kernel, size }) => {
    test('a leaf moves, with SOFT_DIRTY and no count changed', () => {
      const bench = new Bench(kernel, size);
      bench.map(1);
      bench.read(BASE);
      const before = bench.folio();
      const entry = bench.raw(BASE)!;
      expect(moves(bench, FAR)).toEqual({ address: FAR });
      expect(bench.raw(BASE)).toBeNull();
      expect(bench.raw(FAR)).toBe(entry | 0x800n);
      expect(bench.folio()).toEqual(before);
      expect(bench.vmas).toEqual([[FAR - BASE, FAR - BASE + bench.unit]]);
    });

    test('DONTUNMAP leaves the old VMA, empty', () => {
      const bench = new Bench(kernel, size);
      bench.map(1);
      bench.read(BASE);
      moves(bench, FAR, { dontUnmap: true });
      expect(bench.main.vmas).toHaveLength(2);
      expect(bench.raw(BASE)).toBeNull();
      expect(bench.raw(FAR)).not.toBeNull();
    });

    test('old size 0 makes a second, empty mapping', () => {
      const bench = new Bench(kernel, size);
      bench.map(1);
      bench.read(BASE);
      expect(moves(bench, FAR, { oldLength: 0n })).toEqual({ address: FAR });
      expect(bench.main.vmas).toHaveLength(2);
      expect(bench.main.leaves.size).toBe(1);
      expect(outcome(bench.read(FAR))).toBe('ok 1');
    });

    test('grows in place, or by moving to a unit-aligned address', () => {
      const bench = new Bench(kernel, size);
      bench.map(1);
      bench.read(BASE);
      const grow = (units: bigint, oldUnits: bigint) =>
        bench.model.mremap(bench.main, {
          address: BASE,
          oldLength: bench.unit * oldUnits,
          newLength: bench.unit * units,
          mayMove: true,
        });
      expect(grow(2n, 1n)).toEqual({ address: BASE });
      bench.map(1, { address: BASE + bench.unit * 2n, offset: bench.unit * 6n });
      const placed = grow(3n, 2n) as { address: bigint };
      expect(placed.address % bench.unit).toBe(0n);
      expect(outcome(bench.read(placed.address))).toBe('ok 0');
      expect(outcome(bench.read(placed.address + bench.unit * 2n))).toBe('ok 1');
    });
  },
);

test('growing into a gap merges with what lies beyond it', () => {
  const bench = new Bench('refcount', '2M');
  bench.map(1);
  bench.map(2, { address: BASE + bench.unit * 2n, offset: bench.unit * 2n });
  const lengths = { oldLength: bench.unit, newLength: bench.unit * 2n };
  expect(bench.model.mremap(bench.main, { address: BASE, ...lengths })).toEqual({ address: BASE });
  expect(bench.vmas).toEqual([[0n, bench.unit * 4n]]);
});

test('5.6: a write after clear_refs 4 sets PG_dirty at 4K in B alone, and no count', () => {
  const seen = A_AND_B.flatMap((kernel) =>
    (['4K', '2M'] as const).map((size) => {
      const bench = new Bench(kernel, size);
      bench.map(1);
      bench.read(BASE);
      bench.model.clearRefs(bench.main, 4);
      const { refcount } = bench.folio();
      bench.write(BASE);
      expect(bench.folio().refcount).toBe(refcount);
      return bench.folio().dirty;
    }),
  );
  expect(seen).toEqual([false, false, true, false]);
});

test('8: Pss of one 4K page with five mappings is cut to 0 kB', () => {
  const bench = new Bench('refcount', '4K');
  for (let i = 0n; i < 5n; i++) {
    bench.map(1, { address: BASE + i * 8192n });
    bench.read(BASE + i * 8192n);
  }
  expect(bench.model.smaps(bench.main)[0]).toMatchObject({ rss: 4, pss: 0, sharedClean: 4 });
});

test.each(KERNELS)('12.21: an unaligned destination drops 2M leaves for good (%s)', (kernel) => {
  const bench = new Bench(kernel, '2M');
  bench.map(1);
  bench.write(BASE);
  expect(moves(bench, FAR + 4096n)).toEqual({ address: FAR + 4096n });
  expect(bench.main.leaves.size).toBe(0);
  expect(bench.folio().refcount).toBe(1);
  expect(bench.main.filePages).toBe(0);
  expect(outcome(bench.read(FAR + 4096n))).toBe('BUS_ADRERR');
});

describe.each(COMBINATIONS)('8 the rest on $kernel $size', ({ kernel, size }) => {
  test('pagemap bit 55: the whole VMA until clear_refs 4, then the entries', () => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    const soft = () => bench.model.pagemap(bench.main, BASE, 1)[0]!.softDirty;
    expect(soft()).toBe(true);
    bench.model.clearRefs(bench.main, 4);
    expect(soft()).toBe(false);
    bench.write(BASE);
    if (size !== '1G') expect(soft()).toBe(true);
  });

  test('DONTFORK keeps a VMA from the child', () => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    bench.model.madvise(bench.main, BASE, bench.unit, 'DONTFORK');
    const child = bench.model.fork(bench.main);
    expect(child.vmas.map(({ start }) => start)).toEqual([BASE + bench.unit]);
  });
});

test.each([
  ['devmap', '4K', 0x20n],
  ['devmap', '2M', 0n],
  ['refcount', '4K', 0n],
  ['refcount', '2M', 0n],
] as const)('clear_refs 1 and the A bit: %s %s', (kernel, size, accessed) => {
  const bench = new Bench(kernel, size);
  bench.map(1);
  bench.read(BASE);
  bench.model.clearRefs(bench.main, 1);
  expect(bench.raw(BASE)! & 0x20n).toBe(accessed);
});

// Semantics 3.3: exact entry values, by kernel and size.
import { describe, expect, test } from 'vitest';
import type { Kernel, Size } from './kernel.ts';
import { BASE, Bench, NONE, outcome, R, RW, RWX } from './setup.ts';

type Cell = readonly [Kernel, Size, bigint];

function cells(
  a: readonly [bigint, bigint, bigint],
  b: readonly [bigint, bigint, bigint],
): readonly Cell[] {
  return [
    ['devmap', '4K', a[0]],
    ['devmap', '2M', a[1]],
    ['devmap', '1G', a[2]],
    ['refcount', '4K', b[0]],
    ['refcount', '2M', b[1]],
    ['refcount', '1G', b[2]],
  ];
}

interface Row {
  readonly name: string;
  readonly run: (bench: Bench) => void;
  readonly cells: readonly Cell[];
}

const mapped = (bench: Bench, rights = RW) => bench.map(4, { rights });
const protect = (bench: Bench, rights: typeof RW) =>
  expect(bench.model.mprotect(bench.main, BASE, bench.unit * 4n, rights)).toBeNull();

const ROWS: readonly Row[] = [
  {
    name: 'write fault, as seen after the store',
    run: (b) => {
      mapped(b);
      b.write(BASE);
    },
    cells: cells(
      [0x8200000000000267n, 0x82000000000008e7n, 0x82000000000008e7n],
      [0x8000000000000867n, 0x80000000000008e7n, 0x80000000000008e7n],
    ),
  },
  {
    name: 'read fault, RW VMA',
    run: (b) => {
      mapped(b);
      b.read(BASE);
    },
    cells: cells(
      [0x8200000000000227n, 0x82000000000000a7n, 0x82000000000000a7n],
      [0x8000000000000027n, 0x80000000000000a7n, 0x80000000000000a7n],
    ),
  },
  {
    name: 'read fault, RO VMA',
    run: (b) => {
      mapped(b, R);
      b.read(BASE);
    },
    cells: cells(
      [0x8200000000000225n, 0x82000000000000a5n, 0x82000000000000a5n],
      [0x8000000000000025n, 0x80000000000000a5n, 0x80000000000000a5n],
    ),
  },
  {
    name: 'read-faulted, then stored to',
    run: (b) => {
      mapped(b);
      b.read(BASE);
      expect(outcome(b.write(BASE))).toBe('ok 0');
    },
    cells: cells(
      [0x8200000000000267n, 0x82000000000000e7n, 0x82000000000000e7n],
      [0x8000000000000067n, 0x80000000000000e7n, 0x80000000000000e7n],
    ),
  },
  {
    name: 'dirty entry, mprotect to R',
    run: (b) => {
      mapped(b);
      b.write(BASE);
      protect(b, R);
    },
    cells: cells(
      [0x8600000000000225n, 0x82000000000008a5n, 0x86000000000008a5n],
      [0x8400000000000825n, 0x84000000000008a5n, 0x84000000000008a5n],
    ),
  },
  {
    name: 'dirty entry, mprotect to NONE',
    run: (b) => {
      mapped(b);
      b.write(BASE);
      protect(b, NONE);
    },
    cells: cells(
      [0x0600000000000320n, 0x02000000000009a0n, 0x06000000000009a0n],
      [0x0400000000000920n, 0x04000000000009a0n, 0x04000000000009a0n],
    ),
  },
  {
    name: 'dirty entry, mprotect to R and back to RW',
    run: (b) => {
      mapped(b);
      b.write(BASE);
      protect(b, R);
      protect(b, RW);
    },
    cells: cells(
      [0x8200000000000267n, 0x82000000000008a7n, 0x82000000000008e7n],
      [0x8000000000000867n, 0x80000000000008e7n, 0x80000000000008e7n],
    ),
  },
  {
    name: 'RWX VMA, write fault',
    run: (b) => {
      mapped(b, RWX);
      b.write(BASE);
    },
    cells: cells(
      [0x0200000000000267n, 0x02000000000008e7n, 0x02000000000008e7n],
      [0x0000000000000867n, 0x00000000000008e7n, 0x00000000000008e7n],
    ),
  },
];

const SOFT_DIRTY_ROWS: readonly Row[] = [
  {
    name: 'dirty entry, soft-dirty cleared',
    run: (b) => {
      mapped(b);
      b.write(BASE);
      b.model.clearRefs(b.main, 4);
    },
    cells: [
      ['devmap', '4K', 0x8600000000000225n],
      ['devmap', '2M', 0x86000000000000a5n],
      ['refcount', '4K', 0x8400000000000025n],
      ['refcount', '2M', 0x84000000000000a5n],
    ],
  },
  {
    name: 'written after soft-dirty was cleared: one minor fault',
    run: (b) => {
      mapped(b);
      b.write(BASE);
      b.model.clearRefs(b.main, 4);
      expect(outcome(b.write(BASE))).toBe('ok 1');
    },
    cells: [
      ['devmap', '4K', 0x8200000000000a67n],
      ['devmap', '2M', 0x82000000000008e7n],
      ['refcount', '4K', 0x8000000000000867n],
      ['refcount', '2M', 0x80000000000008e7n],
    ],
  },
];

describe.each([...ROWS, ...SOFT_DIRTY_ROWS])('3.3 $name', ({ run, cells: each }) => {
  test.each(each)('%s %s', (kernel, size, value) => {
    const bench = new Bench(kernel, size);
    run(bench);
    expect(bench.raw(BASE)).toBe(value);
  });
});

describe('3.3 entries as a write fault leaves them, before any store (a write grab)', () => {
  test.each(
    cells(
      [0x8200000000000227n, 0x82000000000008e7n, 0x82000000000008e7n],
      [0x8000000000000867n, 0x80000000000008e7n, 0x80000000000008e7n],
    ),
  )('%s %s', (kernel, size, value) => {
    const bench = new Bench(kernel, size);
    mapped(bench);
    bench.model.gup(bench.main, BASE, 1, { pin: true, write: true, mode: 'fast' });
    expect(bench.raw(BASE)).toBe(value);
  });
});

describe('6.6 the special bit of 6.15', () => {
  test.each([
    ['4K', 0x8000000000000027n],
    ['2M', 0x80000000000002a7n],
    ['1G', 0x80000000000002a7n],
  ] as const)('%s', (size, value) => {
    const bench = new Bench('refcount-6.15', size);
    bench.map();
    bench.read(BASE);
    expect(bench.raw(BASE)).toBe(value);
  });

  test('fast grabs refuse the leaf, slow ones do not; smaps sees nothing, the counter does', () => {
    const bench = new Bench('refcount-6.15', '2M');
    bench.map();
    bench.read(BASE);
    expect(bench.model.gup(bench.main, BASE, 4, { pin: true, mode: 'fastOnly' }).pages).toEqual([]);
    expect(bench.model.gup(bench.main, BASE, 4, { pin: true, mode: 'fast' }).pages).toHaveLength(4);
    expect(bench.model.smaps(bench.main)[0]?.rss).toBe(0);
    expect(bench.main.filePages).toBe(512);
  });
});

describe('3.2 the address of a PROT_NONE entry is inverted and comes back', () => {
  test.each(cells([0n, 0n, 0n], [0n, 0n, 0n]))('%s %s', (kernel, size) => {
    const bench = new Bench(kernel, size);
    mapped(bench);
    const va = BASE + bench.unit * 2n;
    bench.write(va);
    const before = bench.main.leaves.get(va / bench.unit)!;
    protect(bench, NONE);
    const mask = (1n << 52n) - bench.unit;
    expect(bench.main.leaves.get(va / bench.unit)! & mask).toBe(~before & mask);
    protect(bench, RW);
    expect(bench.main.leaves.get(va / bench.unit)! & mask).toBe(before & mask);
    expect(bench.read(va).devicePage).toBe(Number((bench.unit * 2n) / 4096n));
  });
});

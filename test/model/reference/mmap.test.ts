// Semantics 4: mmap, the address rule, VMA surgery, madvise results.
import { describe, expect, test } from 'vitest';
import type { Size } from './kernel.ts';
import type { Advice } from './madvise.ts';
import type { MmapArgs } from './mmap.ts';
import { BASE, Bench, COMBINATIONS, MMAP_BASE, NONE, outcome, R, RW } from './setup.ts';
import type { OpenMode } from './vma.ts';

const W = { read: false, write: true, exec: false };
const HUGE: readonly Size[] = ['2M', '1G'];

interface Check {
  readonly name: string;
  readonly mode?: OpenMode;
  readonly args: Partial<MmapArgs>;
  readonly result: string | null;
}

const CHECKS: readonly Check[] = [
  { name: 'MAP_SHARED', args: {}, result: null },
  { name: 'MAP_PRIVATE', args: { type: 'private' }, result: 'EINVAL' },
  { name: 'MAP_PRIVATE read-only', args: { type: 'private', rights: R }, result: 'EINVAL' },
  { name: 'neither shared nor private', args: { type: 'none' }, result: 'EINVAL' },
  { name: 'length 0', args: { length: 0n }, result: 'EINVAL' },
  { name: 'MAP_HUGETLB', args: { hugetlb: true }, result: 'EINVAL' },
  { name: 'offset not page-aligned', args: { offset: 1n }, result: 'EINVAL' },
  { name: 'unknown flag, MAP_SHARED', args: { unknown: true }, result: null },
  {
    name: 'unknown flag, MAP_SHARED_VALIDATE',
    args: { unknown: true, type: 'validate' },
    result: 'EOPNOTSUPP',
  },
  { name: 'RW through O_RDONLY', mode: 'r', args: {}, result: 'EACCES' },
  { name: 'R through O_RDONLY', mode: 'r', args: { rights: R }, result: null },
  { name: 'W through O_WRONLY', mode: 'w', args: { rights: W }, result: 'EACCES' },
  { name: 'R through O_WRONLY', mode: 'w', args: { rights: R }, result: 'EACCES' },
  { name: 'past the end of the device', args: { offset: 1n << 40n }, result: null },
];

describe.each(COMBINATIONS)('4.1 mmap on $kernel $size', ({ kernel, size }) => {
  test.each(CHECKS)('$name: $result', ({ mode, args, result }) => {
    const bench = new Bench(kernel, size);
    const file = bench.model.open(mode ?? 'rw');
    expect(bench.tryMap({ file, ...args })).toBe(result ?? BASE);
  });

  test('MAP_SYNC is VM_SYNC only with MAP_SHARED_VALIDATE', () => {
    for (const type of ['shared', 'validate'] as const) {
      const bench = new Bench(kernel, size);
      bench.map(1, { type, sync: true });
      const flags = bench.model.viewProcess(bench.main).vmas[0]!.flags;
      expect(flags.includes('SYNC')).toBe(type === 'validate');
      expect(flags).toContain('HUGEPAGE');
    }
  });

  test('an O_RDONLY mapping never becomes writable', () => {
    const bench = new Bench(kernel, size);
    bench.map(1, { file: bench.model.open('r'), rights: R });
    expect(bench.model.mprotect(bench.main, BASE, bench.unit, RW)).toBe('EACCES');
    expect(bench.model.viewProcess(bench.main).vmas[0]!.flags).not.toContain('SHARED');
  });

  test('MAP_FIXED_NOREPLACE', () => {
    const bench = new Bench(kernel, size);
    expect(bench.tryMap({ fixed: false, noreplace: true })).toBe(BASE);
    expect(bench.tryMap({ fixed: false, noreplace: true })).toBe('EEXIST');
  });

  test('PROT_WRITE alone gives a readable entry', () => {
    const bench = new Bench(kernel, size);
    bench.map(1, { rights: W });
    expect(outcome(bench.read(BASE))).toBe('ok 1');
    expect(outcome(bench.write(BASE))).toBe('ok 0');
  });

  test('mmap beyond the end works, the touch is SIGBUS', () => {
    const bench = new Bench(kernel, size, 4);
    bench.map(6);
    expect(outcome(bench.read(BASE + bench.unit * 3n))).toBe('ok 1');
    expect(outcome(bench.read(BASE + bench.unit * 5n))).toBe('BUS_ADRERR');
  });

  test('the kernel puts every aligned offset at an address equal to it modulo the unit', () => {
    const bench = new Bench(kernel, size);
    for (const units of [3n, 1n, 2n]) {
      const at = bench.hint(0n, { length: bench.unit * units, offset: bench.unit }) as bigint;
      expect(at % bench.unit).toBe(0n);
      expect(at + bench.unit * units <= MMAP_BASE).toBe(true);
    }
  });
});

describe.each(HUGE)('4.2 and 4.3 alignment on %s', (size) => {
  const bench = () => new Bench('refcount', size);

  test.each([
    ['fixed address off by 4K', { address: BASE + 4096n }],
    ['length not a multiple of the unit', { length: 4096n }],
    ['unaligned offset, address left to the kernel', { address: 0n, offset: 4096n, fixed: false }],
    ['free hint off by 4K', { address: BASE + 4096n, fixed: false }],
    ['hint 0x10000', { address: 0x10000n, fixed: false }],
  ] as const)('%s: EINVAL', (_, args) => {
    expect(bench().tryMap(args)).toBe('EINVAL');
  });

  test('free hints: aligned is taken, off by less than a page is rounded down', () => {
    expect(bench().hint(BASE)).toBe(BASE);
    expect(bench().hint(BASE + 100n)).toBe(BASE);
  });
});

describe.each(HUGE)('4.4 surgery on %s', (size) => {
  test.each([
    ['munmap', (b: Bench) => b.model.munmap(b.main, BASE + b.unit, 4096n)],
    ['mprotect', (b: Bench) => b.model.mprotect(b.main, BASE + b.unit, 4096n, R)],
    ['madvise', (b: Bench) => b.model.madvise(b.main, BASE + b.unit, 4096n, 'DONTDUMP')],
    ['MAP_FIXED overlay', (b: Bench) => b.tryMap({ address: BASE + 4096n, length: 4096n })],
    [
      'mremap away',
      (b: Bench) => {
        const lengths = { oldLength: b.unit + 4096n, newLength: b.unit + 4096n };
        const to = { mayMove: true, fixed: true, newAddress: BASE + b.unit * 16n };
        const placed = b.model.mremap(b.main, { address: BASE, ...lengths, ...to });
        return 'errno' in placed ? placed.errno : null;
      },
    ],
    [
      'mremap shrink',
      (b: Bench) => {
        const lengths = { oldLength: b.unit * 4n, newLength: b.unit * 4n - 4096n };
        const placed = b.model.mremap(b.main, { address: BASE, ...lengths });
        return 'errno' in placed ? placed.errno : null;
      },
    ],
  ] as const)('%s of a part of a unit: EINVAL, nothing changes', (_, call) => {
    const bench = new Bench('refcount', size);
    bench.map();
    bench.write(BASE + bench.unit);
    const before = bench.model.snapshot();
    expect(call(bench)).toBe('EINVAL');
    expect(bench.model.snapshot()).toEqual(before);
  });

  test('a munmap that starts before and ends past the mapping is fine', () => {
    const bench = new Bench('refcount', size);
    bench.map(2);
    expect(bench.model.munmap(bench.main, BASE - 4096n, bench.unit + 4096n)).toBeNull();
    expect(bench.vmas).toEqual([[bench.unit, bench.unit * 2n]]);
  });

  test('advice that changes nothing splits nothing', () => {
    const bench = new Bench('refcount', size);
    bench.map(2);
    expect(bench.model.madvise(bench.main, BASE + 4096n, 4096n, 'HUGEPAGE')).toBeNull();
  });

  test('the hole from above: the VMA below takes the tail of the unit', () => {
    const bench = new Bench('refcount', size);
    bench.map(4);
    const middle = BASE + bench.unit * 2n;
    expect(bench.model.mprotect(bench.main, middle, bench.unit * 2n, R)).toBeNull();
    bench.read(BASE + bench.unit);
    expect(bench.model.mprotect(bench.main, middle - 4096n, 4096n, R)).toBeNull();
    expect(bench.main.vmas.map(({ start, offset }) => start - BASE - offset)).toEqual([0n, 0n]);
    expect(bench.vmas[1]).toEqual([bench.unit * 2n - 4096n, bench.unit * 4n]);
    expect(bench.folio(1).refcount).toBe(1);
  });

  test('the hole: mprotect beside a VMA with those rights moves the boundary', () => {
    const bench = new Bench('refcount', size);
    bench.map(4);
    expect(bench.model.mprotect(bench.main, BASE, bench.unit * 2n, R)).toBeNull();
    for (let unit = 0n; unit < 4n; unit++) bench.read(BASE + bench.unit * unit);
    const cut = bench.unit * 2n + 4096n;
    expect(bench.model.mprotect(bench.main, BASE + bench.unit * 2n, 4096n, R)).toBeNull();
    expect(bench.vmas).toEqual([
      [0n, cut],
      [cut, bench.unit * 4n],
    ]);
    expect(bench.main.vmas.map(({ start, offset }) => start - BASE - offset)).toEqual([0n, 0n]);
    expect(bench.folio(2)).toMatchObject({ refcount: 1, referenced: true });
    expect(outcome(bench.read(BASE + bench.unit * 2n))).toBe('BUS_ADRERR');
    expect(outcome(bench.read(BASE + bench.unit))).toBe('ok 0');
    expect(bench.model.munmap(bench.main, BASE, bench.unit * 3n)).toBeNull();
    expect(bench.vmas).toEqual([[bench.unit * 3n, bench.unit * 4n]]);
  });
});

const RESULTS: readonly (readonly [Advice, string | null])[] = [
  ['NORMAL', null],
  ['RANDOM', null],
  ['SEQUENTIAL', null],
  ['WILLNEED', null],
  ['HUGEPAGE', null],
  ['NOHUGEPAGE', null],
  ['MERGEABLE', null],
  ['DONTDUMP', null],
  ['COLD', null],
  ['PAGEOUT', null],
  ['POPULATE_READ', null],
  ['POPULATE_WRITE', null],
  ['DONTNEED', null],
  ['DONTNEED_LOCKED', null],
  ['FREE', 'EINVAL'],
  ['WIPEONFORK', 'EINVAL'],
  ['COLLAPSE', 'EINVAL'],
  ['REMOVE', 'ENODEV'],
];
const DROPS: readonly Advice[] = ['DONTNEED', 'DONTNEED_LOCKED'];
const DROPS_1G: readonly Advice[] = ['COLD', 'PAGEOUT'];

describe.each(COMBINATIONS)('4.4 madvise on $kernel $size', ({ kernel, size }) => {
  test.each(RESULTS)('%s: %s', (advice, result) => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    bench.write(BASE);
    const before = bench.raw(BASE);
    expect(bench.model.madvise(bench.main, BASE, bench.unit, advice)).toBe(result);
    const drops = DROPS.includes(advice) || (size === '1G' && DROPS_1G.includes(advice));
    if (drops) expect(bench.raw(BASE)).toBeNull();
    else if (advice === 'POPULATE_WRITE') expect(bench.raw(BASE)! | 0x800n).toBe(before! | 0x800n);
    else expect(bench.raw(BASE)).toBe(before);
  });

  test('POPULATE faults in: one minor fault a leaf, for read or for write', () => {
    const bench = new Bench(kernel, size);
    bench.map(4);
    const length = bench.unit * 2n;
    expect(bench.model.madvise(bench.main, BASE, length, 'POPULATE_READ')).toBeNull();
    expect(bench.main.minorFaults).toBe(2);
    expect(bench.raw(BASE)! & 0x40n).toBe(0n);
    const upper = BASE + bench.unit * 2n;
    expect(bench.model.madvise(bench.main, upper, length, 'POPULATE_WRITE')).toBeNull();
    expect(bench.raw(upper, 8n << 30n)! & 0x40n).toBe(0x40n);
  });

  test('mlock and MAP_POPULATE fault for read, and lock nothing', () => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    expect(bench.model.mlock(bench.main, BASE, bench.unit * 2n)).toBeNull();
    bench.map(2, { address: BASE + bench.unit * 8n, populate: true });
    expect(bench.main.minorFaults).toBe(4);
    for (const entry of bench.main.leaves.values()) expect(entry & 0x40n).toBe(0n);
  });
});

test('3.4, 6.4: populating a PROT_NONE range', () => {
  const bench = new Bench('refcount', '2M');
  bench.map(1, { rights: NONE });
  expect(bench.model.madvise(bench.main, BASE, bench.unit, 'POPULATE_READ')).toBe('EINVAL');
  expect(bench.model.mlock(bench.main, BASE, bench.unit)).toBe('ENOMEM');
  expect(outcome(bench.read(BASE))).toBe('SEGV_ACCERR');
});

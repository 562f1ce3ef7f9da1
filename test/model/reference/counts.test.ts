// Semantics 5.5, 6, 7 and 9.1: counters of folios, processes and page tables.
import { describe, expect, test } from 'vitest';
import { counts, ENTIRELY_MAPPED, type Kernel } from './kernel.ts';
import { BASE, Bench, COMBINATIONS, outcome, R } from './setup.ts';

const TABLES = { '4K': 3, '2M': 2, '1G': 1 } as const;
const PAGES = { '4K': 1, '2M': 512, '1G': 262144 } as const;

describe.each(COMBINATIONS)('5.5 first fault on $kernel $size', ({ kernel, size }) => {
  const counted = counts(kernel);
  const k = (n: number) => (counted ? n : 0);
  const small = size === '4K';

  test('state deltas, further mappings, and the way back', () => {
    const bench = new Bench(kernel, size);
    const second = BASE + (1n << 40n);
    bench.map(2);
    expect(bench.main.pageTableBytes()).toBe(0);
    expect(outcome(bench.write(BASE))).toBe('ok 1');
    const once = {
      refcount: 1 + k(1),
      mapcountRaw: small ? k(1) - 1 : -1,
      entireMapcountRaw: small ? -1 : k(1) - 1,
      largeMapcountRaw: small ? -1 : k(1) - 1,
      nrPagesMapped: small || !counted ? 0 : ENTIRELY_MAPPED,
      pincount: 0,
      mapping: true,
      index: 0n,
    };
    expect(bench.folio()).toMatchObject(once);
    expect(bench.main.filePages).toBe(k(PAGES[size]));
    expect(bench.main.pageTableBytes()).toBe(4096 * TABLES[size]);
    bench.map(2, { address: second });
    expect(outcome(bench.read(second))).toBe('ok 1');
    expect(bench.folio()).toMatchObject({
      refcount: 1 + k(2),
      mapcountRaw: small ? k(2) - 1 : -1,
      nrPagesMapped: once.nrPagesMapped,
    });
    expect(bench.main.filePages).toBe(k(2 * PAGES[size]));
    expect(bench.main.pageTableBytes()).toBe(4096 * 2 * TABLES[size]);
    expect(bench.model.munmap(bench.main, second, bench.unit * 2n)).toBeNull();
    expect(bench.main.pageTableBytes()).toBe(4096 * TABLES[size]);
    expect(bench.model.munmap(bench.main, BASE, bench.unit * 2n)).toBeNull();
    expect(bench.main.pageTableBytes()).toBe(0);
    expect(bench.folio()).toMatchObject({
      refcount: 1,
      mapcountRaw: -1,
      entireMapcountRaw: -1,
      largeMapcountRaw: -1,
      nrPagesMapped: 0,
      mapping: true,
    });
    expect(bench.main.filePages).toBe(0);
  });

  test('one minor fault a leaf, none for a second page, a store after a load or a SIGBUS', () => {
    const bench = new Bench(kernel, size, 2);
    bench.map(3);
    expect(outcome(bench.read(BASE))).toBe('ok 1');
    expect(outcome(bench.write(BASE + bench.unit - 1n))).toBe('ok 0');
    const past = bench.read(BASE + bench.unit * 2n);
    expect(past).toMatchObject({ signal: 'SIGBUS', code: 'BUS_ADRERR', minorFaults: 0 });
    expect(bench.read(BASE - 1n)).toMatchObject({ code: 'SEGV_MAPERR', minorFaults: 0 });
  });

  test('9.1: k mappings, g gets, p pins', () => {
    const bench = new Bench(kernel, size);
    bench.map(1);
    bench.read(BASE);
    const get = bench.model.gup(bench.main, BASE, 1, { pin: false, mode: 'fast' });
    const pin = bench.model.gup(bench.main, BASE, 1, { pin: true, mode: 'slow' });
    const p = small ? 1024 : 1;
    expect(bench.folio()).toMatchObject({ refcount: 1 + k(1) + 1 + p, pincount: small ? 0 : 1 });
    bench.model.munmap(bench.main, BASE, bench.unit);
    expect(bench.folio().refcount).toBe(1 + 1 + p);
    bench.model.exit(bench.main);
    expect(bench.model.release(pin, true)).toBe('released');
    expect(bench.folio()).toMatchObject({ refcount: 2, pincount: 0 });
    bench.model.release(get, false);
    expect(bench.folio().refcount).toBe(1);
    expect(bench.model.bugs).toEqual([]);
  });

  test('9.2: the pgmap reference is the same whatever is mapped or pinned', () => {
    const bench = new Bench(kernel, size);
    bench.map(4);
    bench.model.gup(bench.main, BASE, 3, { pin: true, write: true, mode: 'fast' });
    expect(bench.model.snapshot().pgmapReferences).toBe(1 + 8);
  });

  test('tables stay under DONTNEED in a shared table', () => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    bench.read(BASE);
    bench.read(BASE + bench.unit);
    bench.model.madvise(bench.main, BASE, bench.unit, 'DONTNEED');
    expect(bench.main.pageTableBytes()).toBe(4096 * TABLES[size]);
  });

  test('munmap frees a table only when no neighbour reaches into it', () => {
    const bench = new Bench(kernel, size);
    bench.map(3);
    for (let unit = 0n; unit < 3n; unit++) bench.read(BASE + bench.unit * unit);
    const before = bench.main.pageTableBytes();
    bench.model.munmap(bench.main, BASE + bench.unit, bench.unit);
    expect(bench.main.pageTableBytes()).toBe(before);
    bench.model.munmap(bench.main, BASE, bench.unit);
    expect(bench.main.pageTableBytes()).toBe(before);
    bench.model.munmap(bench.main, BASE + bench.unit * 2n, bench.unit);
    expect(bench.main.pageTableBytes()).toBe(0);
  });
});

describe('7.2 page flags by zaps under MGLRU', () => {
  const zap = (bench: Bench) => {
    bench.map(1, { rights: R });
    bench.read(BASE);
    bench.model.munmap(bench.main, BASE, bench.unit);
    const { referenced, workingset, lruRefs, dirty } = bench.folio();
    return [referenced, workingset, lruRefs, dirty];
  };

  test.each(['4K', '2M'] as const)('B %s: referenced, refs 1 to 3, then workingset', (size) => {
    const bench = new Bench('refcount', size);
    const seen = Array.from({ length: 6 }, () => zap(bench));
    expect(seen).toEqual([
      [true, false, 0, false],
      [true, false, 1, false],
      [true, false, 2, false],
      [true, false, 3, false],
      [true, true, 3, false],
      [true, true, 3, false],
    ]);
  });

  test('A: slow grabs give referenced, workingset, then refs', () => {
    const bench = new Bench('devmap', '4K');
    bench.map(1);
    const seen = Array.from({ length: 6 }, () => {
      bench.model.gup(bench.main, BASE, 1, { pin: false, mode: 'slow' });
      const { referenced, workingset, lruRefs } = bench.folio();
      return [referenced, workingset, lruRefs];
    });
    expect(seen).toEqual([
      [true, false, 0],
      [true, true, 0],
      [true, true, 1],
      [true, true, 2],
      [true, true, 3],
      [true, true, 3],
    ]);
  });

  test.each(['4K', '2M', '1G'] as const)('A %s: faults and zaps change none', (size) => {
    expect(zap(new Bench('devmap', size))).toEqual([false, false, 0, false]);
  });

  test('B 1G: a plain zap marks nothing, a partial one dirty and referenced', () => {
    const bench = new Bench('refcount', '1G');
    expect(zap(bench)).toEqual([false, false, 0, false]);
    bench.map(1);
    bench.write(BASE);
    bench.model.madvise(bench.main, BASE, 4096n, 'DONTNEED');
    expect(bench.folio()).toMatchObject({ referenced: true, dirty: true, refcount: 1 });
  });
});

interface GrabRow {
  readonly name: string;
  readonly kernel: Kernel;
  readonly size: '4K' | '2M' | '1G';
  readonly flags: { pin: boolean; write?: boolean; longterm?: boolean; mode: 'fast' | 'slow' };
  readonly dirty: boolean;
}

const PIN_W = { pin: true, write: true } as const;
const LONG = { ...PIN_W, longterm: true, mode: 'fast' } as const;
const GRABS: readonly GrabRow[] = (['devmap', 'refcount'] as const).flatMap((kernel) =>
  (['4K', '2M', '1G'] as const).flatMap((size) => {
    const slow = size === '2M' || (size === '1G' && kernel === 'devmap');
    return [
      { name: 'fast', kernel, size, flags: { ...PIN_W, mode: 'fast' as const }, dirty: false },
      { name: 'slow', kernel, size, flags: { ...PIN_W, mode: 'slow' as const }, dirty: slow },
      { name: 'longterm', kernel, size, flags: LONG, dirty: slow },
    ];
  }),
);

describe('6.4 a write grab of a clean RW entry', () => {
  test.each(GRABS)('$name on $kernel $size dirties: $dirty', ({ kernel, size, flags, dirty }) => {
    const bench = new Bench(kernel, size);
    bench.map(1);
    bench.read(BASE);
    expect(bench.model.gup(bench.main, BASE, 1, flags).pages).toEqual([0]);
    expect((bench.raw(BASE)! & 0x40n) !== 0n).toBe(dirty);
    expect((bench.raw(BASE)! & 0x800n) !== 0n).toBe(dirty);
  });
});

describe.each(COMBINATIONS)('6.4 results on $kernel $size', ({ kernel, size }) => {
  test('read-only, unmapped, hole, empty', () => {
    const bench = new Bench(kernel, size);
    bench.map(2, { rights: R });
    const pin = { pin: true, mode: 'fast' } as const;
    expect(bench.model.gup(bench.main, BASE, 1, { ...pin, write: true }).errno).toBe('EFAULT');
    const lent = bench.model.gup(bench.main, BASE, 1, { ...pin, longterm: true });
    expect(lent).toMatchObject({ errno: null, pages: [0], minorFaults: 1 });
    expect(bench.model.gup(bench.main, BASE - bench.unit, 1, pin).errno).toBe('EFAULT');
    const last = BASE + bench.unit * 2n - 4096n;
    const lastPage = Number((bench.unit * 2n) / 4096n) - 1;
    expect(bench.model.gup(bench.main, last, 2, pin)).toMatchObject({
      errno: null,
      pages: [lastPage],
    });
    bench.map(1, { address: BASE + bench.unit * 4n });
    const empty = BASE + bench.unit * 4n;
    const only = bench.model.gup(bench.main, empty, 1, { pin: true, mode: 'fastOnly' });
    expect(only).toMatchObject({ errno: null, pages: [], minorFaults: 0 });
  });
});

// What CHOICES.md says, where a silent point shows in more than one place.
import { describe, expect, test } from 'vitest';
import { BASE, Bench, KERNELS, MMAP_BASE, outcome, PHYS, R, RWX } from './setup.ts';

const FAR = BASE + (1n << 41n);
const soft = (bench: Bench) =>
  bench.model.viewProcess(bench.main).vmas.map(({ flags }) => flags.includes('SOFTDIRTY'));

describe('choices', () => {
  test.each(KERNELS)('2: an overlay that the driver refuses (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M');
    bench.map(3);
    bench.read(BASE + bench.unit);
    expect(bench.tryMap({ address: BASE + bench.unit, type: 'private' })).toBe('EINVAL');
    expect(bench.vmas).toEqual([
      [0n, bench.unit],
      [bench.unit * 2n, bench.unit * 3n],
    ]);
    expect(bench.raw(BASE + bench.unit)).toBeNull();
  });

  test('3: a 4K device leaves a page free below each mapping', () => {
    const bench = new Bench('refcount', '4K');
    expect(bench.hint(0n)).toBe(MMAP_BASE - 2n * 4096n);
    expect(bench.hint(0n)).toBe(MMAP_BASE - 4n * 4096n);
  });

  test('5: RANDOM spares PG_referenced', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    bench.model.madvise(bench.main, BASE, bench.unit, 'RANDOM');
    bench.write(BASE);
    bench.model.munmap(bench.main, BASE, bench.unit);
    expect(bench.folio()).toMatchObject({ dirty: true, referenced: false });
  });

  test.each([
    ['devmap', false],
    ['refcount', true],
  ] as const)('16: VM_SOFTDIRTY over a merge by mprotect (%s)', (kernel, sticks) => {
    const bench = new Bench(kernel, '2M');
    bench.map(2);
    bench.model.mprotect(bench.main, BASE + bench.unit, bench.unit, R);
    bench.model.clearRefs(bench.main, 4);
    bench.map(1, { rights: R, offset: bench.unit * 5n });
    expect(soft(bench)).toEqual([true, false]);
    bench.map(1, { rights: R });
    expect(soft(bench)).toEqual([true]);
    bench.model.clearRefs(bench.main, 4);
    bench.map(1, { address: BASE + bench.unit * 2n, offset: bench.unit * 2n });
    expect(soft(bench)).toEqual([false, true]);
    bench.model.mprotect(bench.main, BASE, bench.unit * 2n, { ...R, write: true });
    expect(soft(bench)).toEqual([sticks]);
  });

  test.each(KERNELS)('17: -EFAULT of a fixed mremap and its destination (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M');
    bench.map(1);
    bench.map(2, { address: FAR });
    const length = bench.unit * 2n;
    const args = { address: BASE, oldLength: length, newLength: length, newAddress: FAR };
    const placed = bench.model.mremap(bench.main, { ...args, mayMove: true, fixed: true });
    expect(placed).toEqual({ errno: 'EFAULT' });
    expect(bench.main.vmas).toHaveLength(kernel === 'refcount' ? 2 : 1);
  });

  test.each(KERNELS)(
    '4: after clear_refs 4 a fresh entry is read-only until written (%s)',
    (kernel) => {
      const faults = (['4K', '2M'] as const).map((size) => {
        const bench = new Bench(kernel, size);
        bench.map(2);
        bench.model.clearRefs(bench.main, 4);
        bench.read(BASE);
        expect(bench.raw(BASE)! & 2n).toBe(0n);
        return [bench.write(BASE).minorFaults, bench.write(BASE + bench.unit).minorFaults];
      });
      expect(faults).toEqual([
        [1, kernel === 'devmap' ? 2 : 1],
        [1, 1],
      ]);
    },
  );

  test.each(KERNELS)('20: mremap onto itself from no mapping (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M');
    const args = { address: BASE, oldLength: bench.unit, newLength: bench.unit, newAddress: BASE };
    const placed = bench.model.mremap(bench.main, { ...args, mayMove: true, fixed: true });
    expect(placed).toEqual({ errno: kernel === 'refcount' ? 'EINVAL' : 'EFAULT' });
  });

  test('21: mprotect leaves what was written since clear_refs 4 writable', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(2);
    bench.write(BASE);
    bench.write(BASE + bench.unit);
    bench.model.clearRefs(bench.main, 4);
    bench.write(BASE);
    bench.model.mprotect(bench.main, BASE, bench.unit * 2n, { ...RWX });
    expect([BASE, BASE + bench.unit].map((va) => bench.raw(va, PHYS + va - BASE)! & 2n)).toEqual([
      2n,
      0n,
    ]);
  });

  test.each([
    ['2M', -4096n],
    ['2M', 4096n],
    ['1G', -4096n],
    ['1G', 4096n],
  ] as const)('13: a boundary moved into a %s unit by madvise, %i bytes', (size, by) => {
    const bench = new Bench('refcount', size);
    bench.map(4);
    const middle = BASE + bench.unit * 2n;
    const [start, other] = by > 0n ? [middle, BASE] : [middle - 4096n, middle];
    bench.model.madvise(bench.main, other, bench.unit * 2n, 'DONTDUMP');
    const touched = by > 0n ? middle : middle - bench.unit;
    bench.read(touched);
    expect(bench.model.madvise(bench.main, start, 4096n, 'DONTDUMP')).toBeNull();
    expect(bench.main.vmas[1]!.start - middle).toBe(by);
    expect(bench.raw(touched) === null).toBe(size === '2M');
  });

  test('a mapping of an O_RDONLY file: MADV_REMOVE and MS_SYNC', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1, { file: bench.model.open('r'), rights: R });
    expect(bench.model.madvise(bench.main, BASE, bench.unit, 'REMOVE')).toBe('EACCES');
    expect(bench.model.msync(bench.main, BASE, bench.unit, { sync: true })).toBeNull();
  });

  test('failed faults leave the tables they made', () => {
    const bytes = (['4K', '2M', '1G'] as const).map((size) => {
      const bench = new Bench('refcount', size, 1);
      bench.map(2);
      expect(outcome(bench.read(BASE + bench.unit))).toBe('BUS_ADRERR');
      return bench.main.pageTableBytes();
    });
    expect(bytes).toEqual([8192, 8192, 4096]);
  });

  test('12: a whole PTE table moves as it is', () => {
    const bench = new Bench('refcount', '4K', 4);
    const length = 2n << 20n;
    bench.map(1, { length });
    bench.read(BASE);
    const entry = bench.raw(BASE);
    const args = { address: BASE, oldLength: length, newLength: length, newAddress: FAR };
    bench.model.mremap(bench.main, { ...args, mayMove: true, fixed: true, dontUnmap: true });
    expect(bench.raw(FAR)).toBe(entry);
    expect(bench.model.viewProcess(bench.main).tables.pte).toEqual([FAR]);
  });

  test('12: so does a whole PMD table', () => {
    const bench = new Bench('refcount', '2M', 4);
    const length = 1n << 30n;
    bench.map(1, { length });
    bench.read(BASE);
    const entry = bench.raw(BASE);
    const args = { address: BASE, oldLength: length, newLength: length, newAddress: FAR };
    bench.model.mremap(bench.main, { ...args, mayMove: true, fixed: true, dontUnmap: true });
    expect(bench.raw(FAR)).toBe(entry);
    expect(bench.model.viewProcess(bench.main).tables.pmd).toEqual([FAR]);
  });

  test.each([
    ['devmap', '2M', true],
    ['devmap', '1G', false],
    ['refcount', '2M', true],
    ['refcount', '1G', false],
  ] as const)('11: POPULATE_WRITE over a clean leaf (%s %s): dirty %s', (kernel, size, dirty) => {
    const bench = new Bench(kernel, size);
    bench.map(1);
    bench.read(BASE);
    bench.model.madvise(bench.main, BASE, bench.unit, 'POPULATE_WRITE');
    expect(bench.raw(BASE)! & 0x840n).toBe(dirty ? 0x840n : 0n);
  });

  test('a PMD table where a 1G leaf should go keeps the leaf out', () => {
    const bench = new Bench('refcount', '1G', 4);
    bench.map(1);
    bench.model.madvise(bench.main, BASE, bench.unit, 'NOHUGEPAGE');
    expect(outcome(bench.read(BASE))).toBe('BUS_ADRERR');
    bench.model.madvise(bench.main, BASE, bench.unit, 'HUGEPAGE');
    expect(outcome(bench.read(BASE))).toBe('BUS_ADRERR');
    bench.model.munmap(bench.main, BASE, bench.unit);
    bench.map(1);
    expect(outcome(bench.read(BASE))).toBe('ok 1');
  });

  test('14: DONTNEED frees the PTE table of a slot it covers whole', () => {
    const tables = (['devmap', 'refcount'] as const).map((kernel) => {
      const bench = new Bench(kernel, '4K', 4);
      bench.map(1, { length: 2n << 20n });
      bench.read(BASE);
      bench.model.madvise(bench.main, BASE, 4n * 4096n, 'DONTNEED');
      bench.read(BASE);
      bench.model.madvise(bench.main, BASE, 2n << 20n, 'DONTNEED');
      return bench.main.pageTableBytes() / 4096;
    });
    expect(tables).toEqual([3, 2]);
  });
});

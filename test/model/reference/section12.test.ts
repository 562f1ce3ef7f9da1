// Semantics 12: behaviours a toy emulator gets wrong, by their numbers there.
import { describe, expect, test } from 'vitest';
import { BASE, Bench, COMBINATIONS, NONE, outcome, R, RW } from './setup.ts';

const A_AND_B = ['devmap', 'refcount'] as const;

describe('12', () => {
  test('1: idle is 1 in B: 1, 2, 1', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    expect(bench.folio().refcount).toBe(1);
    bench.read(BASE);
    expect(bench.folio().refcount).toBe(2);
    bench.model.munmap(bench.main, BASE, bench.unit);
    expect(bench.folio().refcount).toBe(1);
  });

  test('2: one reference per leaf', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    for (let page = 0n; page < 512n; page += 64n) bench.write(BASE + page * 4096n);
    expect(bench.folio()).toMatchObject({ refcount: 2, largeMapcountRaw: 0, pincount: 0 });
  });

  test.each(A_AND_B)('5: NOHUGEPAGE on a 2M device: SIGBUS (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M');
    bench.map(1);
    expect(bench.model.madvise(bench.main, BASE, bench.unit, 'NOHUGEPAGE')).toBeNull();
    expect(outcome(bench.read(BASE))).toBe('BUS_ADRERR');
  });

  test('5: THP disabled by prctl: A any form, B the complete one', () => {
    const results = (['devmap', 'refcount'] as const).flatMap((kernel) =>
      (['completely', 'unlessAdvised'] as const).map((how) => {
        const bench = new Bench(kernel, '2M');
        bench.map(1);
        bench.model.setThpDisabled(bench.main, how);
        return outcome(bench.read(BASE));
      }),
    );
    expect(results).toEqual(['BUS_ADRERR', 'BUS_ADRERR', 'BUS_ADRERR', 'ok 1']);
  });

  test.each(A_AND_B)('7: mmap past the end (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M', 2);
    bench.map(3);
    expect(outcome(bench.read(BASE + 5n * (1n << 20n)))).toBe('BUS_ADRERR');
  });

  test.each(A_AND_B)('10: a part of a 2M leaf (%s)', (kernel) => {
    const bench = new Bench(kernel, '2M');
    bench.map(1);
    bench.write(BASE);
    expect(bench.model.munmap(bench.main, BASE, 4096n)).toBe('EINVAL');
    expect(bench.raw(BASE)).not.toBeNull();
    expect(bench.model.madvise(bench.main, BASE + 4096n, 4096n, 'DONTNEED')).toBeNull();
    expect(bench.raw(BASE)).toBeNull();
    expect(bench.folio().refcount).toBe(1);
    expect(bench.main.filePages).toBe(0);
    expect(outcome(bench.read(BASE + 4096n))).toBe('ok 1');
  });

  test('13: a pin survives munmap', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    const pin = bench.model.gup(bench.main, BASE, 512, { pin: true, mode: 'fast' });
    bench.model.munmap(bench.main, BASE, bench.unit);
    expect(bench.folio()).toMatchObject({ refcount: 513, pincount: 512, largeMapcountRaw: -1 });
    bench.model.release(pin, true);
    expect(bench.folio().refcount).toBe(1);
  });

  test.each([
    ['devmap', 1025],
    ['refcount', 1026],
  ] as const)('14: an order-0 pin adds 1024 (%s: %i)', (kernel, refcount) => {
    const bench = new Bench(kernel, '4K');
    bench.map(1);
    bench.read(BASE);
    bench.model.gup(bench.main, BASE, 1, { pin: true, mode: 'fast' });
    expect(bench.folio().refcount).toBe(refcount);
  });

  test('15: LONGTERM in GUP-fast', () => {
    const fast = (kernel: (typeof A_AND_B)[number], write: boolean, rights = RW) => {
      const bench = new Bench(kernel, '2M');
      bench.map(1, { rights });
      bench.read(BASE);
      const flags = { pin: true, longterm: true, write, mode: 'fastOnly' } as const;
      return bench.model.gup(bench.main, BASE, 3, flags).pages.length;
    };
    expect([fast('devmap', false), fast('devmap', true)]).toEqual([0, 0]);
    expect([fast('refcount', false), fast('refcount', true)]).toEqual([3, 0]);
    expect(fast('refcount', false, R)).toBe(0);
  });

  test('17: fork shares nothing eagerly', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    bench.read(BASE);
    const child = bench.model.fork(bench.main);
    expect(child.leaves.size + child.pageTableBytes() + child.filePages).toBe(0);
    expect(bench.folio().refcount).toBe(2);
    expect(outcome(bench.model.access(child, BASE, 'read'))).toBe('ok 1');
    expect(bench.folio()).toMatchObject({ refcount: 3, entireMapcountRaw: 1 });
    bench.model.exit(child);
    expect(bench.folio().refcount).toBe(2);
  });

  test.each(COMBINATIONS)('19: unbind does not wait ($kernel $size)', ({ kernel, size }) => {
    const bench = new Bench(kernel, size);
    bench.map(2);
    bench.read(BASE);
    const pin = bench.model.gup(bench.main, BASE, 1, { pin: true, mode: 'fast' });
    expect(bench.model.unbind()).toEqual({ errno: null, gets: 0, pins: 1 });
    expect(bench.main.leaves.size).toBe(0);
    expect(bench.main.filePages).toBe(0);
    expect(bench.vmas).toEqual([[0n, bench.unit * 2n]]);
    expect(outcome(bench.read(BASE))).toBe('BUS_ADRERR');
    expect(bench.tryMap({ address: BASE + bench.unit * 4n })).toBe('ENXIO');
    expect(bench.model.release(pin, true)).toBe('use after free');
    expect(bench.model.bugs).toEqual(['use after free']);
    expect(bench.model.rebind()).toBeNull();
    expect(bench.folio()).toMatchObject({ refcount: 1, referenced: false, mapping: false });
    expect(outcome(bench.read(BASE))).toBe('ok 1');
    expect(bench.model.munmap(bench.main, BASE, bench.unit * 2n)).toBeNull();
    expect(bench.tryMap({})).toBe(BASE);
    expect(outcome(bench.read(BASE))).toBe('ok 1');
  });

  test.each(A_AND_B)(
    '20: a misaligned file offset maps, and its touch is reported (%s)',
    (kernel) => {
      const bench = new Bench(kernel, '2M');
      bench.map(1, { offset: 4096n });
      bench.read(BASE);
      expect(bench.model.bugs).toEqual(['misaligned offset']);
    },
  );

  test('22 and 23: poison', () => {
    const bench = new Bench('refcount', '2M');
    expect(bench.model.memoryFailure(0)).toEqual({ errno: 'EBUSY', signals: [] });
    bench.map(2);
    bench.read(BASE);
    const child = bench.model.fork(bench.main);
    const sleeper = bench.model.fork(bench.main);
    bench.model.access(child, BASE, 'read');
    const { errno, signals } = bench.model.memoryFailure(3, bench.main);
    expect(errno).toBeNull();
    expect(
      signals.map(({ process, code, address, lsb }) => [process.id, code, address, lsb]),
    ).toEqual([
      [bench.main.id, 'BUS_MCEERR_AR', BASE, 21],
      [child.id, 'BUS_MCEERR_AO', BASE, 21],
    ]);
    expect(sleeper.leaves.size + child.leaves.size + bench.main.leaves.size).toBe(0);
    expect(bench.folio()).toMatchObject({ refcount: 1, hwpoison: true });
    expect(bench.model.memoryFailure(0).signals).toEqual([]);
    expect(outcome(bench.read(BASE))).toBe('ok 1');
    expect(bench.folio()).toMatchObject({ refcount: 2, hwpoison: true });
  });

  test('25: RSS', () => {
    const pages = A_AND_B.map((kernel) => {
      const bench = new Bench(kernel, '2M');
      bench.map(4, { populate: true });
      return bench.main.filePages;
    });
    expect(pages).toEqual([0, 2048]);
  });

  test.each([
    ['devmap', 0, 'ENOMEM'],
    ['refcount', 1, null],
  ] as const)('28: an unbalanced put (%s)', (kernel, refcount, errno) => {
    const bench = new Bench(kernel, '2M');
    bench.map(1);
    bench.model.putPage(0);
    expect(bench.folio().refcount).toBe(refcount);
    expect(bench.model.bugs).toEqual(['unbalanced put']);
    expect(bench.model.gup(bench.main, BASE, 1, { pin: false, mode: 'slow' }).errno).toBe(errno);
  });

  test('34: exclusive means one mapping', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    bench.read(BASE);
    expect(bench.model.pagemap(bench.main, BASE, 1)[0]).toMatchObject({ exclusive: true });
    expect(bench.model.smaps(bench.main)[0]).toMatchObject({ privateClean: 2048, pss: 2048 });
    bench.map(1, { address: BASE + bench.unit * 4n });
    bench.read(BASE + bench.unit * 4n);
    expect(bench.model.pagemap(bench.main, BASE, 1)[0]).toMatchObject({ exclusive: false });
    expect(bench.model.smaps(bench.main)[0]).toMatchObject({
      rss: 2048,
      pss: 1024,
      sharedClean: 2048,
      privateClean: 0,
    });
  });

  test('32: PG_dirty sticks in B; A shows nothing', () => {
    const seen = A_AND_B.map((kernel) => {
      const bench = new Bench(kernel, '4K');
      bench.map(1);
      bench.write(BASE);
      bench.model.munmap(bench.main, BASE, bench.unit);
      bench.map(1);
      bench.read(BASE);
      const { rss, privateDirty, privateClean } = bench.model.smaps(bench.main)[0]!;
      return [rss, privateDirty, privateClean];
    });
    expect(seen).toEqual([
      [0, 0, 0],
      [4, 4, 0],
    ]);
  });

  test('PROT_NONE: EFAULT for grabs, ACCERR for touches, still in Rss and pagemap', () => {
    const bench = new Bench('refcount', '2M');
    bench.map(1);
    bench.write(BASE);
    bench.model.mprotect(bench.main, BASE, bench.unit, NONE);
    expect(outcome(bench.read(BASE))).toBe('SEGV_ACCERR');
    expect(bench.model.gup(bench.main, BASE, 1, { pin: true, mode: 'fast' }).errno).toBe('EFAULT');
    expect(bench.model.pagemap(bench.main, BASE, 1)[0]).toMatchObject({ present: true });
    expect(bench.model.smaps(bench.main)[0]).toMatchObject({ rss: 2048, privateDirty: 2048 });
  });
});

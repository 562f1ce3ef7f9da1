// What the emulator did wrong until random histories on it and on the reference model disagreed.
import { describe, expect, test } from 'vitest';
import { access } from '../../host/syscall/access.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { exit } from '../../host/syscall/fork.ts';
import { gup } from '../../host/syscall/gup.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { mincore } from '../../host/syscall/mincore.ts';
import { mlock } from '../../host/syscall/mlock.ts';
import { type MmapRequest, mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { mremap } from '../../host/syscall/mremap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import { isSoftDirty } from '../../host/syscall/vma.ts';
import { walk } from '../../host/wasm/walk.ts';
import { Bench, READ_ONLY, READ_WRITE } from './bench.ts';

const KERNELS = ['devmap', 'refcount', 'refcount-6.15'] as const;
const OK = { ok: true, value: undefined };
const NONE = { read: false, write: false, exec: false };
const PAGE = 4096n;
const UNIT = 2n << 20n;
const GIB = 1n << 30n;
const FAR = 0x1000_0000_0000n;
const USER_END = 0x7fff_ffff_f000n;

function fails(errno: string) {
  return { ok: false, errno };
}

/** Eight 2M units mapped at FAR, `hole` of them unmapped again. */
function holed(kernel: (typeof KERNELS)[number], hole: bigint): Bench {
  const bench = new Bench({ kernel, align: '2M', request: { address: FAR } });
  expect(munmap(bench.process, FAR + hole * UNIT, UNIT)).toEqual(OK);
  return bench;
}

function entryAt(bench: Bench, va: bigint): bigint | undefined {
  return walk(bench.system.machine.bank, bench.process.mm, va).leaf?.entry;
}

describe.each(KERNELS)('%s', (kernel) => {
  test('madvise goes on after a hole and answers ENOMEM; what is refused is so mapping by mapping', () => {
    const { process, ...bench } = holed(kernel, 1n);
    access(process, FAR + 2n * UNIT, 'write');
    expect(madvise(process, FAR, 4n * UNIT, 'dontneed')).toEqual(fails('ENOMEM'));
    expect(walk(bench.system.machine.bank, process.mm, FAR + 2n * UNIT).leaf).toBeUndefined();
    expect(madvise(process, FAR + UNIT, UNIT, 'free')).toEqual(fails('ENOMEM'));
    expect(madvise(process, FAR, 0n, 'free')).toEqual(OK);
    const readers = mmap(process, { lengthBytes: UNIT, mode: 'r', protection: READ_ONLY });
    if (!readers.ok) throw new Error(readers.errno);
    expect(madvise(process, readers.value.start, UNIT, 'remove')).toEqual(fails('EACCES'));
  });

  test('populating: a hole is ENOMEM, a forbidden access EINVAL, for mlock all is ENOMEM', () => {
    const bench = holed(kernel, 1n);
    const { process } = bench;
    expect(madvise(process, FAR, 4n * UNIT, 'populateRead')).toEqual(fails('ENOMEM'));
    expect(entryAt(bench, FAR)).toBeDefined();
    expect(entryAt(bench, FAR + 2n * UNIT)).toBeUndefined();
    mprotect(process, FAR, UNIT, NONE);
    expect(madvise(process, FAR, UNIT, 'populateRead')).toEqual(fails('EINVAL'));
    expect(mlock(process, FAR, UNIT)).toEqual(fails('ENOMEM'));
    unbind(bench.system);
    expect(mlock(process, FAR + 2n * UNIT, UNIT)).toEqual(fails('ENOMEM'));
    expect(madvise(process, FAR + 2n * UNIT, UNIT, 'populateRead')).toEqual(fails('EFAULT'));
  });

  test('mmap looks at the place before the file, and a refused overlay leaves a gap', () => {
    const bench = new Bench({ kernel, align: '2M', request: { address: FAR } });
    const over = (more: Partial<MmapRequest>) =>
      mmap(bench.process, {
        address: FAR + UNIT,
        lengthBytes: UNIT,
        protection: READ_WRITE,
        ...more,
      });
    const noreplace = { type: 'sharedValidate', fixed: 'noreplace' } as const;
    expect(over({ mode: 'w', flags: noreplace })).toEqual(fails('EEXIST'));
    expect(over({ address: FAR - UNIT, flags: noreplace })).toEqual(fails('EOPNOTSUPP'));
    expect(over({ flags: { type: 'private', fixed: 'replace' } })).toEqual(fails('EINVAL'));
    expect(bench.process.vmaAt(FAR + UNIT)).toBeUndefined();
    expect(bench.process.vmas).toHaveLength(2);
  });

  test('past the end of user addresses: munmap and mremap EINVAL, a fast GUP EFAULT', () => {
    const { process } = new Bench({ kernel, align: '4K', request: { address: FAR } });
    expect(munmap(process, USER_END - PAGE, 2n * PAGE)).toEqual(fails('EINVAL'));
    const past = { address: FAR, oldBytes: USER_END, newBytes: PAGE };
    expect(mremap(process, past)).toEqual(fails('EINVAL'));
    const flags = { pin: false, write: false, longterm: false, mode: 'fastOnly' } as const;
    expect(gup(process, USER_END - PAGE, 2, flags)).toEqual({ pages: [], errno: 'EFAULT' });
  });

  test('mremap to the same size is nothing, wherever it is', () => {
    const { process } = new Bench({ kernel, align: '2M', request: { address: FAR } });
    const off = { address: FAR + PAGE, oldBytes: PAGE, newBytes: PAGE };
    expect(mremap(process, off)).toEqual({ ok: true, value: FAR + PAGE });
  });

  test('mremap looks at the place before the mapping from 6.17 on', () => {
    const { process } = new Bench({ kernel, align: '2M', request: { address: FAR } });
    const nowhere = { address: FAR - UNIT, oldBytes: UNIT, newBytes: UNIT, mayMove: true };
    const errno = kernel === 'refcount' ? 'EINVAL' : 'EFAULT';
    expect(mremap(process, { ...nowhere, fixed: FAR - UNIT })).toEqual(fails(errno));
  });

  test('mremap with old size 0 asks may_split, a start off the unit included', () => {
    const { process, vma } = new Bench({ kernel, align: '2M', request: { address: FAR } });
    const length = vma.end - vma.start;
    const off = 2n * FAR + PAGE;
    const request = { address: FAR, oldBytes: length, newBytes: length, mayMove: true };
    expect(mremap(process, { ...request, fixed: off }).ok).toBe(true);
    const copy = { address: off, oldBytes: 0n, newBytes: UNIT, mayMove: true };
    expect(mremap(process, copy)).toEqual(fails('EINVAL'));
  });

  test('a merge keeps VM_SOFTDIRTY of either in 7.3, of the one that was changed before that', () => {
    const { process } = new Bench({ kernel, align: '2M', request: { address: FAR } });
    mprotect(process, FAR + 4n * UNIT, 4n * UNIT, READ_ONLY);
    clearRefs(process, 4);
    mmap(process, {
      address: FAR + 4n * UNIT,
      lengthBytes: 4n * UNIT,
      offsetBytes: 4n * UNIT,
      protection: READ_ONLY,
      flags: { type: 'shared', fixed: 'replace' },
    });
    expect(process.vmas.map(isSoftDirty)).toEqual([false, true]);
    mprotect(process, FAR, 4n * UNIT, READ_ONLY);
    expect(process.vmas.map(isSoftDirty)).toEqual([kernel === 'refcount']);
  });

  test.each([
    ['2M', UNIT],
    ['1G', GIB],
  ] as const)(
    'a boundary that madvise moves into a unit: 2M leaf gone, 1G leaf there (%s)',
    (align, unit) => {
      const bench = new Bench({ kernel, align, units: 4, request: { address: FAR } });
      const { process } = bench;
      madvise(process, FAR + 2n * unit, 2n * unit, 'dontdump');
      access(process, FAR + unit, 'read');
      expect(madvise(process, FAR + 2n * unit - PAGE, PAGE, 'dontdump')).toEqual(OK);
      expect(process.vmas[0]?.end).toBe(FAR + 2n * unit - PAGE);
      expect(entryAt(bench, FAR + unit) === undefined).toBe(align === '2M');
    },
  );

  test('unmapping mappings that a 1G leaf lies across hits a part of it: split, and marked', () => {
    const bench = new Bench({ kernel, align: '1G', units: 2, request: { address: FAR } });
    const { process } = bench;
    madvise(process, FAR + GIB, GIB, 'dontdump');
    access(process, FAR, 'write');
    expect(madvise(process, FAR + GIB - PAGE, PAGE, 'dontdump')).toEqual(OK);
    exit(process);
    expect(bench.system.machine.event('split')).toBe(1);
    const { flagNames } = bench.system.machine.page(0);
    for (const name of ['referenced', 'dirty'])
      expect(flagNames.includes(name)).toBe(kernel !== 'devmap');
  });

  test('mincore walks what lies before a hole', () => {
    const bench = new Bench({ kernel, align: '1G', units: 2, request: { address: FAR } });
    access(bench.process, FAR + GIB, 'read');
    expect(mincore(bench.process, FAR + 2n * GIB - PAGE, 2n * PAGE)).toEqual(fails('ENOMEM'));
    expect(entryAt(bench, FAR + GIB) === undefined).toBe(kernel === 'devmap');
  });

  test('MADV_POPULATE_WRITE of a clean 1G leaf leaves it clean', () => {
    const bench = new Bench({ kernel, align: '1G', units: 2, request: { address: FAR } });
    access(bench.process, FAR, 'read');
    const before = entryAt(bench, FAR);
    expect(madvise(bench.process, FAR, GIB, 'populateWrite')).toEqual(OK);
    expect(entryAt(bench, FAR)).toBe(before);
  });

  test('a leaf that mremap lost is lost with the struct pages of its bind, its charge is not', () => {
    const bench = new Bench({ kernel, align: '1G', units: 2, request: { address: FAR } });
    access(bench.process, FAR, 'read');
    const move = { address: FAR, oldBytes: GIB, newBytes: GIB, mayMove: true, fixed: 2n * FAR };
    expect(mremap(bench.process, move).ok).toBe(true);
    unbind(bench.system);
    rebind(bench.system);
    expect(bench.system.machine.violation()).toBeUndefined();
  });
});

test('an unbind asks each mapping whether its accesses tell of a page, not the last one unmapped', () => {
  const referenced = (last: 'random' | 'normal', own: 'random' | 'normal'): boolean => {
    const bench = new Bench({ kernel: 'refcount', align: '4K', request: { address: FAR } });
    const { process, system } = bench;
    madvise(process, FAR, PAGE, own);
    madvise(process, FAR + 4n * PAGE, PAGE, last);
    access(process, FAR, 'read');
    access(process, FAR + 4n * PAGE, 'read');
    madvise(process, FAR + 4n * PAGE, PAGE, 'dontneed');
    unbind(system);
    return system.machine.page(0).flagNames.includes('referenced');
  };
  expect([referenced('random', 'normal'), referenced('normal', 'random')]).toEqual([true, false]);
});

// The mmap and munmap rules of semantics 4 as tables: request, and the errno or where it lands.
import { describe, expect, test } from 'vitest';
import { access } from '../../host/syscall/access.ts';
import type { MmapRequest } from '../../host/syscall/mmap.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import type { AlignName } from '../../host/units.ts';
import { ALIGN_NAMES, ALIGNS, MIB } from '../../host/units.ts';
import { VM_SYNC } from '../../host/wasm/abi.ts';
import { Bench, READ_ONLY, READ_WRITE } from './bench.ts';

const HINT = 0x40_0000_0000n;
const M = BigInt(MIB);

type Request = Partial<MmapRequest>;
type MmapCase = readonly [what: string, align: AlignName, request: Request, result: string];

const CASES: readonly MmapCase[] = [
  ['shared', '2M', {}, 'aligned'],
  ['neither shared nor private is private here', '2M', { flags: { type: 'private' } }, 'EINVAL'],
  ['private, read-only too', '4K', { flags: { type: 'private' }, protection: READ_ONLY }, 'EINVAL'],
  [
    'shared validate with MAP_SYNC',
    '2M',
    { flags: { type: 'sharedValidate', sync: true } },
    'sync',
  ],
  ['shared with MAP_SYNC: stripped', '2M', { flags: { type: 'shared', sync: true } }, 'aligned'],
  ['MAP_HUGETLB', '2M', { flags: { type: 'shared', hugetlb: true } }, 'EINVAL'],
  ['length 0', '4K', { lengthBytes: 0n }, 'EINVAL'],
  ['length off the unit', '2M', { lengthBytes: 3n * M }, 'EINVAL'],
  ['length rounded up to 4K', '4K', { lengthBytes: 5000n }, 'aligned'],
  ['offset off the page', '4K', { offsetBytes: 100n }, 'EINVAL'],
  // VA = offset modulo the unit, so the address is off the unit as well.
  ['offset off the unit', '2M', { offsetBytes: M, lengthBytes: 4n * M }, 'EINVAL'],
  ['past the end of the device', '2M', { lengthBytes: 64n * M }, 'aligned'],
  ['read-write through a read-only descriptor', '2M', { mode: 'r' }, 'EACCES'],
  ['read-only through one', '2M', { mode: 'r', protection: READ_ONLY }, 'aligned'],
  ['anything through a write-only one', '2M', { mode: 'w', protection: READ_ONLY }, 'EACCES'],
  ['free aligned hint', '2M', { address: HINT }, 'hint'],
  ['free hint off the unit by pages', '2M', { address: HINT + 4096n }, 'EINVAL'],
  ['hint off by less than a page is rounded', '2M', { address: HINT + 100n }, 'hint'],
  [
    'fixed, unaligned to a page',
    '4K',
    { address: HINT + 1n, flags: { type: 'shared', fixed: 'replace' } },
    'EINVAL',
  ],
  [
    'fixed, off the unit',
    '1G',
    { address: HINT + 2n * M, flags: { type: 'shared', fixed: 'replace' } },
    'EINVAL',
  ],
  ['fixed', '1G', { address: HINT, flags: { type: 'shared', fixed: 'replace' } }, 'hint'],
];

describe('4.1 to 4.3 mmap', () => {
  test.each(CASES)('%s (%s)', (_, align, request, result) => {
    const bench = new Bench({ kernel: 'refcount', align });
    const unit = BigInt(ALIGNS[align]);
    const before = bench.process.vmas.length;
    const mapped = mmap(bench.process, { lengthBytes: unit, protection: READ_WRITE, ...request });
    if (!mapped.ok) {
      expect(mapped.errno).toBe(result);
      expect(bench.process.vmas.length).toBe(before);
      return;
    }
    expect(mapped.value.start % unit).toBe(0n);
    expect(result).toBe(
      mapped.value.start === HINT ? 'hint' : mapped.value.flags & VM_SYNC ? 'sync' : 'aligned',
    );
  });

  test.each(ALIGN_NAMES)(
    '%s: the kernel picks VA = offset modulo the unit, below its neighbours',
    (align) => {
      const bench = new Bench({ kernel: 'devmap', align });
      const unit = BigInt(ALIGNS[align]);
      const low = bench.map(bench.process, { lengthBytes: 2n * unit, offsetBytes: unit });
      expect(low.end).toBeLessThanOrEqual(bench.vma.start);
      expect((low.start - unit) % unit).toBe(0n);
    },
  );

  test('MAP_FIXED_NOREPLACE on a mapping is EEXIST, MAP_FIXED replaces it (and merges: the offsets go on)', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    bench.touch(0, true);
    const address = bench.vma.start;
    const request = { address, lengthBytes: 2n * M, protection: READ_WRITE };
    const kept = mmap(bench.process, { ...request, flags: { type: 'shared', fixed: 'noreplace' } });
    expect(kept).toEqual({ ok: false, errno: 'EEXIST' });
    expect(bench.page(0).refcount).toBe(2);
    const taken = mmap(bench.process, { ...request, flags: { type: 'shared', fixed: 'replace' } });
    expect(taken.ok).toBe(true);
    expect(bench.page(0).refcount).toBe(1);
    expect(bench.process.vmas.map((vma) => vma.end - vma.start)).toEqual([16n * M]);
  });

  test('touching past the end of the device is SIGBUS, with no fault counted (12.7)', () => {
    const bench = new Bench({
      kernel: 'refcount',
      align: '2M',
      units: 2,
      request: { lengthBytes: 6n * M },
    });
    expect(bench.touch(0, true)).toBe(0);
    const events = bench.during(() => expect(bench.touch(1280, true)).toBe(3));
    expect(events.faultMinor).toBe(0);
    expect(events.faultSigbus).toBe(1);
  });

  test('fetching instructions needs VM_EXEC', () => {
    const exec = (protection: typeof READ_WRITE) => {
      const bench = new Bench({ kernel: 'refcount', align: '2M', request: { protection } });
      return access(bench.process, bench.vma.start, 'exec');
    };
    expect(exec(READ_WRITE)).toEqual({ signal: 'SIGSEGV', code: 'ACCERR' });
    expect(exec({ read: true, write: false, exec: true })).toEqual({});
  });

  test('writing through a read-only mapping is SIGSEGV', () => {
    const bench = new Bench({ kernel: 'devmap', align: '4K', request: { protection: READ_ONLY } });
    expect(bench.touch(0, true)).toBe(4);
    expect(bench.touch(0, false)).toBe(0);
  });
});

describe('4.4 munmap', () => {
  test.each(['2M', '1G'] as const)(
    '%s: a cut inside a unit is EINVAL and changes nothing (12.10)',
    (align) => {
      const bench = new Bench({ kernel: 'refcount', align });
      bench.touch(0, true);
      const { start } = bench.vma;
      expect(munmap(bench.process, start, 4096n)).toEqual({ ok: false, errno: 'EINVAL' });
      expect(munmap(bench.process, start + 4096n, BigInt(ALIGNS[align]))).toEqual({
        ok: false,
        errno: 'EINVAL',
      });
      expect(bench.page(0).refcount).toBe(2);
      expect(bench.process.vmas).toEqual([bench.vma]);
    },
  );

  test('from before the mapping to past its end is fine', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M', request: { address: HINT } });
    bench.touch(0, true);
    expect(munmap(bench.process, HINT - 4096n, 16n * M + 8192n).ok).toBe(true);
    expect(bench.process.vmas).toEqual([]);
    expect(bench.page(0).refcount).toBe(1);
  });

  test('the middle of a mapping leaves two, whose pages still fault where they should', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M', request: { address: HINT } });
    for (let unit = 0; unit < 8; unit++) bench.touch(unit * 512, true);
    expect(munmap(bench.process, HINT + 4n * M, 4n * M).ok).toBe(true);
    const [low, high] = bench.process.vmas;
    expect([low?.pgoff, high?.pgoff]).toEqual([0n, 2048n]);
    expect([0, 1, 2, 3, 4, 7].map((unit) => bench.page(unit * 512).refcount)).toEqual([
      2, 2, 1, 1, 2, 2,
    ]);
    bench.zap(0, 512, high);
    expect(bench.page(2048).refcount).toBe(1);
    bench.touch(0, true, high);
    expect(bench.page(2048).refcount).toBe(2);
  });

  test('page tables go with the last mapping that needs them, not before', () => {
    const bench = new Bench({ kernel: 'devmap', align: '4K', request: { address: HINT } });
    const { machine } = bench.system;
    for (let page = 0; page < 2048; page += 512) bench.touch(page, true);
    // Four PTE tables, a PMD and a PUD table.
    expect(machine.tableBytes(bench.process.mm)).toBe(6 * 4096);
    munmap(bench.process, HINT, 4n * M);
    expect(machine.tableBytes(bench.process.mm)).toBe(4 * 4096);
    munmap(bench.process, HINT + 4n * M, 2n * M - 4096n);
    expect(machine.tableBytes(bench.process.mm)).toBe(4 * 4096);
    munmap(bench.process, HINT, 16n * M);
    expect(machine.tableBytes(bench.process.mm)).toBe(0);
    expect(machine.liveTables()).toBe(1);
  });

  test.each([
    ['devmap', 512, 0],
    ['refcount', 511, 0],
    // CONFIG_PT_RECLAIM: only tables whose whole 2 MiB it covers.
    ['refcount', 512, 1],
  ] as const)('%s: DONTNEED of %i pages frees %i tables', (kernel, pages, freed) => {
    const bench = new Bench({ kernel, align: '4K', request: { address: HINT } });
    for (const page of [0, 300, 600]) bench.touch(page, true);
    const { machine } = bench.system;
    const before = machine.tableBytes(bench.process.mm);
    bench.zap(0, pages);
    expect(before - machine.tableBytes(bench.process.mm)).toBe(freed * 4096);
    expect(machine.violation()).toBeUndefined();
    expect(bench.touch(1, true)).toBe(0);
  });
});

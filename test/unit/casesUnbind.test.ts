// The behaviours of semantics 12 that need an unbind, several ranges or a put too many: cases 19, 24
// and 28, by their numbers.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { access } from '../../host/syscall/access.ts';
import { dynamicDeviceOfRanges, namespaceDevice } from '../../host/syscall/device.ts';
import { exit } from '../../host/syscall/fork.ts';
import { type GupRequest, gup, release } from '../../host/syscall/gup.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { close, open } from '../../host/syscall/node.ts';
import { System } from '../../host/syscall/system.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import { ALIGN_NAMES, GIB, MIB } from '../../host/units.ts';
import { Bench, GUP, READ_WRITE } from './bench.ts';

const EACH = KERNEL_IDS.flatMap((kernel) => ALIGN_NAMES.map((align) => [kernel, align] as const));
const PIN: GupRequest = { pin: true, write: true, longterm: false, mode: 'fast' };
const GET: GupRequest = { ...PIN, pin: false };
const SLOW: GupRequest = { ...PIN, mode: 'slow' };

function recordsHash({ system: { machine } }: Bench): bigint {
  return machine.core.hashRange(machine.bank.records, machine.bank.recordsEnd);
}

function mustUnbind({ system }: Bench) {
  const result = unbind(system);
  if (!result.ok) throw new Error(result.errno);
  return result.value;
}

/** Two processes map the device, the second twice; four pages are pinned and one is got. */
function busy(kernel: (typeof KERNEL_IDS)[number], align: (typeof ALIGN_NAMES)[number]) {
  const bench = new Bench({ kernel, align });
  const other = bench.system.createProcess();
  const others = [bench.map(other), bench.map(other)];
  const unit = bench.unitPages;
  for (let i = 0; i < 4; i++) bench.touch(i * unit, true);
  for (const vma of others) bench.touch(unit, false, vma);
  const pinned = gup(bench.process, bench.vma.start, unit > 1 ? 4 : 3, PIN).pages;
  const got = gup(other, bench.address(unit, others[0]), 1, GET).pages;
  return { bench, other, pinned, got };
}

describe('19. unbind does not wait for pins', () => {
  test.each(EACH)('%s %s: completes, zaps each mapping, says what is held', (kernel, align) => {
    const { bench, other, pinned } = busy(kernel, align);
    const unit = bench.unitPages;
    let report = {} as ReturnType<typeof mustUnbind>;
    const locks = bench.during(() => {
      report = mustUnbind(bench);
    });
    expect([locks.iMmapLockRead, locks.mmapLockRead, locks.vmaLock]).toEqual([1, 0, 0]);
    // One mmu_gather a mapping; dirty 4K pages force a flush a PTE table, and here lie in two (7.3).
    const flushes = kernel !== 'devmap' && align === '4K' ? 4 : 3;
    expect([report.vmas, report.leaves, report.flushes]).toEqual([3, 6, flushes]);
    expect([report.gets, report.pins]).toEqual([1, pinned.length]);
    expect(report.holders).toEqual([
      { process: bench.process.id, pin: true, firstPage: 0, pages: pinned.length },
      { process: other.id, pin: false, firstPage: unit, pages: 1 },
    ]);
    const here =
      unit > 1
        ? [
            { firstUnit: 0, units: 1, gets: 0, pins: 4 },
            { firstUnit: 1, units: 1, gets: 1, pins: 0 },
          ]
        : [
            { firstUnit: 0, units: 1, gets: 0, pins: 1 },
            { firstUnit: 1, units: 1, gets: 1, pins: 1 },
            { firstUnit: 2, units: 1, gets: 0, pins: 1 },
          ];
    expect(report.held).toEqual(here);
    for (const process of [bench.process, other]) {
      expect(bench.system.machine.filePages(process.mm)).toBe(0);
    }
    expect(unbind(bench.system)).toEqual({ ok: false, errno: 'ENODEV' });
  });

  test.each(EACH)('%s %s: mappings stay, touches are SIGBUS, mmap ENXIO', (kernel, align) => {
    const { bench } = busy(kernel, align);
    mustUnbind(bench);
    const { process, vma } = bench;
    expect(process.vmas).toContain(vma);
    expect(bench.leaf(0)).toBeUndefined();
    for (const kind of ['read', 'write'] as const) {
      expect(access(process, vma.start, kind)).toEqual({ signal: 'SIGBUS', code: 'ADRERR' });
    }
    const lengthBytes = BigInt(bench.device.unitBytes);
    const mapped = mmap(process, { lengthBytes, protection: READ_WRITE });
    expect(mapped).toEqual({ ok: false, errno: 'ENXIO' });
    expect(gup(process, vma.start, 1, PIN)).toEqual({ pages: [], errno: 'EFAULT' });
    expect(gup(process, vma.start, 1, SLOW)).toEqual({ pages: [], errno: 'EFAULT' });
    expect(munmap(process, vma.start, vma.end - vma.start).ok).toBe(true);
  });

  test('the node opens while somebody holds it open, a mapping too, and then no more', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const { system, process, vma } = bench;
    mustUnbind(bench);
    const second = open(system);
    expect(second.ok).toBe(true);
    munmap(process, vma.start, vma.end - vma.start);
    expect(open(system, 'r').ok).toBe(true);
    for (const file of system.files) close(system, file);
    expect(open(system)).toEqual({ ok: false, errno: 'ENXIO' });
    rebind(system);
    expect(open(system).ok).toBe(true);
  });

  test.each(EACH)('%s %s: a late unpin is named, and no counter moves', (kernel, align) => {
    const { bench, other, pinned, got } = busy(kernel, align);
    const { system } = bench;
    mustUnbind(bench);
    const before = recordsHash(bench);
    release(bench.process, pinned, true);
    release(other, got, false);
    expect(recordsHash(bench)).toBe(before);
    expect(system.bugs.map((bug) => [bug.code, bug.process, bug.devicePage, bug.count])).toEqual([
      ['useAfterFree', bench.process.id, 0, pinned.length],
      ['useAfterFree', other.id, bench.unitPages, 1],
    ]);
    expect(system.bugs[0]?.text).toMatch(
      new RegExp(`^use-after-free: unpin of ${pinned.length} pages after unbind`),
    );
    expect(system.machine.latePages).toBe(pinned.length + 1);
    expect(system.machine.violation()).toBeUndefined();
  });

  test.each(KERNEL_IDS)('%s: the fault is where the recorded kernel had it', (kernel) => {
    const device = namespaceDevice('4K', 8 * GIB, 'mem');
    const system = new System({ kernel, kind: 'counted', device });
    const process = system.createProcess();
    const mapped = mmap(process, { lengthBytes: 8192n, protection: READ_WRITE });
    if (!mapped.ok) throw new Error(mapped.errno);
    const { pages } = gup(process, mapped.value.start, 1, PIN);
    unbind(system);
    release(process, pages, true);
    // "BUG: unable to handle page fault for address", 7.3.4, 4K units, map=mem.
    expect(system.bugs[0]?.address).toBe(0xffff_ea00_0400_8008n);
  });

  test.each(EACH)('%s %s: bound again, every page is at 1 and afresh', (kernel, align) => {
    const { bench, other, pinned } = busy(kernel, align);
    const { system, process } = bench;
    const fresh = recordsHash(new Bench({ kernel, align }));
    mustUnbind(bench);
    expect(rebind(system).ok).toBe(true);
    expect(rebind(system)).toEqual({ ok: false, errno: 'EBUSY' });
    // Tails of the devmap kernel hold their head's address, the same in two banks of one shape.
    expect(recordsHash(bench)).toBe(fresh);
    // The mappings that lived through it are of the same inode, and fault again.
    expect(bench.touch(0, true)).toBe(0);
    const { refcount } = bench.page(0);
    // A pin of the earlier binding must not be taken from the new one.
    release(process, pinned, true);
    expect(bench.page(0).refcount).toBe(refcount);
    expect(system.bugs.map(({ code, count }) => [code, count])).toEqual([
      ['useAfterFree', pinned.length],
    ]);
    exit(other);
    expect(system.machine.violation()).toBeUndefined();
  });

  test('a pin taken after the rebind goes back as usual, one from before it does not', () => {
    const { bench, pinned } = busy('refcount', '2M');
    mustUnbind(bench);
    rebind(bench.system);
    const again = gup(bench.process, bench.vma.start, 4, PIN).pages;
    expect(again).toEqual(pinned);
    release(bench.process, again, true);
    expect([bench.page(0).refcount, bench.page(0).folio?.pincount]).toEqual([2, 0]);
    expect(bench.system.bugs).toEqual([]);
    release(bench.process, pinned, true);
    expect(bench.page(0).refcount).toBe(2);
    expect(bench.system.bugs.length).toBe(1);
  });
});

describe('24. several ranges', () => {
  const PAGES = 8;
  /** Pages pinned in the first range and in the second; what the pgmap's reference went through. */
  const grabs = (
    kernel: (typeof KERNEL_IDS)[number],
    align: (typeof ALIGN_NAMES)[number],
    mode: GupRequest['mode'],
  ) => {
    const bench = new Bench({ kernel, align, ranges: 2 });
    const half = bench.device.sizeBytes / 4096 / 2;
    return [64, half + 64].map((page) => {
      for (let i = 0; i < PAGES; i++) bench.touch(page + i, true);
      const events = bench.during(() => {
        const { pages } = gup(bench.process, bench.address(page), PAGES, { ...PIN, mode });
        expect(pages).toEqual(Array.from({ length: PAGES }, (_, i) => page + i));
      });
      expect(events.pgmapGet).toBe(events.pgmapPut);
      expect(bench.page(page).headRefcount).toBeGreaterThan(1);
      return events.pgmapGet;
    });
  };

  test.each(ALIGN_NAMES)('A %s: GUP-fast takes the pgmap a page in the second range', (align) => {
    expect(grabs('devmap', align, 'fast')).toEqual([1, PAGES]);
  });

  test.each([
    ['4K', PAGES],
    ['2M', PAGES],
    // One walk serves the leaf (semantics 6.4).
    ['1G', 1],
  ] as const)('A %s: slow GUP once a walk there: %i', (align, gets) => {
    expect(grabs('devmap', align, 'slow')).toEqual([1, gets]);
  });

  test.each(ALIGN_NAMES)('B %s: GUP takes no pgmap reference in either', (align) => {
    expect([grabs('refcount', align, 'fast'), grabs('refcount', align, 'slow')]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('A: a PTE table of both ranges keeps the reference in the first, re-takes it beyond', () => {
    const ranges = [
      { physBytes: 4 * GIB, sizeBytes: 2 * MIB },
      { physBytes: 6 * GIB, sizeBytes: 4 * MIB },
    ];
    const device = dynamicDeviceOfRanges('4K', ranges);
    const system = new System({ kernel: 'devmap', kind: 'counted', device });
    const process = system.createProcess();
    const address = 0x7f00_0010_0000n;
    const flags = { type: 'shared', fixed: 'replace' } as const;
    mmap(process, { address, lengthBytes: 6n << 20n, protection: READ_WRITE, flags });
    // Half a megabyte before the first range's end, half after it: one PTE table.
    const from = address + (2n << 20n) - 16n * 4096n;
    for (let i = 0n; i < 32n; i++) access(process, from + i * 4096n, 'write');
    const before = system.machine.events();
    expect(gup(process, from, 32, PIN).pages).toEqual(
      Array.from({ length: 32 }, (_, i) => 512 - 16 + i),
    );
    // The table that ends at the range's middle: 16 pages on one reference, then one each.
    expect(system.machine.events().pgmapGet - before.pgmapGet).toBe(1 + 16);
    expect(unbind(system).ok).toBe(true);
  });

  test.each(KERNEL_IDS)(
    '%s: a fault that crosses from one range into the next: SIGBUS',
    (kernel) => {
      const ranges = [
        { physBytes: 4 * GIB, sizeBytes: 4 * MIB },
        { physBytes: 8 * GIB, sizeBytes: 4 * MIB },
      ];
      const system = new System({
        kernel,
        kind: 'counted',
        device: dynamicDeviceOfRanges('2M', ranges),
      });
      const process = system.createProcess();
      // A unit-aligned address over a file offset in the middle of a unit (12.20).
      const mapped = mmap(process, {
        address: 0x7f00_0000_0000n,
        lengthBytes: 2n << 20n,
        offsetBytes: 3n << 20n,
        protection: READ_WRITE,
        flags: { type: 'shared', fixed: 'replace' },
      });
      if (!mapped.ok) throw new Error(mapped.errno);
      expect(access(process, mapped.value.start, 'write').signal).toBe('SIGBUS');
    },
  );

  test.each(EACH)(
    '%s %s: leaves point into their own range, and come out again',
    (kernel, align) => {
      const bench = new Bench({ kernel, align, ranges: 3, units: align === '4K' ? 3072 : 7 });
      const units = bench.device.sizeBytes / bench.device.unitBytes;
      for (let unit = 0; unit < units; unit++) bench.touch(unit * bench.unitPages, unit % 2 === 0);
      expect(bench.system.machine.violation()).toBeUndefined();
      const [first, second, third] = bench.device.ranges;
      const last = bench.leaf((units - 1) * bench.unitPages)?.entry ?? 0n;
      const end = (third?.physBytes ?? 0) + (third?.sizeBytes ?? 0);
      expect(last & 0xf_ffff_ffff_f000n & ~0xfffn).toBe(BigInt(end - bench.device.unitBytes));
      expect((second?.physBytes ?? 0) > (first?.physBytes ?? 0) + (first?.sizeBytes ?? 0)).toBe(
        true,
      );
      expect(bench.touch(units * bench.unitPages - 1, true)).toBe(0);
      const report = mustUnbind(bench);
      expect([report.leaves, report.held]).toEqual([units, []]);
      expect(bench.system.machine.violation()).toBeUndefined();
    },
  );
});

describe('28. an unbalanced put', () => {
  test.each(ALIGN_NAMES)('B %s: 1, 0, back to 1, silently; only the emulator says so', (align) => {
    const bench = new Bench({ kernel: 'refcount', align });
    bench.fault(0, false);
    bench.zap(0, bench.unitPages);
    release(bench.process, [0], false);
    release(bench.process, [0], false);
    expect(bench.page(0).refcount).toBe(1);
    expect(bench.system.bugs.map(({ code, devicePage }) => [code, devicePage])).toEqual([
      ['unbalancedPut', 0],
      ['unbalancedPut', 0],
    ]);
    expect(gup(bench.process, bench.vma.start, 1, SLOW).pages).toEqual([0]);
  });

  test.each(ALIGN_NAMES)(
    'A %s: warns once and stays 0; later slow grabs fail with -ENOMEM',
    (align) => {
      const bench = new Bench({ kernel: 'devmap', align });
      const unit = bench.unitPages;
      for (const page of [0, unit]) bench.touch(page, true);
      release(bench.process, [0], false);
      release(bench.process, [unit], false);
      expect([bench.page(0).refcount, bench.page(unit).refcount]).toEqual([0, 0]);
      expect(bench.system.bugs.map(({ code }) => code)).toEqual(['unbalancedPut']);
      expect(bench.gup(0, 1, GUP.pin)).toBe(0);
      expect(gup(bench.process, bench.vma.start, 1, SLOW)).toEqual({ pages: [], errno: 'ENOMEM' });
      expect(gup(bench.process, bench.vma.start, 1, PIN)).toEqual({ pages: [], errno: 'ENOMEM' });
      expect(bench.system.machine.zeroPuts).toBe(2);
    },
  );
});

// Behaviours a toy emulator gets wrong (semantics 12, by its own numbers): those of looks through /proc,
// mremap, soft-dirty tracking and the resident set.
import { describe, expect, test } from 'vitest';
import { readNumaMaps } from '../../host/proc/numaMaps.ts';
import { PAGEMAP, readPagemap } from '../../host/proc/pagemap.ts';
import { readSmaps } from '../../host/proc/smaps.ts';
import { readStatus } from '../../host/proc/status.ts';
import { access } from '../../host/syscall/access.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { exit } from '../../host/syscall/fork.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { mincore } from '../../host/syscall/mincore.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { mremap } from '../../host/syscall/mremap.ts';
import { setThpDisable } from '../../host/syscall/prctl.ts';
import { ALIGN_NAMES, ALIGNS } from '../../host/units.ts';
import { Bench, READ_ONLY } from './bench.ts';

const KERNELS = ['devmap', 'refcount'] as const;
const SIGBUS = { signal: 'SIGBUS', code: 'ADRERR' };
const GIB_PAGES = 262144;

describe('5. a 2M device never falls back to small pages', () => {
  test.each(KERNELS)(
    '%s: MADV_NOHUGEPAGE, then a touch is SIGBUS; a leaf that is there stays',
    (kernel) => {
      const bench = new Bench({ kernel, align: '2M' });
      bench.touch(512, true);
      madvise(bench.process, bench.vma.start, bench.vma.end - bench.vma.start, 'nohugepage');
      const [vma] = bench.process.vmas;
      expect([bench.touch(0, true, vma), bench.touch(513, true, vma)]).toEqual([3, 0]);
      expect(bench.leaf(0, vma)).toBeUndefined();
    },
  );

  test.each([
    ['devmap', 'completely', SIGBUS],
    ['refcount', 'completely', SIGBUS],
    ['refcount', 'exceptAdvised', {}],
  ] as const)('%s: PR_SET_THP_DISABLE %s', (kernel, form, seen) => {
    const bench = new Bench({ kernel, align: '2M' });
    expect(setThpDisable(bench.process, form).ok).toBe(true);
    expect(access(bench.process, bench.vma.start, 'write')).toEqual(seen);
    setThpDisable(bench.process, 'off');
    expect(access(bench.process, bench.vma.start, 'write')).toEqual({});
  });

  test('devmap knows no form but the complete one', () => {
    const bench = new Bench({ kernel: 'devmap', align: '2M' });
    expect(setThpDisable(bench.process, 'exceptAdvised')).toEqual({ ok: false, errno: 'EINVAL' });
  });
});

type Look = (bench: Bench) => unknown;
const LENGTH = (bench: Bench): bigint => bench.vma.end - bench.vma.start;
const LOOKS: Readonly<Record<string, Look>> = {
  smaps: (bench) => readSmaps(bench.process),
  pagemap: (bench) => readPagemap(bench.process, bench.vma.start, 1),
  numa_maps: (bench) => readNumaMaps(bench.process),
  clear_refs_1: (bench) => clearRefs(bench.process, 1),
  clear_refs_3: (bench) => clearRefs(bench.process, 3),
  clear_refs_4: (bench) => clearRefs(bench.process, 4),
  cold: (bench) => madvise(bench.process, bench.vma.start, LENGTH(bench), 'cold'),
  pageout: (bench) => madvise(bench.process, bench.vma.start, LENGTH(bench), 'pageout'),
  mincore: (bench) => mincore(bench.process, bench.vma.start, 4096n),
  clear_refs_2: (bench) => clearRefs(bench.process, 2),
};

describe('18. looking at a 1G leaf removes it', () => {
  const cases = KERNELS.flatMap((kernel) =>
    Object.keys(LOOKS).map((look) => {
      // refcount's mincore has a callback for PUDs; clear_refs 2 is for anonymous memory.
      const kept = look === 'clear_refs_2' || (look === 'mincore' && kernel === 'refcount');
      return [kernel, look, kept] as const;
    }),
  );
  test.each(cases)('%s, %s: still there afterwards: %s', (kernel, look, kept) => {
    const bench = new Bench({ kernel, align: '1G' });
    bench.touch(0, true);
    const mapped = kernel === 'refcount' ? GIB_PAGES : 0;
    expect(bench.system.machine.filePages(bench.process.mm)).toBe(mapped);
    const events = bench.during(() => (LOOKS[look] as Look)(bench));
    expect(bench.leaf(0) !== undefined).toBe(kept);
    expect(events.split).toBe(kept ? 0 : 1);
    expect(bench.system.machine.filePages(bench.process.mm)).toBe(kept ? mapped : 0);
    expect(bench.page(0).refcount).toBe(kept && kernel === 'refcount' ? 2 : 1);
    expect(bench.page(0).flagNames.includes('dirty')).toBe(!kept && kernel === 'refcount');
    expect(bench.during(() => access(bench.process, bench.vma.start, 'write')).faultMinor).toBe(
      kept ? 0 : 1,
    );
    expect(bench.system.machine.violation()).toBeUndefined();
  });

  test.each(['4K', '2M'] as const)('%s leaves survive every look', (align) => {
    for (const kernel of KERNELS) {
      const bench = new Bench({ kernel, align });
      bench.touch(0, true);
      for (const look of Object.values(LOOKS)) look(bench);
      expect(bench.leaf(0)).toBeDefined();
      expect(bench.system.machine.violation()).toBeUndefined();
    }
  });

  test('mincore of a present 1G leaf: 0s from devmap, 1s from refcount', () => {
    const seen = KERNELS.map((kernel) => {
      const bench = new Bench({ kernel, align: '1G' });
      bench.touch(0, true);
      const got = mincore(bench.process, bench.vma.start, LENGTH(bench));
      return got.ok ? got.value.reduce((sum, each) => sum + each, 0) : -1;
    });
    expect(seen).toEqual([0, GIB_PAGES]);
  });
});

describe('21. mremap', () => {
  test.each(KERNELS)(
    '%s: to an address off the unit: 2M leaves vanish properly, then SIGBUS',
    (kernel) => {
      const bench = new Bench({ kernel, align: '2M' });
      for (let unit = 0; unit < 8; unit++) bench.touch(unit * 512, true);
      const length = LENGTH(bench);
      const fixed = 0x1000_0000_1000n;
      const events = bench.during(() => {
        const moved = { address: bench.vma.start, oldBytes: length, newBytes: length, fixed };
        expect(mremap(bench.process, { ...moved, mayMove: true })).toEqual({
          ok: true,
          value: fixed,
        });
      });
      expect([events.split, events.leafLost]).toEqual([8, 0]);
      expect(bench.page(0).refcount).toBe(1);
      expect(bench.system.machine.filePages(bench.process.mm)).toBe(0);
      expect(access(bench.process, fixed, 'write')).toEqual(SIGBUS);
      expect(bench.system.bugs.map(({ code }) => code)).toEqual(['unalignedMapping']);
      expect(bench.system.machine.violation()).toBeUndefined();
    },
  );

  test.each(KERNELS)('%s: 1G leaves are lost, to an aligned place too', (kernel) => {
    const bench = new Bench({ kernel, align: '1G' });
    const { machine, bugs } = bench.system;
    for (let unit = 0; unit < 3; unit++) bench.touch(unit * GIB_PAGES, true);
    const length = LENGTH(bench);
    const fixed = 0x1000_0000_0000n;
    const events = bench.during(() => {
      const moved = { address: bench.vma.start, oldBytes: length, newBytes: length, fixed };
      expect(mremap(bench.process, { ...moved, mayMove: true }).ok).toBe(true);
    });
    const leaks = kernel === 'refcount';
    // The one flush is for the old range's page tables, which nothing else needed.
    expect([events.leafLost, events.tlbFlush, events.rmwRefcount]).toEqual([3, 1, 0]);
    expect(bench.page(0).refcount).toBe(leaks ? 2 : 1);
    expect(machine.filePages(bench.process.mm)).toBe(leaks ? 3 * GIB_PAGES : 0);
    const codes = bugs.map(({ code }) => code);
    expect(codes.filter((code) => code === 'badPud').length).toBe(3);
    expect(codes.filter((code) => code === 'leakedReference').length).toBe(leaks ? 3 : 0);
    // Remapped, the page counts on from what leaked; the checker knows what is the kernel's own doing.
    expect(bench.during(() => access(bench.process, fixed, 'write')).faultMinor).toBe(1);
    expect(bench.page(0).refcount).toBe(leaks ? 3 : 1);
    expect(machine.violation()).toBeUndefined();
    exit(bench.process);
    expect(bugs.filter(({ code }) => code === 'badRssCounter').map(({ count }) => count)).toEqual(
      leaks ? [3 * GIB_PAGES] : [],
    );
    expect(bench.page(0).refcount).toBe(leaks ? 2 : 1);
    expect(machine.violation()).toBeUndefined();
    // The next process in the same slot starts uncharged.
    expect(machine.filePages(bench.system.createProcess().mm)).toBe(0);
    expect(machine.violation()).toBeUndefined();
  });

  test('the entry goes with no flush: the old translation serves until something empties the TLB', () => {
    const bench = new Bench({ kernel: 'refcount', align: '1G' });
    access(bench.process, bench.vma.start, 'write');
    const { start } = bench.vma;
    const moved = { address: start, oldBytes: 1n << 30n, newBytes: 1n << 30n, mayMove: true };
    mremap(bench.process, { ...moved, fixed: 0x1000_0000_0000n });
    expect(bench.process.vmaAt(start)).toBeUndefined();
    expect(bench.system.bugs.map(({ code }) => code)).toContain('missingFlush');
    expect(access(bench.process, start + 5n, 'write')).toEqual({});
    bench.system.tlb.flush();
    expect(access(bench.process, start + 5n, 'write')).toEqual({
      signal: 'SIGSEGV',
      code: 'MAPERR',
    });
  });
});

test.each(ALIGN_NAMES.map((align) => [align] as const))(
  '25. %s: the resident set grows by the mapped size in B, not in A',
  (align) => {
    const seen = KERNELS.map((kernel) => {
      const bench = new Bench({ kernel, align });
      bench.touch(0, true);
      bench.touch(bench.unitPages, false);
      return readStatus(bench.process).rssFileBytes;
    });
    expect(seen).toEqual([0, 2 * ALIGNS[align]]);
  },
);

test('31. a D that mprotect loses is said, with how many leaves lost it', () => {
  const seen = KERNELS.map((kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    for (const page of [0, 512, 1024]) bench.touch(page, page > 0);
    mprotect(bench.process, bench.vma.start, LENGTH(bench), READ_ONLY);
    return bench.system.bugs.map(({ code, count }) => [code, count]);
  });
  expect(seen).toEqual([[['lostDirty', 2]], []]);
});

describe('30. a soft-dirty write fault at 4K', () => {
  const written = (kernel: (typeof KERNELS)[number]) => {
    const bench = new Bench({ kernel, align: '4K' });
    bench.touch(0, true);
    clearRefs(bench.process, 4);
    const events = bench.during(() => access(bench.process, bench.vma.start, 'write'));
    return { bench, events };
  };

  test('B: a reference taken and dropped, the page dirtied under its lock, mtime updated', () => {
    const { bench, events } = written('refcount');
    expect([events.faultMinor, events.ptWrite]).toEqual([1, 1]);
    expect([events.rmwRefcount, events.rmwFlags, events.mtimeUpdate]).toEqual([2, 3, 1]);
    expect([bench.page(0).refcount, bench.page(0).flagNames.includes('dirty')]).toEqual([2, true]);
    // PG_dirty is there the second time: lock and unlock alone.
    clearRefs(bench.process, 4);
    const again = bench.during(() => access(bench.process, bench.vma.start, 'write'));
    expect([again.rmwFlags, again.mtimeUpdate]).toEqual([2, 1]);
  });

  test('A: an entry written, nothing else', () => {
    const { events } = written('devmap');
    expect([events.faultMinor, events.ptWrite]).toEqual([1, 1]);
    expect([events.rmwRefcount, events.rmwFlags, events.mtimeUpdate]).toEqual([0, 0, 0]);
  });
});

describe('32. and 34. what smaps and pagemap make of counters', () => {
  const smapsOf = (bench: Bench) => {
    const found = readSmaps(bench.process).find(({ start }) => start === bench.vma.start);
    if (!found) throw new Error('the mapping is not in smaps');
    return found;
  };

  test('32. B: written, unmapped, read: the entry is clean, smaps says Private_Dirty; A: nothing', () => {
    const seen = KERNELS.map((kernel) => {
      const bench = new Bench({ kernel, align: '2M' });
      bench.touch(0, true);
      bench.zap(0, 512);
      bench.touch(0, false);
      const { rssBytes, privateDirtyBytes, privateCleanBytes } = smapsOf(bench);
      return [rssBytes, privateDirtyBytes, privateCleanBytes];
    });
    expect(seen).toEqual([
      [0, 0, 0],
      [2 << 20, 2 << 20, 0],
    ]);
  });

  test.each(['4K', '2M'] as const)(
    '34. %s: exclusive means one mapping, not one process',
    (align) => {
      const bench = new Bench({ kernel: 'refcount', align });
      const second = bench.map(bench.process);
      const exclusive = (): boolean =>
        ((readPagemap(bench.process, bench.vma.start, 1)[0] ?? 0n) & PAGEMAP.exclusive) !== 0n;
      bench.touch(0, true);
      expect([exclusive(), smapsOf(bench).privateDirtyBytes]).toEqual([true, ALIGNS[align]]);
      bench.touch(0, true, second);
      const { pssBytes, sharedDirtyBytes, privateDirtyBytes } = smapsOf(bench);
      expect([exclusive(), sharedDirtyBytes, privateDirtyBytes]).toEqual([false, ALIGNS[align], 0]);
      expect(pssBytes).toBe(ALIGNS[align] / 2);
    },
  );
});

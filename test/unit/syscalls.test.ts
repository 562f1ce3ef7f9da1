// The other calls on the file and the mapping (semantics 4.5): results, references, fault counts.
import { describe, expect, test } from 'vitest';
import { readNumaMaps } from '../../host/proc/numaMaps.ts';
import { access } from '../../host/syscall/access.ts';
import { DEVICE_STAT, fileCall, openDevice } from '../../host/syscall/file.ts';
import { futexWait } from '../../host/syscall/futex.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { mlock, munlock } from '../../host/syscall/mlock.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { msync } from '../../host/syscall/msync.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { getMempolicyNode, mbind, movePagesStatus } from '../../host/syscall/numa.ts';
import { processVmReadv, readMemory, writeMemory } from '../../host/syscall/remote.ts';
import { dropSpliced, vmsplice } from '../../host/syscall/vmsplice.ts';
import { Bench, READ_ONLY } from './bench.ts';

const KERNELS = ['devmap', 'refcount'] as const;
const OK = { ok: true, value: undefined };
const UNIT = 2n << 20n;

function fails(errno: string) {
  return { ok: false, errno };
}

test('the node: no data, no seeking, always ready, no direct I/O', () => {
  expect(
    ['read', 'write', 'pread', 'pwrite', 'ftruncate', 'fsync', 'readahead'].map((call) =>
      fileCall(call as 'read'),
    ),
  ).toEqual(Array.from({ length: 7 }, () => fails('EINVAL')));
  expect([fileCall('fallocate'), fileCall('ioctl')]).toEqual([fails('ENODEV'), fails('ENOTTY')]);
  expect([fileCall('lseek'), fileCall('fadvise'), fileCall('poll')]).toEqual(
    [0, 0, 1].map((value) => ({ ok: true, value })),
  );
  expect([openDevice({ exclusive: true }), openDevice({ direct: true })]).toEqual([
    OK,
    fails('EINVAL'),
  ]);
  expect(DEVICE_STAT.sizeBytes).toBe(0);
});

test('msync: MS_SYNC needs an fsync that the node has not, unless the mapping cannot have written', () => {
  const bench = new Bench({ kernel: 'refcount', align: '2M' });
  const readers = bench.map(bench.process, { mode: 'r', protection: READ_ONLY });
  const { start, end } = bench.vma;
  const sync = { sync: true };
  expect(msync(bench.process, start, end - start, sync)).toEqual(fails('EINVAL'));
  expect(msync(bench.process, readers.start, UNIT, sync)).toEqual(OK);
  expect(msync(bench.process, start, UNIT, { invalidate: true })).toEqual(OK);
  expect(msync(bench.process, start, UNIT, { sync: true, async: true })).toEqual(fails('EINVAL'));
  expect(msync(bench.process, start + 1n, UNIT, {})).toEqual(fails('EINVAL'));
  expect(msync(bench.process, 0x10_0000n, 4096n, {})).toEqual(fails('ENOMEM'));
});

test.each(KERNELS)(
  '%s: mlock populates for reading, munlock undoes nothing; a hole is ENOMEM',
  (kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    const { start, end } = bench.vma;
    const events = bench.during(() => expect(mlock(bench.process, start + 5n, UNIT)).toEqual(OK));
    // From the page that holds the address to the one that holds the end: two units.
    expect(events.faultMinor).toBe(2);
    expect((bench.leaf(0)?.entry ?? 0n) & 0x40n).toBe(0n);
    expect(munlock(bench.process, start, UNIT)).toEqual(OK);
    expect(bench.leaf(0)).toBeDefined();
    expect(mlock(bench.process, end - 4096n, 8192n)).toEqual(fails('ENOMEM'));
    expect(munlock(bench.process, end, 4096n)).toEqual(fails('ENOMEM'));
  },
);

describe('the kernel copies', () => {
  test.each(KERNELS)(
    '%s: /proc/pid/mem: a reference a page meanwhile, a write dirties the page',
    (kernel) => {
      const bench = new Bench({ kernel, align: '2M' });
      const { start } = bench.vma;
      const read = bench.during(() =>
        expect(readMemory(bench.process, start + 100n, 8192)).toEqual({ ok: true, value: 8192 }),
      );
      // Three pages, each got and put; the first faults the unit in.
      expect([read.faultMinor, bench.page(0).flagNames.includes('dirty')]).toEqual([1, false]);
      expect(writeMemory(bench.process, start, 4)).toEqual({ ok: true, value: 4 });
      expect(bench.page(0).flagNames).toContain('dirty');
      expect(bench.page(0).flagNames).not.toContain('locked');
      expect(bench.page(0).refcount).toBe(kernel === 'refcount' ? 2 : 1);
    },
  );

  test('up to where something is missing', () => {
    const bench = new Bench({ kernel: 'refcount', align: '4K' });
    const { start, end } = bench.vma;
    expect(readMemory(bench.process, end - 4196n, 9000)).toEqual({ ok: true, value: 4196 });
    expect(readMemory(bench.process, end, 1)).toEqual(fails('EIO'));
    expect(processVmReadv(bench.process, end - 4196n, 9000)).toEqual({ ok: true, value: 4196 });
    expect(processVmReadv(bench.process, end, 1)).toEqual(fails('EFAULT'));
    mprotect(bench.process, start, end - start, READ_ONLY);
    expect(writeMemory(bench.process, start, 1)).toEqual(fails('EIO'));
    expect(bench.system.machine.violation()).toBeUndefined();
  });

  test.each(KERNELS)('%s: process_vm_readv pins a run at a time', (kernel) => {
    const bench = new Bench({ kernel, align: '2M' });
    bench.touch(0, true);
    const events = bench.during(() => processVmReadv(bench.process, bench.vma.start, 1 << 20));
    // 256 pages: devmap walks a 2M leaf once a page, refcount once; the unpin is one run in both.
    expect(events.gupWalk).toBe(kernel === 'devmap' ? 256 : 1);
    expect([bench.page(0).folio?.pincount, bench.page(0).refcount]).toEqual([
      0,
      kernel === 'refcount' ? 2 : 1,
    ]);
  });

  test('vmsplice holds one reference a page until the pipe lets go, sixteen at most', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const spliced = vmsplice(bench.process, bench.vma.start + 10n, 1 << 20);
    if (!spliced.ok) throw new Error(spliced.errno);
    expect([spliced.value.bytes, bench.page(0).refcount]).toEqual([16 * 4096 - 10, 2 + 16]);
    munmap(bench.process, bench.vma.start, bench.vma.end - bench.vma.start);
    expect(bench.page(0).refcount).toBe(1 + 16);
    dropSpliced(bench.process, spliced.value);
    expect(bench.page(0).refcount).toBe(1);
    expect(vmsplice(bench.process, bench.vma.start, 10)).toEqual(fails('EFAULT'));
  });

  test('a shared futex: one write grab, faulted in if need be', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const { start } = bench.vma;
    const events = bench.during(() =>
      expect(futexWait(bench.process, start + 4n)).toEqual(fails('EAGAIN')),
    );
    expect([events.faultMinor, bench.page(0).refcount]).toEqual([1, 2]);
    expect(futexWait(bench.process, start + 3n)).toEqual(fails('EINVAL'));
    expect(futexWait(bench.process, bench.vma.end)).toEqual(fails('EFAULT'));
  });
});

describe('NUMA', () => {
  test('mbind splits where the policy changes, and only between units', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const { start } = bench.vma;
    const bind = { mode: 'bind', nodes: [0] } as const;
    expect(mbind(bench.process, start, 4096n, bind)).toEqual(fails('EINVAL'));
    expect(bench.process.vmas.length).toBe(1);
    expect(mbind(bench.process, start, UNIT, bind)).toEqual(OK);
    // The policy is there already: nothing changes, nothing splits.
    expect(mbind(bench.process, start, 4096n, bind)).toEqual(OK);
    expect(readNumaMaps(bench.process).map(({ policy }) => policy)).toEqual(['bind:0', 'default']);
    expect(mbind(bench.process, start, UNIT, { mode: 'default' })).toEqual(OK);
    expect(bench.process.vmas.length).toBe(1);
  });

  test('refused: a node that is not there, a hole, off the page', () => {
    const bench = new Bench({ kernel: 'devmap', align: '4K' });
    const { start, end } = bench.vma;
    expect(mbind(bench.process, start, 4096n, { mode: 'bind', nodes: [1] })).toEqual(
      fails('EINVAL'),
    );
    expect(mbind(bench.process, end, 4096n, { mode: 'local' })).toEqual(fails('EFAULT'));
    expect(mbind(bench.process, start + 1n, 4096n, { mode: 'local' })).toEqual(fails('EINVAL'));
  });

  test('no NUMA call removes a 1G leaf; get_mempolicy faults one in', () => {
    const bench = new Bench({ kernel: 'refcount', align: '1G' });
    const { start } = bench.vma;
    const events = bench.during(() =>
      expect(getMempolicyNode(bench.process, start)).toEqual({ ok: true, value: 0 }),
    );
    expect(events.faultMinor).toBe(1);
    expect(movePagesStatus(bench.process, [start, 0x1000n])).toEqual(['ENOENT', 'EFAULT']);
    mbind(bench.process, start, 1n << 30n, { mode: 'preferred', nodes: [0] });
    expect(bench.leaf(0)).toBeDefined();
    expect(bench.page(0).refcount).toBe(2);
  });
});

test('zaps of mappings read in order or at random mark no access, whatever lies beside them', () => {
  const bench = new Bench({ kernel: 'refcount', align: '2M' });
  const { start, end } = bench.vma;
  for (const page of [0, 512, 1024]) bench.touch(page, false);
  madvise(bench.process, start + UNIT, UNIT, 'random');
  munmap(bench.process, start, end - start);
  const referenced = [0, 512, 1024].map((page) =>
    bench.page(page).flagNames.includes('referenced'),
  );
  expect(referenced).toEqual([true, false, true]);
  expect(bench.system.machine.violation()).toBeUndefined();
  expect(access(bench.process, start, 'read').signal).toBe('SIGSEGV');
});

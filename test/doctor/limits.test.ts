// What limits memory: MemAvailable, cgroups of both versions, the address space; and what fits then.
import { describe, expect, test } from 'vitest';
import { type Capacity, capacities } from '../../host/doctor/capacity.ts';
import { type MemoryLimit, memoryLimits } from '../../host/doctor/limits.ts';
import { bankShape, dynamicDevice, sizeStepBytes } from '../../host/syscall/device.ts';
import { ALIGNS, GIB, MIB, TIB } from '../../host/units.ts';
import { BANK_BYTES_MAX, bankBytes } from '../../host/wasm/bank.ts';
import { onMachine } from './machine.ts';

const MEMINFO =
  'MemTotal:       16777216 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB';
const UNLIMITED =
  'Limit  Soft Limit  Hard Limit  Units\nMax address space         unlimited            unlimited            bytes';

function limitsOf(files: Readonly<Record<string, string>>): readonly MemoryLimit[] {
  return onMachine(
    { '/proc/meminfo': MEMINFO, '/proc/self/limits': UNLIMITED, ...files },
    memoryLimits,
  );
}

function others(files: Readonly<Record<string, string>>) {
  return limitsOf(files).filter(({ id }) => id !== 'MemAvailable');
}

describe('limits', () => {
  test('MemAvailable alone', () => {
    expect(limitsOf({})).toEqual([
      { id: 'MemAvailable', leftBytes: 8 * GIB, where: '/proc/meminfo' },
    ]);
  });

  test('cgroup v2: what is used counts, page cache that can go does not', () => {
    const at = '/sys/fs/cgroup/app';
    expect(
      others({
        '/proc/self/cgroup': '0::/app',
        [`${at}/memory.max`]: String(2 * GIB),
        [`${at}/memory.current`]: String(GIB),
        [`${at}/memory.stat`]: `anon 1\ninactive_file ${512 * MIB}\nactive_file 7`,
      }),
    ).toEqual([{ id: 'cgroup v2', leftBytes: 1.5 * GIB, where: `${at}/memory.max` }]);
  });

  test('cgroup v2: an ancestor may be the tighter one; `max` is none', () => {
    expect(
      others({
        '/proc/self/cgroup': '0::/pod/app',
        '/sys/fs/cgroup/pod/app/memory.max': 'max',
        '/sys/fs/cgroup/pod/memory.max': String(GIB),
        '/sys/fs/cgroup/pod/memory.current': '0',
      }),
    ).toEqual([{ id: 'cgroup v2', leftBytes: GIB, where: '/sys/fs/cgroup/pod/memory.max' }]);
    expect(others({ '/proc/self/cgroup': '0::/a', '/sys/fs/cgroup/a/memory.max': 'max' })).toEqual(
      [],
    );
  });

  test('in a container, where the path is not there, the root of what it sees', () => {
    expect(
      others({ '/proc/self/cgroup': '0::/docker/1234', '/sys/fs/cgroup/memory.max': String(GIB) }),
    ).toEqual([{ id: 'cgroup v2', leftBytes: GIB, where: '/sys/fs/cgroup/memory.max' }]);
  });

  test('cgroup v1, among other controllers; the largest number is no limit', () => {
    const group = '9:cpu,memory:/job\n3:name=systemd:/\n0::/';
    const at = '/sys/fs/cgroup/memory/job';
    expect(
      others({
        '/proc/self/cgroup': group,
        [`${at}/memory.limit_in_bytes`]: String(3 * GIB),
        [`${at}/memory.usage_in_bytes`]: String(GIB),
        [`${at}/memory.stat`]: 'total_inactive_file 0',
      }),
    ).toEqual([{ id: 'cgroup v1', leftBytes: 2 * GIB, where: `${at}/memory.limit_in_bytes` }]);
    expect(
      others({
        '/proc/self/cgroup': group,
        [`${at}/memory.limit_in_bytes`]: '9223372036854771712',
      }),
    ).toEqual([]);
  });

  test('RLIMIT_AS, less what is mapped already', () => {
    expect(
      others({
        '/proc/self/limits': `Max address space         ${12 * GIB}          ${12 * GIB}          bytes`,
        '/proc/self/status': 'VmSize:\t 1048576 kB',
      }),
    ).toEqual([{ id: 'RLIMIT_AS', leftBytes: 11 * GIB, where: 'ulimit -v' }]);
  });
});

function limit(id: MemoryLimit['id'], leftBytes: number): MemoryLimit {
  return { id, leftBytes, where: '' };
}

function pick(found: readonly Capacity[], align: Capacity['align'], map: Capacity['map']) {
  return found.find((each) => each.align === align && each.map === map) as Capacity;
}

/** Bytes of the counted bank of a device. */
function counted({ align, map }: Capacity, sizeBytes: number): number {
  return bankBytes(bankShape(dynamicDevice(align, sizeBytes, map), 1, true));
}

describe('capacity', () => {
  const plenty = capacities([limit('MemAvailable', 64 * GIB)]);

  test('with plenty, one bank is the limit: so large it fits, a step more it does not', () => {
    for (const found of plenty) {
      expect(found.bound).toBe('one bank');
      expect(found.bankBytes).toBeLessThanOrEqual(BANK_BYTES_MAX);
      expect(counted(found, found.sizeBytes)).toBeLessThanOrEqual(BANK_BYTES_MAX);
    }
    const found = pick(plenty, '4K', 'mem');
    const more = found.sizeBytes + sizeStepBytes('4K');
    expect(counted(found, more)).toBeGreaterThan(BANK_BYTES_MAX - 256 * MIB);
    // Page numbers are 32 bits: 1G units end there, not at the bank's bytes.
    expect(pick(plenty, '1G', 'mem').sizeBytes).toBe(16 * TIB - GIB);
  });

  test('deduplicated struct pages hold more than those on the device', () => {
    for (const align of ['2M', '1G'] as const)
      expect(pick(plenty, align, 'mem').sizeBytes).toBeGreaterThan(
        pick(plenty, align, 'dev').sizeBytes,
      );
  });

  test('a container binds, and is named', () => {
    const found = capacities([limit('MemAvailable', 64 * GIB), limit('cgroup v2', GIB)]);
    const small = pick(found, '4K', 'mem');
    expect(small.bound).toBe('cgroup v2');
    expect(small.bankBytes).toBeLessThanOrEqual(GIB);
    expect(small.sizeBytes % ALIGNS['4K']).toBe(0);
    expect(small.sizeBytes).toBeLessThan(pick(plenty, '4K', 'mem').sizeBytes);
    expect(pick(found, '1G', 'mem').bound).toBe('one bank');
  });

  test('address space for no memory at all: nothing fits', () => {
    const found = capacities([limit('MemAvailable', 64 * GIB), limit('RLIMIT_AS', 9 * GIB)]);
    expect(found.map(({ sizeBytes, bound }) => [sizeBytes, bound])).toEqual(
      found.map(() => [0, 'RLIMIT_AS']),
    );
    const enough = capacities([limit('MemAvailable', 64 * GIB), limit('RLIMIT_AS', 10 * GIB)]);
    expect(enough).toEqual(plenty);
  });
});

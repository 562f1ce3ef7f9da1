// What ends the memory of a process, from files as Linux writes them, and which limit a need runs into.
import { describe, expect, test } from 'vitest';
import { GIB, KIB, MIB } from '../../host/units.ts';
import { type Limit, memoryLimits, refusal } from '../../host/wasm/limits.ts';

type Files = Readonly<Record<string, string>>;

const MEMINFO = `MemTotal:       24000000 kB
MemFree:         1000000 kB
MemAvailable:   20971520 kB
CommitLimit:     8388608 kB
Committed_AS:    6291456 kB
`;
const NO_LIMITS =
  'Max address space         unlimited            unlimited            bytes     \n';
const STATUS = 'Name:\tnode\nVmSize:\t 1048576 kB\n';
const PLAIN: Files = {
  '/proc/meminfo': MEMINFO,
  '/proc/sys/vm/overcommit_memory': '0\n',
  '/proc/self/cgroup': '0::/\n',
  '/proc/self/limits': NO_LIMITS,
  '/proc/self/status': STATUS,
};

function limitsOf(files: Files): readonly Pick<Limit, 'name' | 'freeBytes'>[] {
  const all: Files = { ...PLAIN, ...files };
  return memoryLimits((path) => all[path]).map(({ name, freeBytes }) => ({ name, freeBytes }));
}

const AVAILABLE = { name: 'MemAvailable', freeBytes: 20 * GIB };

describe('limits', () => {
  test('MemAvailable alone', () => {
    expect(limitsOf({})).toEqual([AVAILABLE]);
  });

  test('free memory where there is no /proc', () => {
    const [only, ...more] = memoryLimits(() => undefined);
    expect(only?.name).toBe('free memory');
    expect(only?.freeBytes).toBeGreaterThan(0);
    expect(more).toEqual([]);
  });

  test('cgroup v2: every group around this one; max is none; cache that can go is free', () => {
    const group = '/sys/fs/cgroup/user.slice/job.scope';
    const found = limitsOf({
      '/proc/self/cgroup': '0::/user.slice/job.scope\n',
      [`${group}/memory.max`]: `${4 * GIB}\n`,
      [`${group}/memory.current`]: `${3 * GIB}\n`,
      [`${group}/memory.stat`]: `anon 5\ninactive_file ${GIB}\nactive_file 7\n`,
      '/sys/fs/cgroup/user.slice/memory.max': 'max\n',
      '/sys/fs/cgroup/user.slice/memory.current': `${3 * GIB}\n`,
    });
    const name = 'memory.max of cgroup /user.slice/job.scope';
    expect(found).toEqual([AVAILABLE, { name, freeBytes: 2 * GIB }]);
  });

  test('cgroup v2 of a container, which is the root of what it sees', () => {
    const found = limitsOf({
      '/sys/fs/cgroup/memory.max': `${GIB}\n`,
      '/sys/fs/cgroup/memory.current': `${2 * GIB}\n`,
    });
    expect(found).toEqual([AVAILABLE, { name: 'memory.max of cgroup /', freeBytes: 0 }]);
  });

  test('cgroup v1 beside v2: the memory controller, up to the root; its "no limit" is none', () => {
    const found = limitsOf({
      '/proc/self/cgroup': '9:name=systemd:/x\n4:cpu,memory:/box/inner\n0::/\n',
      '/sys/fs/cgroup/memory/box/inner/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/memory/box/inner/memory.usage_in_bytes': `${MIB}\n`,
      '/sys/fs/cgroup/memory/box/memory.limit_in_bytes': `${512 * MIB}\n`,
      '/sys/fs/cgroup/memory/box/memory.usage_in_bytes': `${200 * MIB}\n`,
      '/sys/fs/cgroup/memory/box/memory.stat': `total_inactive_file ${50 * MIB}\n`,
    });
    const name = 'memory.limit_in_bytes of cgroup /box';
    expect(found).toEqual([AVAILABLE, { name, freeBytes: 362 * MIB }]);
  });

  test('RLIMIT_AS, less the addresses in use', () => {
    const limits = `Max address space         ${41 * GIB}          unlimited            bytes     \n`;
    const found = limitsOf({ '/proc/self/limits': limits });
    expect(found).toEqual([AVAILABLE, { name: 'RLIMIT_AS (ulimit -v)', freeBytes: 40 * GIB }]);
  });

  test('the commit limit, where overcommitting is forbidden', () => {
    const found = limitsOf({ '/proc/sys/vm/overcommit_memory': '2\n' });
    const name = 'CommitLimit (vm.overcommit_memory=2)';
    expect(found).toEqual([AVAILABLE, { name, freeBytes: 2 * GIB }]);
  });
});

describe('refusal', () => {
  const limit = (of: Limit['of'], name: string, freeBytes: number): Limit => ({
    of,
    name,
    freeBytes,
    remedy: `raise ${name}`,
  });
  const need = { banks: 4, bytes: 3 * GIB, residentBytes: 2 * GIB };
  const textOf = (limits: readonly Limit[]): string | undefined => {
    const refused = refusal(need, limits);
    return refused && `${refused.code}: ${refused.message}; ${refused.hint}`;
  };

  test('nothing is in the way', () => {
    const enough = [limit('memory', 'a', 2304 * MIB), limit('addresses', 'b', 40 * GIB)];
    expect(textOf(enough)).toBeUndefined();
    expect(textOf([limit('commitment', 'c', 3328 * MIB)])).toBeUndefined();
  });

  test('need, have, the limit and what to type, of each kind', () => {
    const rest = 'or use a smaller --size, a larger --align or --records packed';
    expect(textOf([limit('memory', 'MemAvailable', GIB)])).toBe(
      `E_MEMORY: this device needs 2.25 GiB of memory; MemAvailable leaves 1 GiB; raise MemAvailable, ${rest}`,
    );
    expect(textOf([limit('commitment', 'CommitLimit', GIB)])).toBe(
      `E_MEMORY: this device needs 3.25 GiB of memory; CommitLimit leaves 1 GiB; raise CommitLimit, ${rest}`,
    );
    expect(textOf([limit('addresses', 'RLIMIT_AS', 40 * GIB - 1 * KIB)])).toBe(
      `E_MEMORY: this device needs 40 GiB of address space for 4 banks; RLIMIT_AS leaves 40 GiB; raise RLIMIT_AS, ${rest}`,
    );
  });

  test('of several limits the one that is furthest exceeded is named', () => {
    const limits = [limit('memory', 'a', 2 * GIB), limit('memory', 'b', GIB)];
    expect(textOf(limits)).toContain('b leaves 1 GiB');
  });
});

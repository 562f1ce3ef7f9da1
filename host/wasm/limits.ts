import { DaxError } from '../error.ts';
import { formatBytes, GIB, MIB } from '../units.ts';
import { freeBytes, readSystemFile } from './platform.ts';

/** What the host itself needs beside the banks. */
const HEADROOM_BYTES = 256 * MIB;
/**
 * Address space that V8 sets aside for a memory, however small: 4 GiB that an index can name, and
 * guards around them, so that no access needs a check (seen in Node 20 and 22).
 */
const RESERVED_BYTES = 10 * GIB;

/** Reads a file of /proc or /sys; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** One thing that ends how much memory this process can have. */
export interface Limit {
  /** What it bounds: memory that is touched, memory that is promised, or addresses. */
  readonly of: 'memory' | 'commitment' | 'addresses';
  readonly name: string;
  readonly freeBytes: number;
  /** What raises it. */
  readonly remedy: string;
}

/** What some banks need. */
export interface Need {
  readonly banks: number;
  /** Bytes that will be touched, and bytes of the memories. */
  readonly residentBytes: number;
  readonly bytes: number;
}

const CLOSE = 'close other programs';

function kilobytes(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '');
  return found ? Number(found[1]) * 1024 : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  const found = /^\s*(\d+)\s*$/.exec(text ?? '');
  return found ? Number(found[1]) : undefined;
}

function availableMemory(read: ReadFile): Limit {
  const found = kilobytes(read('/proc/meminfo'), 'MemAvailable');
  const name = found === undefined ? 'free memory' : 'MemAvailable';
  return { of: 'memory', name, freeBytes: found ?? freeBytes(), remedy: CLOSE };
}

/** vm.overcommit_memory=2: what was promised may not be more than there is. */
function commitLimit(read: ReadFile): readonly Limit[] {
  if (read('/proc/sys/vm/overcommit_memory')?.trim() !== '2') return [];
  const info = read('/proc/meminfo');
  const limit = kilobytes(info, 'CommitLimit');
  const used = kilobytes(info, 'Committed_AS');
  if (limit === undefined || used === undefined) return [];
  return [
    {
      of: 'commitment',
      name: 'CommitLimit (vm.overcommit_memory=2)',
      freeBytes: Math.max(0, limit - used),
      remedy: 'type sysctl vm.overcommit_memory=0',
    },
  ];
}

/** A version of control groups: where it is mounted and what its files are called. */
interface CgroupFiles {
  readonly mounts: readonly string[];
  readonly limit: string;
  readonly usage: string;
  /** The line of memory.stat that counts cache the kernel would rather drop than kill. */
  readonly cache: string;
}

const V1: CgroupFiles = {
  mounts: ['/sys/fs/cgroup/memory'],
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  cache: 'total_inactive_file',
};
const V2: CgroupFiles = {
  mounts: ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'],
  limit: 'memory.max',
  usage: 'memory.current',
  cache: 'inactive_file',
};

/** A group and its parents, the innermost first. */
function upwards(path: string): readonly string[] {
  const names = path.split('/').filter((name) => name !== '');
  return names.map((_, i) => `/${names.slice(0, names.length - i).join('/')}`).concat('/');
}

/** The limits of a group and of all around it, whichever of them this process can see. */
function groupLimits(read: ReadFile, path: string, files: CgroupFiles): readonly Limit[] {
  return files.mounts.flatMap((mount) =>
    upwards(path).flatMap((group): readonly Limit[] => {
      const folder = group === '/' ? mount : `${mount}${group}`;
      const limit = wholeNumber(read(`${folder}/${files.limit}`));
      const usage = wholeNumber(read(`${folder}/${files.usage}`));
      // "max" of v2 is no number; what v1 writes for it is more than any machine has.
      if (limit === undefined || usage === undefined || limit >= 2 ** 60) return [];
      const stat = read(`${folder}/memory.stat`) ?? '';
      const cache = Number(new RegExp(`^${files.cache} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
      const name = `${files.limit} of cgroup ${group}`;
      const free = Math.max(0, limit - Math.max(0, usage - cache));
      return [{ of: 'memory', name, freeBytes: free, remedy: `raise ${name}` }];
    }),
  );
}

function cgroupLimits(read: ReadFile): readonly Limit[] {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, id, controllers = '', path = '/'] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers.split(',').includes('memory')) return groupLimits(read, path, V1);
    return id === '0' && controllers === '' ? groupLimits(read, path, V2) : [];
  });
}

function addressLimit(read: ReadFile): readonly Limit[] {
  const found = /^Max address space\s+(\d+)/m.exec(read('/proc/self/limits') ?? '');
  const used = kilobytes(read('/proc/self/status'), 'VmSize');
  if (!found || used === undefined) return [];
  const freeBytes = Math.max(0, Number(found[1]) - used);
  const remedy = 'type ulimit -v unlimited';
  return [{ of: 'addresses', name: 'RLIMIT_AS (ulimit -v)', freeBytes, remedy }];
}

/** Every limit on the memory of this process that the system tells of. */
export function memoryLimits(read: ReadFile = readSystemFile): readonly Limit[] {
  return [
    availableMemory(read),
    ...commitLimit(read),
    ...cgroupLimits(read),
    ...addressLimit(read),
  ];
}

function neededBytes({ of }: Limit, { banks, residentBytes, bytes }: Need): number {
  if (of === 'addresses') return banks * RESERVED_BYTES;
  return (of === 'memory' ? residentBytes : bytes) + HEADROOM_BYTES;
}

/** The limit that some banks would run into, the one they exceed most; undefined: there is room. */
export function binding(need: Need, limits: readonly Limit[]): Limit | undefined {
  const lacking = (limit: Limit): number => neededBytes(limit, need) - limit.freeBytes;
  return limits.filter((limit) => lacking(limit) > 0).sort((a, b) => lacking(b) - lacking(a))[0];
}

/**
 * Why some banks cannot be; undefined: there is room.
 *
 * Why: a process that takes more than its limit is killed in the middle, without a word.
 */
export function refusal(need: Need, limits: readonly Limit[]): DaxError | undefined {
  const limit = binding(need, limits);
  if (!limit) return undefined;
  const { of, name, freeBytes: free, remedy } = limit;
  const needed = formatBytes(neededBytes(limit, need));
  const what = of === 'addresses' ? `address space for ${need.banks} banks` : 'memory';
  return new DaxError(
    'E_MEMORY',
    `this device needs ${needed} of ${what}; ${name} leaves ${formatBytes(free)}`,
    `${remedy}, or use a smaller --size, a larger --align or --records packed`,
  );
}

import { dirname } from 'node:path';
import type { Sources } from './sources.ts';

/** One thing that limits how much memory this process can still have. */
export interface MemoryLimit {
  readonly id: 'MemAvailable' | 'cgroup v2' | 'cgroup v1' | 'RLIMIT_AS';
  /** Bytes left; of RLIMIT_AS of address space, of the others of memory. */
  readonly leftBytes: number;
  /** The file or command that shows it. */
  readonly where: string;
}

function number(text: string | undefined, pattern: RegExp): number | undefined {
  const found = pattern.exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

function memAvailable(sources: Sources): readonly MemoryLimit[] {
  const kib = number(sources.read('/proc/meminfo'), /^MemAvailable:\s+(\d+) kB/m);
  if (kib === undefined) return [];
  return [{ id: 'MemAvailable', leftBytes: kib * 1024, where: '/proc/meminfo' }];
}

/** A folder and those above it, up to `top`. */
function upTo(top: string, path: string): readonly string[] {
  const folder = `${top}${path === '/' ? '' : path}`;
  return folder === top ? [top] : [folder, ...upTo(top, dirname(path))];
}

interface Controller {
  readonly id: MemoryLimit['id'];
  readonly max: string;
  readonly used: string;
  /** Page cache that the kernel gives up before it refuses: a line of memory.stat. */
  readonly reclaimable: RegExp;
}

const V2: Controller = {
  id: 'cgroup v2',
  max: 'memory.max',
  used: 'memory.current',
  reclaimable: /^inactive_file (\d+)/m,
};
const V1: Controller = {
  id: 'cgroup v1',
  max: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  reclaimable: /^total_inactive_file (\d+)/m,
};
/** What v1 says for no limit is the largest multiple of a page; any such is none. */
const NO_LIMIT = 2 ** 60;

/** The tightest of a cgroup and its ancestors. */
function cgroup(sources: Sources, { id, max, used, reclaimable }: Controller, folders: string[]) {
  const found = folders.flatMap((folder): readonly MemoryLimit[] => {
    const limit = number(sources.read(`${folder}/${max}`), /^(\d+)$/);
    if (limit === undefined || limit >= NO_LIMIT) return [];
    const taken = number(sources.read(`${folder}/${used}`), /^(\d+)$/) ?? 0;
    const cache = number(sources.read(`${folder}/memory.stat`), reclaimable) ?? 0;
    const leftBytes = Math.max(0, limit - Math.max(0, taken - cache));
    return [{ id, leftBytes, where: `${folder}/${max}` }];
  });
  return found.sort((a, b) => a.leftBytes - b.leftBytes).slice(0, 1);
}

/** In a container its own cgroup is the root of what it sees: the path may not be there. */
function cgroups(sources: Sources): readonly MemoryLimit[] {
  const lines = (sources.read('/proc/self/cgroup') ?? '').split('\n');
  const v2 = lines.flatMap((line) => /^0::(\/.*)$/.exec(line)?.[1] ?? []);
  const v1 = lines.flatMap(
    (line) => /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/.exec(line)?.[1] ?? [],
  );
  const [top2, top1] = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory'];
  return [
    ...cgroup(
      sources,
      V2,
      v2.flatMap((path) => upTo(top2, path)),
    ),
    ...cgroup(
      sources,
      V1,
      v1.flatMap((path) => upTo(top1, path)),
    ),
  ];
}

function addressSpace(sources: Sources): readonly MemoryLimit[] {
  const limit = number(sources.read('/proc/self/limits'), /^Max address space\s+(\d+)/m);
  if (limit === undefined) return [];
  const usedKib = number(sources.read('/proc/self/status'), /^VmSize:\s+(\d+) kB/m) ?? 0;
  const leftBytes = Math.max(0, limit - usedKib * 1024);
  return [{ id: 'RLIMIT_AS', leftBytes, where: 'ulimit -v' }];
}

/** Everything that limits this process's memory, where the system says so. */
export function memoryLimits(sources: Sources): readonly MemoryLimit[] {
  return [...memAvailable(sources), ...cgroups(sources), ...addressSpace(sources)];
}

import { fingerprint } from '../measure/fingerprint.ts';
import type { Sources } from './sources.ts';

/** What of a machine decides how well times can be told apart on it. */
export interface MachineFacts {
  readonly cpu: string;
  /** Processors that Linux runs threads on, cores they belong to, and those this process may use. */
  readonly cpus: number;
  readonly cores: number;
  readonly usableCpus: number;
  /** As `32K L1 data`, of the first processor. */
  readonly caches: readonly string[];
  readonly memoryBytes: number;
  readonly governor: string;
  /** Transparent huge pages of anonymous memory: always, madvise or never. */
  readonly hugePages: string;
  readonly clocksource: string;
  /** Whether a hypervisor is below. */
  readonly virtual: boolean;
  readonly load: number;
  readonly os: string;
  readonly node: string;
  readonly flags: readonly string[];
}

const CPU = '/sys/devices/system/cpu';

/** `0-3,8` as numbers. */
export function parseCpuList(text: string): readonly number[] {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    if (first === undefined || !Number.isInteger(first) || !Number.isInteger(last)) return [];
    return Array.from({ length: (last as number) - first + 1 }, (_, i) => first + i);
  });
}

/** Sets of processors that are hardware threads of one core. */
function coresOf(sources: Sources, cpus: readonly number[]): number {
  const siblings = cpus.map(
    (cpu) => sources.read(`${CPU}/cpu${cpu}/topology/thread_siblings_list`) ?? String(cpu),
  );
  return new Set(siblings).size;
}

function cachesOf(sources: Sources): readonly string[] {
  const found: string[] = [];
  for (let index = 0; ; index++) {
    const read = (name: string) => sources.read(`${CPU}/cpu0/cache/index${index}/${name}`);
    const [level, size, type] = [read('level'), read('size'), read('type')];
    if (level === undefined || size === undefined) return found;
    const kind = type === undefined || type === 'Unified' ? '' : ` ${type.toLowerCase()}`;
    found.push(`${size} L${level}${kind}`);
  }
}

/** The word in brackets of `always [madvise] never`. */
function chosen(text: string | undefined): string {
  return /\[(\w+)\]/.exec(text ?? '')?.[1] ?? 'unknown';
}

export function machineFacts(sources: Sources): MachineFacts {
  const { cpu, cpus, memoryBytes, load, os, node, flags } = fingerprint();
  const online = parseCpuList(sources.read(`${CPU}/online`) ?? `0-${cpus - 1}`);
  const allowed = /^Cpus_allowed_list:\s+(\S+)/m.exec(sources.read('/proc/self/status') ?? '')?.[1];
  const info = sources.read('/proc/cpuinfo') ?? '';
  const totalKib = /^MemTotal:\s+(\d+) kB/m.exec(sources.read('/proc/meminfo') ?? '')?.[1];
  return {
    cpu: /^model name\s*:\s*(.+)$/m.exec(info)?.[1] ?? cpu,
    cpus: online.length,
    cores: coresOf(sources, online),
    usableCpus: allowed === undefined ? online.length : parseCpuList(allowed).length,
    caches: cachesOf(sources),
    memoryBytes: totalKib === undefined ? memoryBytes : Number(totalKib) * 1024,
    governor: sources.read(`${CPU}/cpu0/cpufreq/scaling_governor`) ?? 'unknown',
    hugePages: chosen(sources.read('/sys/kernel/mm/transparent_hugepage/enabled')),
    clocksource:
      sources.read('/sys/devices/system/clocksource/clocksource0/current_clocksource') ?? 'unknown',
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(info),
    load: Number(sources.read('/proc/loadavg')?.split(' ')[0] ?? load),
    os,
    node,
    flags,
  };
}

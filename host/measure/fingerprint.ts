import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** The machine a result was measured on. Times of different ids are never compared. */
export interface Fingerprint {
  /** Eight hex digits over all that follows but the load. */
  readonly id: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** cpufreq governor of the first processor, where the system says. */
  readonly governor: string;
  readonly os: string;
  readonly node: string;
  readonly v8: string;
  /** Flags Node was started with. */
  readonly flags: readonly string[];
  /** Load average over the last minute, when the result was made. */
  readonly load: number;
}

function governor(): string {
  try {
    const file = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

export function fingerprint(): Fingerprint {
  const processors = cpus();
  const machine = {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cpus: processors.length,
    memoryBytes: totalmem(),
    governor: governor(),
    os: `${process.platform} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    flags: process.execArgv,
  };
  const id = createHash('sha256').update(JSON.stringify(machine)).digest('hex').slice(0, 8);
  return { id, ...machine, load: Number((loadavg()[0] ?? 0).toFixed(2)) };
}

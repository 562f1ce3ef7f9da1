import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import { type Phase, type PhaseName, workloadHash } from '../storm/phase.ts';
import { Rig } from '../storm/rig.ts';
import { runPaired } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import type { Overlap } from '../wasm/machine.ts';
import type { CompareOptions } from './comparison.ts';
import { countPhases, type PhaseCounts } from './counts.ts';

/** One phase of a storm on one kernel: median emulated nanoseconds an operation. */
export interface StormTime {
  readonly phase: PhaseName;
  readonly operations: number;
  readonly nsPerOperation: number;
}

export interface StormResult {
  readonly device: Device;
  readonly kernels: readonly KernelId[];
  readonly overlap: Overlap;
  readonly workload: string;
  readonly counts: PhaseCounts;
  readonly times: Readonly<Partial<Record<KernelId, readonly StormTime[]>>>;
  readonly pairs: number;
  readonly seed: number;
  readonly interrupted: boolean;
}

/**
 * Runs a storm on one kernel or both: every event counted once, then timed in paired blocks (one
 * kernel alone is paired with itself).
 */
export async function runStorm(
  device: Device,
  phases: readonly Phase[],
  kernels: readonly KernelId[],
  overlap: Overlap,
  options: CompareOptions,
): Promise<StormResult> {
  options.onProgress?.('counting');
  const counts = countPhases(device, phases);
  const [first = KERNEL_IDS[0] as KernelId, second = first] = kernels;
  const base = new Rig(first, 'timed', device, phases);
  base.bank.prefault();
  const other = new Rig(second, 'timed', device, phases, base.bank);
  const run = await runPaired(base, other, {
    seconds: options.seconds,
    overlap,
    seed: options.seed,
    signal: options.signal,
    onPairs: (pairs) => options.onProgress?.(`timing, ${pairs} pairs of blocks`),
  });
  const side = (pick: 'baseNs' | 'otherNs') =>
    run.phases.map(({ name, operations, [pick]: nsPerOperation }) => ({
      phase: name,
      operations,
      nsPerOperation,
    }));
  return {
    device,
    kernels,
    overlap,
    workload: workloadHash(phases),
    counts,
    times: { [second]: side('otherNs'), [first]: side('baseNs') },
    pairs: run.pairs,
    seed: options.seed,
    interrupted: run.interrupted,
  };
}

import type { KernelId } from '../kernel.ts';
import { medianNs, turnCount } from '../measure/samples.ts';
import type { MemoryUse } from '../storm/memory.ts';
import { type Phase, type PhaseName, workloadHash } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import type { Overlap } from '../wasm/core.ts';
import type { CompareOptions } from './comparison.ts';
import { countedBuilds } from './countedBuilds.ts';
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
  readonly counts: PhaseCounts<KernelId>;
  readonly times: Readonly<Partial<Record<KernelId, readonly StormTime[]>>>;
  readonly turns: number;
  readonly memory: MemoryUse;
  readonly seed: number;
  readonly interrupted: boolean;
}

/**
 * Runs a storm on each of some kernels: every event counted once, then timed in turns of neighbouring
 * blocks.
 */
export async function runStorm(
  device: Device,
  phases: readonly Phase[],
  kernels: readonly KernelId[],
  overlap: Overlap,
  options: CompareOptions,
): Promise<StormResult> {
  options.onProgress?.('counting', options.seconds);
  const counts = countPhases(device, phases, kernels, await countedBuilds(device, kernels));
  const sides = kernels.map((kernel): Side => ({ name: kernel, kernel, kind: 'timed', overlap }));
  let memory: MemoryUse = { banks: 0, bytes: 0, prefaultSeconds: 0 };
  const samples = await runSides(device, phases, sides, {
    seconds: options.seconds,
    seed: options.seed,
    signal: options.signal,
    onMemory: (use) => {
      memory = use;
    },
    onTurns: (turns, left) => options.onProgress?.(`timing, ${turns} turns of blocks`, left),
  });
  const times = (kernel: KernelId): readonly StormTime[] =>
    phases.map(({ name, operations }, i) => ({
      phase: name,
      operations,
      nsPerOperation: medianNs(samples, kernel, i),
    }));
  return {
    device,
    kernels,
    overlap,
    workload: workloadHash(phases),
    counts,
    times: Object.fromEntries(kernels.map((kernel) => [kernel, times(kernel)])),
    turns: turnCount(samples),
    memory,
    seed: options.seed,
    interrupted: samples.interrupted,
  };
}

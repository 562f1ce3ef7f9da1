import { COMPARED, type ComparedKernel } from '../kernel.ts';
import { contrast, medianNs, type Samples, turnCount } from '../measure/samples.ts';
import type { Estimate } from '../measure/stats.ts';
import { Crew } from '../storm/crew.ts';
import { CrewRig, type CrewSide } from '../storm/crewRig.ts';
import { type CrewRun, crewBanks, runCrews } from '../storm/crewRunner.ts';
import { type CrewPhase, type CrewStorm, crewPhases, crewWorkload } from '../storm/crewStorm.ts';
import type { PhaseName } from '../storm/phase.ts';
import type { Device } from '../syscall/device.ts';
import { makeBuild, STEPS_ALL } from '../wasm/made.ts';
import type { CompareOptions } from './comparison.ts';

/** One phase on one kernel with so many threads. */
export interface ScalePoint {
  readonly threads: number;
  /** Median emulated nanoseconds an operation, of all threads together. */
  readonly nsPerOperation: number;
  /** How many times the operations of one thread they did in the same time. */
  readonly scaling: Estimate;
  /** From one counted run of full detail: races that struct-page counters lost, and locks waited for. */
  readonly operations: number;
  readonly casRetries: number;
  readonly lockWaits: number;
}

export interface ScaleCurve {
  readonly phase: PhaseName;
  readonly title: string;
  readonly kernel: ComparedKernel;
  readonly points: readonly ScalePoint[];
}

/** How much more several threads do than one, emulated, on each kernel. */
export interface Scale extends Omit<CrewStorm, 'seed'> {
  readonly device: Device;
  /** What the timed builds emulate: locks too, where threads share an address space. */
  readonly detail: 'pages' | 'full';
  readonly workload: string;
  readonly curves: readonly ScaleCurve[];
  readonly turns: number;
  readonly placements: number;
  readonly seed: number;
  readonly interrupted: boolean;
}

type Counts = readonly { readonly casRetries: number; readonly lockWaits: number }[];

function runName(kernel: ComparedKernel, threads: number): string {
  return `${kernel} ${threads}`;
}

/** Each number of threads from 1 on: what its phases lost and waited, on one kernel. */
async function countContention(
  kernel: ComparedKernel,
  device: Device,
  storm: CrewStorm,
  phases: readonly CrewPhase[],
): Promise<readonly Counts[]> {
  const banks = crewBanks(device, storm, true);
  const crew = new Crew(banks.first, storm.threads);
  try {
    const side = { kernel, kind: 'counted', overlap: 'natural' } as const;
    const rig = new CrewRig(side, device, storm, phases, banks, crew);
    const counts: Counts[] = [];
    for (let threads = 1; threads <= storm.threads; threads++) {
      const events = await rig.count(threads);
      counts.push(
        events.map(({ casRetry, lockWait }) => ({ casRetries: casRetry, lockWaits: lockWait })),
      );
    }
    return counts;
  } finally {
    await crew.dismiss();
  }
}

/** The core of a kernel: with its locks, where threads meet in one address space. */
async function timedSide(kernel: ComparedKernel, { mm }: CrewStorm): Promise<CrewSide> {
  const side = { kernel, kind: 'timed', overlap: 'none' } as const;
  if (mm === 'own') return side;
  const steps = kernel === 'devmap' ? 0 : STEPS_ALL;
  return { ...side, wasm: await makeBuild({ kernel, detail: 'full', steps, percpu: 'plain' }) };
}

/** How many times one thread's work `threads` do: from the ratio of their times an operation. */
export function scalingOf(ratio: Estimate): Estimate {
  return { value: 1 / ratio.value, low: 1 / ratio.high, high: 1 / ratio.low };
}

const ALONE: Estimate = { value: 1, low: 1, high: 1 };

function point(
  samples: Samples,
  kernel: ComparedKernel,
  threads: number,
  phase: number,
  { operations }: CrewPhase,
  counts: Counts | undefined,
  seed: number,
): ScalePoint {
  const name = runName(kernel, threads);
  const found = contrast(samples, runName(kernel, 1), name, phase, seed);
  return {
    threads,
    nsPerOperation: medianNs(samples, name, phase),
    scaling: threads === 1 || !found ? ALONE : scalingOf(found.ratio),
    operations: operations * threads,
    casRetries: counts?.[phase]?.casRetries ?? 0,
    lockWaits: counts?.[phase]?.lockWaits ?? 0,
  };
}

/**
 * The scaling curve of a storm from one thread to the storm's most, on both kernels: each number of
 * threads is a side of one run, in turns of neighbouring blocks. Undefined where nothing was measured.
 *
 * Fails: E_STORM, E_MEMORY, E_BANK_SPAN; E_NOT_BUILT where a build is missing and cannot be made;
 * E_VALUE off x86-64.
 */
export async function scale(
  device: Device,
  storm: CrewStorm,
  { seconds, seed, signal, onProgress }: CompareOptions,
): Promise<Scale | undefined> {
  const phases = crewPhases(storm, device);
  const counts = new Map<ComparedKernel, readonly Counts[]>();
  const runs: CrewRun[] = [];
  for (const kernel of COMPARED) {
    onProgress?.(`${kernel}: counting`);
    counts.set(kernel, await countContention(kernel, device, storm, phases));
    const side = await timedSide(kernel, storm);
    for (let threads = 1; threads <= storm.threads; threads++) {
      runs.push({ name: runName(kernel, threads), side, threads });
    }
  }
  const onTurns = (turns: number): void => onProgress?.(`scaling, ${turns} turns of blocks`);
  const samples = await runCrews(device, storm, phases, runs, { seconds, seed, signal, onTurns });
  if (turnCount(samples) === 0) return undefined;
  const curves = phases.flatMap((phase, i) =>
    (phase.untimed ? [] : COMPARED).map((kernel): ScaleCurve => {
      const points = Array.from({ length: storm.threads }, (_, j) =>
        point(samples, kernel, j + 1, i, phase, counts.get(kernel)?.[j], seed),
      );
      return { phase: phase.name, title: phase.title, kernel, points };
    }),
  );
  return {
    ...storm,
    device,
    detail: storm.mm === 'own' ? 'pages' : 'full',
    workload: crewWorkload(phases),
    curves,
    turns: turnCount(samples),
    placements: samples.placements.length,
    seed,
    interrupted: samples.interrupted,
  };
}

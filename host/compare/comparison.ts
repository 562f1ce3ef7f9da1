import { COMPARED, type ComparedKernel } from '../kernel.ts';
import { type BreakEven, recordedBreakEven, weigh } from '../measure/breakEven.ts';
import {
  controlCost,
  type OperationShape,
  phaseCost,
  phaseTitle,
  touchCost,
} from '../measure/operation.ts';
import type { RecordedCost } from '../measure/recorded.ts';
import { contrast, type Samples, turnCount } from '../measure/samples.ts';
import type { Estimate } from '../measure/stats.ts';
import { holm } from '../measure/wilcoxon.ts';
import type { OnProgress } from '../progress.ts';
import { type Phase, type PhaseName, type TouchMix, workloadHash } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import { PAGE_BYTES } from '../units.ts';
import { countedBuilds } from './countedBuilds.ts';
import { countPhases, type KernelCount, type PhaseCounts } from './counts.ts';

/** Emulated time of one operation on this machine: the cost of the emulated steps, nothing more. */
export interface EmulatedCost {
  /** Median nanoseconds, overlap none. */
  readonly devmapNs: number;
  /** Median nanoseconds, overlap none. */
  readonly refcountNs: number;
  /** refcount ÷ devmap, overlap none and natural. */
  readonly ratio: Estimate;
  /** refcount ÷ devmap where operations may overlap. */
  readonly natural: Estimate;
  /** devmap ÷ devmap, two instances of one build: what this machine makes of no difference. */
  readonly self: Estimate;
  /** Wilcoxon's p of no difference at overlap none, Holm-adjusted over the table's rows. */
  readonly p: number;
  /** Mann-Kendall's p over the second half of the run: small where it never settled. */
  readonly trendP: number;
}

/** One operation under both kernels, in the columns that are never mixed. */
export interface OperationRow {
  /** Which phase. */
  readonly phase: PhaseName;
  /** What an operation of it is, in words. */
  readonly title: string;
  /** How many there were in a round. */
  readonly operations: number;
  /** Where units are touched more than once: how many touches faulted, how many did not. */
  readonly touches?: TouchMix | undefined;
  /** Instructions in real kernels; undefined where just this was not recorded. */
  readonly recorded: RecordedCost | undefined;
  /** The same operation on ordinary shared memory. */
  readonly control: RecordedCost | undefined;
  /** Exact counts, by kernel. */
  readonly counted: { readonly devmap: KernelCount; readonly refcount: KernelCount };
  /** Time here; undefined where none was measured. */
  readonly emulated: EmulatedCost | undefined;
}

/** A storm under devmap and refcount: recorded, counted and emulated, never to be mixed. */
export interface Comparison {
  /** What it ran on. */
  readonly device: Device;
  /** Which recordings stand beside it: kind of access, pages a pin call asks for. */
  readonly shape: OperationShape;
  /** Names the phases' op streams: equal workloads, equal hashes. */
  readonly workload: string;
  /** One an operation, in the order of the phases. */
  readonly rows: readonly OperationRow[];
  /** From how many pins per mapping on refcounting wins. */
  readonly breakEven: {
    readonly recorded: readonly BreakEven[];
    /** From struct-page read-modify-writes; undefined where no pin was made. */
    readonly counted: Omit<BreakEven, 'pinPages'> | undefined;
  };
  /** Seed of the order of blocks and the bootstrap. */
  readonly seed: number;
  /** Seconds that were to be spent measuring. */
  readonly seconds: number;
  /** Turns of all sides, and in how many places of the bank. */
  readonly turns: number;
  /** Places of the bank that the turns lay in. */
  readonly placements: number;
  /** Whether the signal ended it early. */
  readonly interrupted: boolean;
}

export interface CompareOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
}

/** What a comparison runs in turns. The twin is a second instance of the first side: A against A. */
const SIDES: readonly Side[] = [
  { name: 'devmap', kernel: 'devmap', kind: 'timed', overlap: 'none' },
  { name: 'refcount', kernel: 'refcount', kind: 'timed', overlap: 'none' },
  { name: 'twin', kernel: 'devmap', kind: 'timed', overlap: 'none' },
  { name: 'devmap natural', kernel: 'devmap', kind: 'timed', overlap: 'natural' },
  { name: 'refcount natural', kernel: 'refcount', kind: 'timed', overlap: 'natural' },
];

/** One phase's emulated cost, its p not yet adjusted; undefined where nothing was measured. */
function emulatedCost(samples: Samples, phase: number, seed: number): EmulatedCost | undefined {
  const paired = contrast(samples, 'devmap', 'refcount', phase, seed);
  const self = contrast(samples, 'devmap', 'twin', phase, seed);
  const natural = contrast(samples, 'devmap natural', 'refcount natural', phase, seed);
  if (!paired || !self || !natural) return undefined;
  const { baseNs, otherNs, ratio, p, trendP } = paired;
  return {
    devmapNs: baseNs,
    refcountNs: otherNs,
    ratio,
    natural: natural.ratio,
    self: self.ratio,
    p,
    trendP,
  };
}

/** Every phase's emulated cost, with p adjusted over them all. */
function emulatedCosts(
  samples: Samples,
  phases: readonly Phase[],
  seed: number,
): readonly (EmulatedCost | undefined)[] {
  const costs = phases.map((_, i) => emulatedCost(samples, i, seed));
  const adjusted = holm(costs.map((cost) => cost?.p ?? 1));
  return costs.map((cost, i) => cost && { ...cost, p: adjusted[i] as number });
}

/**
 * The smallest difference that this machine could tell from none in this run, as a share: the widest
 * A/A half-width of its operations; undefined where nothing was measured.
 */
export function resolution(
  rows: readonly { readonly emulated?: EmulatedCost | undefined }[],
): number | undefined {
  const widths = rows.flatMap(({ emulated }) =>
    emulated ? [(emulated.self.high - emulated.self.low) / 2] : [],
  );
  return widths.length ? Math.max(...widths) : undefined;
}

/**
 * Struct-page read-modify-writes: mapping and unmapping a leaf against pinning and unpinning it, a
 * call's cost shared out over the leaves it covers.
 */
function countedBreakEven(
  counts: PhaseCounts<ComparedKernel>,
  leavesPerPin: number,
): Omit<BreakEven, 'pinPages'> | undefined {
  const each = (name: PhaseName, kernel: ComparedKernel): number => {
    const count = counts.get(name)?.[kernel];
    return count ? count.rmws / count.operations : Number.NaN;
  };
  const both = (first: PhaseName, second: PhaseName, share: number) => ({
    devmap: (each(first, 'devmap') + each(second, 'devmap')) / share,
    refcount: (each(first, 'refcount') + each(second, 'refcount')) / share,
  });
  if (!counts.has('pin') || !counts.has('fault')) return undefined;
  return weigh(both('fault', 'munmap', 1), both('pin', 'unpin', leavesPerPin));
}

function recordedOf(phase: Phase, { align }: Device, shape: OperationShape) {
  if (phase.touches) return touchCost(align, shape.access, phase.touches);
  return phase.sparse ? undefined : phaseCost(phase.name, align, shape);
}

/**
 * Runs the same phases under both kernels and lines up what real kernels were recorded to execute,
 * what was counted, and what the emulated steps take here.
 */
export async function comparePhases(
  device: Device,
  phases: readonly Phase[],
  shape: OperationShape,
  options: CompareOptions,
): Promise<Comparison> {
  options.onProgress?.(`${device.align}: counting`, options.seconds);
  const counts = countPhases(device, phases, COMPARED, await countedBuilds(device, COMPARED));
  const { seconds, seed, signal } = options;
  const samples = await runSides(device, phases, SIDES, {
    seconds,
    seed,
    signal,
    onTurns: (turns, left) => options.onProgress?.(`${device.align}: timing, ${turns} turns`, left),
  });
  const emulated = emulatedCosts(samples, phases, seed);
  const rows = phases.map((phase, i): OperationRow => {
    const counted = counts.get(phase.name);
    if (!counted) throw new Error(`no count of ${phase.name}`);
    const recorded = recordedOf(phase, device, shape);
    return {
      phase: phase.name,
      title: phaseTitle(phase.name, device.align, shape),
      operations: phase.operations,
      touches: phase.touches,
      recorded,
      control: recorded && controlCost(phase.name, shape),
      counted,
      emulated: emulated[i],
    };
  });
  const leavesPerPin = Math.max(1, (shape.pinPages * PAGE_BYTES) / device.unitBytes);
  const recorded = [1, 512].flatMap((pages) => recordedBreakEven(device.align, pages) ?? []);
  return {
    device,
    shape,
    workload: workloadHash(phases),
    rows,
    breakEven: { recorded, counted: countedBreakEven(counts, leavesPerPin) },
    seed,
    seconds,
    turns: turnCount(samples),
    placements: samples.placements.length,
    interrupted: samples.interrupted,
  };
}

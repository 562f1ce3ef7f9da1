import type { KernelId } from '../kernel.ts';
import { type BreakEven, recordedBreakEven, weigh } from '../measure/breakEven.ts';
import { controlCost, type OperationShape, phaseCost, phaseTitle } from '../measure/operation.ts';
import type { RecordedCost } from '../measure/recorded.ts';
import type { Estimate } from '../measure/stats.ts';
import { type Phase, type PhaseName, workloadHash } from '../storm/phase.ts';
import { Rig } from '../storm/rig.ts';
import { type PairedPhase, type RunOptions, runPaired } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import { PAGE_BYTES } from '../units.ts';
import { countPhases, type KernelCount, type PhaseCounts } from './counts.ts';

/** Emulated time of one operation on this machine: the cost of the emulated steps, nothing more. */
export interface EmulatedCost {
  /** Median nanoseconds, overlap none. */
  readonly devmapNs: number;
  readonly refcountNs: number;
  /** refcount ÷ devmap, overlap none and natural. */
  readonly ratio: Estimate;
  readonly natural: Estimate | undefined;
  /** devmap ÷ devmap, two instances of one build: what this machine makes of no difference. */
  readonly self: Estimate | undefined;
}

/** One operation under both kernels, in the columns that are never mixed. */
export interface OperationRow {
  readonly phase: PhaseName;
  readonly title: string;
  readonly operations: number;
  readonly recorded: RecordedCost | undefined;
  readonly control: RecordedCost | undefined;
  readonly counted: { readonly devmap: KernelCount; readonly refcount: KernelCount };
  readonly emulated: EmulatedCost | undefined;
}

export interface Comparison {
  readonly device: Device;
  readonly shape: OperationShape;
  /** Names the phases' op streams: equal workloads, equal hashes. */
  readonly workload: string;
  readonly rows: readonly OperationRow[];
  readonly breakEven: {
    readonly recorded: readonly BreakEven[];
    /** From struct-page read-modify-writes; undefined where no pin was made. */
    readonly counted: Omit<BreakEven, 'pinPages'> | undefined;
  };
  readonly seed: number;
  readonly seconds: number;
  readonly pairs: number;
  readonly interrupted: boolean;
}

export interface CompareOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (text: string) => void;
}

/* How the time is shared out. The A/B of overlap none is the table's; the others stand beside it. */
const SHARE_PAIRED = 0.6;
const SHARE_NATURAL = 0.2;
const SHARE_SELF = 0.2;

interface Measured {
  readonly paired: readonly PairedPhase[];
  readonly natural: readonly PairedPhase[];
  readonly self: readonly PairedPhase[];
  readonly pairs: number;
  readonly interrupted: boolean;
}

async function measure(
  device: Device,
  phases: readonly Phase[],
  options: CompareOptions,
): Promise<Measured> {
  const base = new Rig('devmap', 'timed', device, phases);
  base.bank.prefault();
  const other = new Rig('refcount', 'timed', device, phases, base.bank);
  const twin = new Rig('devmap', 'timed', device, phases, base.bank);
  const { seconds, seed, signal, onProgress } = options;
  const run = async (second: Rig, what: string, share: number, overlap: RunOptions['overlap']) => {
    const onPairs = (pairs: number): void =>
      onProgress?.(`${device.align}: ${what}, ${pairs} pairs`);
    return runPaired(base, second, { seconds: seconds * share, overlap, seed, signal, onPairs });
  };
  const paired = await run(other, 'devmap and refcount', SHARE_PAIRED, 'none');
  if (paired.interrupted) return measured(paired, [], []);
  const natural = await run(other, 'natural overlap', SHARE_NATURAL, 'natural');
  if (natural.interrupted) return { ...measured(paired, [], []), interrupted: true };
  const self = await run(twin, 'A/A', SHARE_SELF, 'none');
  return { ...measured(paired, natural.phases, self.phases), interrupted: self.interrupted };
}

function measured(
  { phases, pairs, interrupted }: Awaited<ReturnType<typeof runPaired>>,
  natural: readonly PairedPhase[],
  self: readonly PairedPhase[],
): Measured {
  return { paired: phases, natural, self, pairs, interrupted };
}

function emulatedCost(
  { paired, natural, self }: Measured,
  index: number,
): EmulatedCost | undefined {
  const phase = paired[index];
  // A run that was stopped before its first pair measured nothing.
  if (!phase || Number.isNaN(phase.baseNs)) return undefined;
  return {
    devmapNs: phase.baseNs,
    refcountNs: phase.otherNs,
    ratio: phase.ratio,
    natural: natural[index]?.ratio,
    self: self[index]?.ratio,
  };
}

/**
 * Struct-page read-modify-writes: mapping and unmapping a leaf against pinning and unpinning it, a
 * call's cost shared out over the leaves it covers.
 */
function countedBreakEven(
  counts: PhaseCounts,
  leavesPerPin: number,
): Omit<BreakEven, 'pinPages'> | undefined {
  const each = (name: PhaseName, kernel: KernelId): number => {
    const count = counts.get(name)?.[kernel];
    return count ? count.rmws / count.operations : Number.NaN;
  };
  const both = (first: PhaseName, second: PhaseName, share: number) => ({
    devmap: (each(first, 'devmap') + each(second, 'devmap')) / share,
    refcount: (each(first, 'refcount') + each(second, 'refcount')) / share,
  });
  if (!counts.has('pin')) return undefined;
  return weigh(both('fault', 'munmap', 1), both('pin', 'unpin', leavesPerPin));
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
  options.onProgress?.(`${device.align}: counting`);
  const counts = countPhases(device, phases);
  const times = await measure(device, phases, options);
  const rows = phases.map((phase, i): OperationRow => {
    const counted = counts.get(phase.name);
    if (!counted) throw new Error(`no count of ${phase.name}`);
    const recorded = phaseCost(phase.name, device.align, shape);
    return {
      phase: phase.name,
      title: phaseTitle(phase.name, device.align, shape),
      operations: phase.operations,
      recorded,
      control: recorded && controlCost(phase.name, shape),
      counted,
      emulated: emulatedCost(times, i),
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
    seed: options.seed,
    seconds: options.seconds,
    pairs: times.pairs,
    interrupted: times.interrupted,
  };
}

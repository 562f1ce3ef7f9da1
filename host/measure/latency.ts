import { setImmediate } from 'node:timers/promises';
import { DaxError } from '../error.ts';
import { COMPARED, type KernelId } from '../kernel.ts';
import type { OnProgress } from '../progress.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import { Rig } from '../storm/rig.ts';
import { bankShape, type Device } from '../syscall/device.ts';
import { type Banks, bankCount } from '../wasm/banks.ts';
import {
  addHistograms,
  bucketBounds,
  clearHistogram,
  EMPTY_HISTOGRAM,
  type Histogram,
  operationsIn,
  percentileNs,
  readHistogram,
} from '../wasm/histogram.ts';
import { makeBuild, STEPS_ALL } from '../wasm/made.ts';
import { clockResolutionNs } from './clock.ts';
import { type OperationShape, phaseTitle } from './operation.ts';

/** How long single operations of one phase took on one kernel, emulated. */
export interface LatencyRow {
  readonly phase: PhaseName;
  readonly title: string;
  readonly kernel: KernelId;
  readonly operations: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly p9999Ns: number;
  readonly maxNs: number;
  readonly buckets: readonly { readonly belowNs: number; readonly count: number }[];
}

/** Latencies with the clock they were read from; its overhead is in every one of them. */
export interface Latency {
  readonly clock: string;
  readonly resolutionNs: number;
  readonly overheadNs: number;
  readonly rows: readonly LatencyRow[];
}

export interface LatencyOptions {
  /** Time to spend; every kernel runs the phases once at least. */
  readonly seconds: number;
  readonly kernels?: readonly KernelId[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
}

const CLOCK = 'performance.now(), called by the core before and after each operation';
const OVERHEAD_LAPS = 100_000;

/** What an operation is where a single call is timed: not divided by the leaves it covers. */
function titleOf({ name }: Phase, { align }: Device, shape: OperationShape): string {
  const calls: readonly PhaseName[] = ['munmap', 'dontneed', 'populate', 'mprotect', 'exit'];
  return calls.includes(name) ? `${name}, a call` : phaseTitle(name, align, shape);
}

function rowOf(
  phase: Phase,
  device: Device,
  shape: OperationShape,
  kernel: KernelId,
  histogram: Histogram,
): LatencyRow {
  const at = (share: number): number => percentileNs(histogram, share);
  return {
    phase: phase.name,
    title: titleOf(phase, device, shape),
    kernel,
    operations: operationsIn(histogram),
    p50Ns: at(0.5),
    p90Ns: at(0.9),
    p99Ns: at(0.99),
    p999Ns: at(0.999),
    p9999Ns: at(0.9999),
    maxNs: histogram.maxNs,
    buckets: histogram.counts.flatMap((count, i) =>
      count > 0 ? [{ belowNs: bucketBounds(i).belowNs, count }] : [],
    ),
  };
}

async function makeRigs(
  device: Device,
  phases: readonly Phase[],
  { kernels = COMPARED, seconds, onProgress }: LatencyOptions,
): Promise<readonly Rig[]> {
  let banks: Banks | undefined;
  const rigs: Rig[] = [];
  for (const kernel of kernels) {
    onProgress?.(`${device.align}: histogram build of ${kernel}`, seconds);
    const steps = kernel === 'devmap' ? 0 : STEPS_ALL;
    const wasm = await makeBuild({
      kernel,
      detail: 'pages',
      steps,
      percpu: 'plain',
      histogram: true,
      records: device.records ?? 'line',
    });
    const side = { name: kernel, kernel, kind: 'timed', overlap: 'none', wasm } as const;
    const rig: Rig = new Rig(side, device, phases, banks);
    if (!banks) rig.prefault();
    banks = rig.banks;
    rigs.push(rig);
  }
  return rigs;
}

/**
 * Whether single operations of a device can be timed: on one bank, for a call over several is as many
 * calls of the core. Fails: E_BANK_SPAN.
 */
export function checkLatency(device: Device): void {
  const banks = bankCount(bankShape(device, 1, true));
  if (banks === 1) return;
  throw new DaxError(
    'E_BANK_SPAN',
    `single operations are timed on one bank; this device has ${banks}`,
    'leave out --latency, or use a smaller --size',
  );
}

/** Median nanoseconds of an operation that does nothing. */
function overheadNs(rig: Rig): number {
  clearHistogram(rig.machine.bank);
  rig.timeLaps(OVERHEAD_LAPS);
  return percentileNs(readHistogram(rig.machine.bank), 0.5);
}

/**
 * Times every single operation of the phases by itself, inside the core, on a build made for it;
 * kernels in turns on one bank, whole rounds until the time is up.
 *
 * Why: a mean hides the operation that allocates a page table or takes a slow path. The latencies
 * are of the emulated steps on this machine, with the clock's overhead in each and the machine's own
 * interruptions in the last percentiles; nothing is subtracted, and no A/B is drawn from them.
 */
export async function measureLatency(
  device: Device,
  phases: readonly Phase[],
  shape: OperationShape,
  options: LatencyOptions,
): Promise<Latency> {
  const rigs = await makeRigs(device, phases, options);
  const found = rigs.map(() => phases.map(() => EMPTY_HISTOGRAM));
  const runOnce = (rig: Rig, keep?: (phase: number, histogram: Histogram) => void): void => {
    rig.takeBank();
    clearHistogram(rig.machine.bank);
    rig.round(new Float64Array(phases.length), (phase) => {
      keep?.(phase, readHistogram(rig.machine.bank));
      clearHistogram(rig.machine.bank);
    });
  };
  for (const rig of rigs) runOnce(rig);
  const deadline = performance.now() + options.seconds * 1000;
  let rounds = 0;
  do {
    const left = Math.max(0, (deadline - performance.now()) / 1000);
    options.onProgress?.(`${device.align}: latencies, ${rounds} rounds`, left);
    rigs.forEach((rig, i) => {
      const mine = found[i] as Histogram[];
      runOnce(rig, (phase, histogram) => {
        mine[phase] = addHistograms(mine[phase] as Histogram, histogram);
      });
    });
    rounds += 1;
    // Lets Ctrl-C in.
    await setImmediate();
  } while (performance.now() < deadline && !options.signal?.aborted);
  return {
    clock: CLOCK,
    resolutionNs: Number(clockResolutionNs().toPrecision(3)),
    overheadNs: overheadNs(rigs[0] as Rig),
    rows: phases.flatMap((phase, i) =>
      rigs.map(({ side }, j) =>
        rowOf(phase, device, shape, side.kernel, found[j]?.[i] as Histogram),
      ),
    ),
  };
}

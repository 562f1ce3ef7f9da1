import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import { contrast, medianNs, type Samples, type Turn, turnCount } from '../measure/samples.ts';
import type { Estimate } from '../measure/stats.ts';
import { holm } from '../measure/wilcoxon.ts';
import { caseDevice } from '../scenario/device.ts';
import type { ScenarioCase } from '../scenario/file.ts';
import { compileScenario, type Declared, type Per, type Program } from '../scenario/program.ts';
import { type PhaseName, workloadHash } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import { type EventName, type Events, pageRmws } from '../wasm/machine.ts';
import type { CompareOptions } from './comparison.ts';
import { countedBuilds } from './countedBuilds.ts';
import { type CountedBuilds, countEach, type KernelCount } from './counts.ts';
import {
  type Counts,
  type Instructions,
  type Prediction,
  predictedInstructions,
  recordedInstructions,
} from './scenarioCost.ts';

/** Emulated time of one operation, or of a whole round. */
export interface ScenarioTime {
  /** Median nanoseconds on each kernel. */
  readonly ns: Readonly<Partial<Record<KernelId, number>>>;
  /** Each further kernel over the first. */
  readonly ratios: Readonly<Partial<Record<KernelId, Estimate>>>;
  /** The first kernel over itself: what this machine makes of no difference. */
  readonly self: Estimate;
  /** Signed-rank p of the second kernel against the first, Holm-adjusted over the phases. */
  readonly p: number | undefined;
}

/** One phase of a scenario as it is on every machine. */
export interface CountedRow {
  readonly phase: PhaseName;
  readonly title: string;
  /** What an operation is: a touch, a unit populated, a call, a leaf unmapped or changed. */
  readonly per: Per;
  readonly counted: Readonly<Partial<Record<KernelId, KernelCount>>>;
  /** Guest instructions an operation in real kernels, where just this was recorded. */
  readonly recorded: Instructions | undefined;
  /** Where it was not: what the cost model makes of the counts. */
  readonly predicted: Prediction | undefined;
}

/** One phase of a scenario, in kinds of number that are never mixed. */
export interface ScenarioRow extends CountedRow {
  readonly emulated: ScenarioTime | undefined;
}

/** Emulated times of a scenario on this machine. */
export interface ScenarioTimes {
  /** By declared phase; undefined where a phase has no operation, or nothing was measured. */
  readonly phases: readonly (ScenarioTime | undefined)[];
  /** One round of all phases together; control plane between them not timed. */
  readonly whole: ScenarioTime | undefined;
  readonly turns: number;
  readonly placements: number;
  readonly interrupted: boolean;
}

export interface ScenarioResult {
  readonly title: string;
  readonly description: string;
  readonly device: Device;
  readonly kernels: readonly KernelId[];
  readonly processes: number;
  readonly forks: number;
  readonly workload: string;
  readonly rows: readonly ScenarioRow[];
  /** One round of all phases together; control plane between them not timed. */
  readonly whole: ScenarioTime | undefined;
  readonly seed: number;
  readonly seconds: number;
  readonly turns: number;
  readonly placements: number;
  readonly interrupted: boolean;
}

/** A scenario ready to run: its device and streams. */
export interface Plan {
  readonly one: ScenarioCase;
  readonly device: Device;
  readonly kernels: readonly KernelId[];
  readonly program: Program;
  readonly workload: string;
  readonly seed: number;
}

/** Fails: E_SCENARIO, E_DEVICE_SIZE at their places in the file. */
export function planScenario(one: ScenarioCase, seed = one.scenario.seed): Plan {
  const device = caseDevice(one);
  const program = compileScenario(one, device, seed);
  const workload = workloadHash(program.steps.map(({ phase }) => phase));
  const kernels = KERNEL_IDS.filter((kernel) => one.scenario.kernels.includes(kernel));
  return { one, device, kernels, program, workload, seed };
}

function addEvents(one: Events, other: Events): Events {
  const names = Object.keys(one) as readonly EventName[];
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as Events;
}

/** What an operation of a phase is divided by: a zap's and mprotect's leaves were counted. */
function operationsOf({ name, per, operations }: Declared, events: Events): number {
  if (per !== 'leaf') return operations;
  return name === 'mprotect' ? events.ptWrite : events.leafClear;
}

/** The counts of a phase's steps together. */
function sumCounts(declared: Declared, counts: readonly KernelCount[]): KernelCount {
  const events = counts.map((count) => count.events).reduce(addEvents);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  return { operations: operationsOf(declared, events), failed, events, rmws: pageRmws(events) };
}

/**
 * Counts one round on every kernel, by declared phase.
 *
 * Fails: E_SCENARIO at a phase of which operations fail, as a store after mprotect to read does.
 */
export function countScenario(
  { one, device, kernels, program }: Plan,
  builds?: CountedBuilds,
): readonly Counts[] {
  const { declared, steps } = program;
  const phases = steps.map(({ phase }) => phase);
  const counted = countEach(device, phases, kernels, builds);
  return declared.map((entry, index) => {
    const mine = kernels.map((kernel) => {
      const counts = (counted.get(kernel) ?? []).filter((_, i) => steps[i]?.declared === index);
      return [kernel, sumCounts(entry, counts)] as const;
    });
    for (const [kernel, { failed }] of mine) {
      if (failed === 0) continue;
      throw one.source.error(
        entry.path,
        `${failed} operations of '${entry.title}' failed on ${kernel}`,
        'permit them with an mprotect phase before it',
      );
    }
    return new Map(mine);
  });
}

/** Of a turn by steps a turn by declared phases, with the whole round behind them. */
function byPhase(turn: Turn, { declared, steps }: Program, operations: readonly number[]): Turn {
  return turn.map((sideNs) => {
    const totals = new Array<number>(declared.length).fill(0);
    steps.forEach((step, i) => {
      const ns = (sideNs[i] as number) * step.phase.operations;
      totals[step.declared] = (totals[step.declared] as number) + ns;
    });
    const whole = totals.reduce((sum, ns) => sum + ns, 0);
    return [...totals.map((ns, i) => ns / Math.max(1, operations[i] as number)), whole];
  });
}

const TWIN = 'twin';

function sidesOf(kernels: readonly KernelId[]): readonly Side[] {
  const side = (name: string, kernel: KernelId): Side => ({
    name,
    kernel,
    kind: 'timed',
    overlap: 'none',
  });
  const [first] = kernels;
  return [...kernels.map((kernel) => side(kernel, kernel)), ...(first ? [side(TWIN, first)] : [])];
}

function timeOf(
  samples: Samples,
  kernels: readonly KernelId[],
  index: number,
  seed: number,
): ScenarioTime | undefined {
  const [base = 'devmap', ...others] = kernels;
  const self = contrast(samples, base, TWIN, index, seed);
  if (!self) return undefined;
  const against = others.map(
    (other) => [other, contrast(samples, base, other, index, seed)] as const,
  );
  return {
    ns: Object.fromEntries(kernels.map((kernel) => [kernel, medianNs(samples, kernel, index)])),
    ratios: Object.fromEntries(
      against.flatMap(([id, found]) => (found ? [[id, found.ratio]] : [])),
    ),
    self: self.ratio,
    p: against[0]?.[1]?.p,
  };
}

function operationsOfRow({ counted }: CountedRow): number {
  return Object.values(counted)[0]?.operations ?? 0;
}

/** Times rounds of a plan in turns, an operation as its rows count them. */
export async function timeScenario(
  { device, kernels, program, seed }: Plan,
  rows: readonly CountedRow[],
  { seconds, signal, onProgress }: CompareOptions,
): Promise<ScenarioTimes> {
  const operations = rows.map(operationsOfRow);
  const phases = program.steps.map(({ phase }) => phase);
  const onTurns = (turns: number, left: number): void =>
    onProgress?.(`timing, ${turns} turns`, left);
  const measured = await runSides(device, phases, sidesOf(kernels), {
    seconds,
    seed,
    signal,
    onTurns,
  });
  const placements = measured.placements.map((turns) =>
    turns.map((turn) => byPhase(turn, program, operations)),
  );
  const samples: Samples = { ...measured, placements };
  const times = [...program.declared, undefined].map((_, i) => timeOf(samples, kernels, i, seed));
  const adjusted = holm(times.slice(0, -1).map((time) => time?.p ?? 1));
  const phaseTimes = times
    .slice(0, -1)
    .map((time, i) =>
      time && operations[i]
        ? { ...time, p: time.p === undefined ? undefined : adjusted[i] }
        : undefined,
    );
  return {
    phases: phaseTimes,
    whole: times.at(-1),
    turns: turnCount(samples),
    placements: samples.placements.length,
    interrupted: samples.interrupted,
  };
}

/**
 * Counts every phase of a plan once on each kernel, and lines up what was recorded of it or is
 * predicted.
 *
 * Fails: E_SCENARIO, as countScenario.
 */
export function countRows(plan: Plan, builds?: CountedBuilds): readonly CountedRow[] {
  const counts = countScenario(plan, builds);
  return plan.program.declared.map((declared, i): CountedRow => {
    const mine = counts[i] as Counts;
    const recorded = recordedInstructions(declared, plan.device, mine);
    return {
      phase: declared.name,
      title: declared.title,
      per: declared.per,
      counted: Object.fromEntries(mine),
      recorded,
      predicted: recorded ? undefined : predictedInstructions(declared, plan.device, mine),
    };
  });
}

/**
 * Runs one case of a scenario: counts every phase on each kernel, lines up what was recorded of it
 * or is predicted, and times rounds in turns.
 */
export async function runScenario(plan: Plan, options: CompareOptions): Promise<ScenarioResult> {
  const { one, device, kernels, program, workload, seed } = plan;
  options.onProgress?.(`${one.title}: counting`, options.seconds);
  const rows = countRows(plan, await countedBuilds(device, kernels));
  const times = await timeScenario(plan, rows, {
    ...options,
    onProgress: (text, left) => options.onProgress?.(`${one.title}: ${text}`, left),
  });
  return {
    title: one.title,
    description: one.scenario.description,
    device,
    kernels,
    processes: program.processes,
    forks: program.forks,
    workload,
    rows: rows.map((row, i) => ({ ...row, emulated: times.phases[i] })),
    whole: times.whole,
    seed,
    seconds: options.seconds,
    turns: times.turns,
    placements: times.placements,
    interrupted: times.interrupted,
  };
}

import { DaxError } from '../error.ts';
import type { OnProgress } from '../progress.ts';
import { type Baseline, type BaselinePlace, readBaseline, sayFile } from './baseline.ts';
import { type Benchmark, isTimed } from './benchmarks.ts';
import { type Confirm, type Confirmed, confirmRows } from './confirm.ts';
import { type Cores, pairCores } from './cores.ts';
import { type Counts, countCores, type Violation } from './counts.ts';
import { type Limit, parseLimits } from './limits.ts';
import { type CountComparison, compareCounts, failures } from './moves.ts';
import { names, pathOf } from './name.ts';
import { type Duel, type Measure, timeCores } from './timing.ts';

/** What a whole gate says; the worst of its layers. */
export type GateVerdict = 'ok' | 'inconclusive' | 'regression' | 'violation' | 'interrupted';

/** Layer 0: exact counts against a baseline. */
export interface CountLayer extends CountComparison {
  /** The file. */
  readonly baseline: string;
  /** The chosen ones. */
  readonly counts: Counts;
}

/** Layer 1: two cores in turns. */
export interface TimeLayer extends Confirmed {
  readonly base: string;
  readonly head: string;
  readonly doublings: number;
}

/** What a gate found, layer by layer. */
export interface GateResult {
  /** The worst of its layers. */
  readonly verdict: GateVerdict;
  /** Or why there is none. */
  readonly counts: CountLayer | string;
  /** Times of both cores, or why there are none. */
  readonly timing: TimeLayer | string;
  /** The first broken invariant; undefined where all hold. */
  readonly violation: Violation | undefined;
  /** Seed of the order of blocks. */
  readonly seed: number;
}

/** A margin on what a name means. */
export interface Margin {
  /** Undefined: on everything. */
  readonly name: string | undefined;
  readonly share: number;
}

export interface GateOptions {
  readonly benchmarks: readonly Benchmark[];
  readonly traceFile: string | undefined;
  readonly head: Cores;
  /** Whether head is this package's own build, whole. */
  readonly headIsOwn: boolean;
  readonly base: Cores | undefined;
  readonly baseline: BaselinePlace;
  readonly lenient: boolean;
  readonly limits: readonly Limit[];
  readonly margins: readonly Margin[];
  readonly filter: readonly string[];
  readonly countsOnly: boolean;
  readonly seed: number;
  readonly seconds: number;
  readonly maxSeconds: number;
  readonly confirm: Confirm;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
  /** For tests: samples without a clock. */
  readonly measure?: Measure;
  readonly now?: () => number;
}

/** Whether a path was asked for. */
export function isChosen(filter: readonly string[], path: string): boolean {
  return filter.length === 0 || filter.some((name) => names(name, path));
}

/** The last margin that names an operation, else its scenario's own. */
function marginOf({ margins, benchmarks }: GateOptions, path: string): number {
  const own = margins.filter(({ name }) => name === undefined || names(name, path));
  const scenario = benchmarks.find(({ name }) => path.startsWith(`${name}/`));
  return own.at(-1)?.share ?? (scenario?.margin as number);
}

/** Every place that can be chosen, of these scenarios and cores. */
export function placesOf(benchmarks: readonly Benchmark[], cores: Cores): readonly string[] {
  const kernels = [...new Set(cores.builds.map(({ kernel }) => kernel))];
  return benchmarks.flatMap(({ name, phases }) =>
    kernels.flatMap((kernel) => phases.map((phase) => pathOf(name, kernel, phase.name))),
  );
}

/** The scenarios that some chosen place is of. Fails: E_VALUE where there is none. */
export function chooseBenchmarks(
  benchmarks: readonly Benchmark[],
  cores: Cores,
  filter: readonly string[],
): readonly Benchmark[] {
  const chosen = benchmarks.filter((each) =>
    placesOf([each], cores).some((path) => isChosen(filter, path)),
  );
  if (chosen.length > 0) return chosen;
  throw new DaxError(
    'E_VALUE',
    `--filter '${filter.join(' ')}' names none of the gate's operations`,
    'see daxstorm gate --list',
  );
}

/** Of --max-time; the rest is for confirming. */
const FIRST_SHARE = 2 / 3;

async function runCounts(
  options: GateOptions,
  baseline: Baseline,
): Promise<CountLayer | Violation | 'interrupted'> {
  const { benchmarks, head, headIsOwn, filter, limits, lenient, signal, onProgress } = options;
  const outcome = await countCores(benchmarks, head, onProgress, signal);
  if (outcome.violation) return outcome.violation;
  if (outcome.interrupted) return 'interrupted';
  const { counts } = outcome;
  // A part of a build is compared with its part of the baseline.
  const part = new Set([
    ...placesOf(benchmarks, head),
    ...counts.artifacts.map(({ name }) => name),
  ]);
  const chosen = (path: string): boolean => isChosen(filter, path) && (headIsOwn || part.has(path));
  const file = sayFile(options.baseline.file);
  const comparison = compareCounts(baseline, counts, {
    file,
    limits,
    baselineLimits: baseline.limits.flatMap(({ limit }) => parseLimits(limit)),
    chosen,
    lenient,
  });
  return { baseline: file, counts: chosenCounts(counts, chosen), ...comparison };
}

/** What was asked for of what was counted: a report shows nothing that was not compared. */
function chosenCounts({ scenarios, artifacts }: Counts, chosen: (path: string) => boolean): Counts {
  return {
    artifacts: artifacts.filter(({ name }) => chosen(name)),
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      operations: scenario.operations.filter(({ kernel, operation }) =>
        chosen(pathOf(scenario.name, kernel, operation)),
      ),
    })),
  };
}

async function runTimes(options: GateOptions, base: Cores): Promise<TimeLayer> {
  const { benchmarks, head, seed, seconds, maxSeconds, signal, filter, traceFile } = options;
  const duels = benchmarks
    .filter(isTimed)
    .flatMap((benchmark) => pairCores(base, head).map((pair): Duel => ({ benchmark, pair })))
    .filter(({ benchmark, pair }) =>
      benchmark.phases.some(({ name }) =>
        isChosen(filter, pathOf(benchmark.name, pair.kernel, name)),
      ),
    );
  const timing = await timeCores(duels, {
    seconds: Math.min(seconds, maxSeconds * FIRST_SHARE),
    maxSeconds: maxSeconds * FIRST_SHARE,
    seed,
    signal,
    marginOf: (path) => marginOf(options, path),
    chosen: (path) => isChosen(filter, path),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    ...(options.measure ? { measure: options.measure } : {}),
    ...(options.now ? { now: options.now } : {}),
  });
  options.onProgress?.('confirming in a fresh process', maxSeconds * (1 - FIRST_SHARE));
  const confirmed = await confirmRows(timing, duels, {
    traceFile,
    seconds: maxSeconds * (1 - FIRST_SHARE),
    confirm: options.confirm,
    signal,
  });
  return { base: base.label, head: head.label, doublings: timing.doublings, ...confirmed };
}

function timeVerdict({ rows, interrupted }: TimeLayer): GateVerdict {
  if (interrupted) return 'interrupted';
  if (rows.some(({ verdict }) => verdict === 'regression')) return 'regression';
  const settled = rows.every(({ verdict }) => verdict === 'ok' || verdict === 'improved');
  // Nothing measured is nothing decided.
  return settled && rows.length > 0 ? 'ok' : 'inconclusive';
}

/** Why times are not compared, or undefined where they are. */
function noTiming({ countsOnly, base, benchmarks }: GateOptions): string | undefined {
  if (countsOnly) return 'not run: --counts-only';
  if (base === undefined) return 'not run: no --base';
  if (!benchmarks.some(isTimed)) return 'not run: no chosen scenario is a timed one';
  return undefined;
}

/**
 * Runs the gate: exact counts against the baseline, then, where they pass and a base is named, both
 * cores against the clock.
 *
 * Fails: E_BASELINE, E_CORE; never answers ok where nothing was compared.
 */
export async function runGate(options: GateOptions): Promise<GateResult> {
  const { head, base, seed } = options;
  const common = { seed, violation: undefined };
  const skip = noTiming(options);
  const countable = head.builds.some(({ kind }) => kind === 'counted');
  if (!countable && skip !== undefined) {
    throw new DaxError(
      'E_CORE',
      `nothing to compare: ${head.label} has no counted build, and times are ${skip}`,
      'name a --base to time it against, or a folder with counted builds',
    );
  }
  // Refused before anything runs.
  if (skip === undefined && base) pairCores(base, head);
  const counts = countable
    ? await runCounts(options, readBaseline(options.baseline))
    : `not run: ${head.label} has no counted build`;
  if (typeof counts !== 'string' && 'text' in counts) {
    const stopped = 'not run: an invariant broke';
    return { ...common, verdict: 'violation', counts: stopped, timing: stopped, violation: counts };
  }
  if (counts === 'interrupted')
    return { ...common, verdict: 'interrupted', counts: 'interrupted', timing: 'not run' };
  if (typeof counts !== 'string' && failures(counts).length > 0)
    return { ...common, verdict: 'regression', counts, timing: skip ?? 'not run: counts moved' };
  if (skip !== undefined || base === undefined)
    return { ...common, verdict: 'ok', counts, timing: skip ?? 'not run' };
  const timing = await runTimes(options, base);
  return { ...common, verdict: timeVerdict(timing), counts, timing };
}

import { medianInterval } from '../measure/medianInterval.ts';
import { contrast, type Samples, turnCount } from '../measure/samples.ts';
import type { Estimate } from '../measure/stats.ts';
import { holm } from '../measure/wilcoxon.ts';
import type { OnProgress } from '../progress.ts';
import { SEED_MAX } from '../random.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Benchmark } from './benchmarks.ts';
import type { CorePair } from './cores.ts';
import { type Decision, decide, halfWidth, type Verdict } from './decide.ts';
import { pathOf } from './name.ts';

/** One scenario on one kernel: the two cores, and the base once more. */
export interface Duel {
  readonly benchmark: Benchmark;
  readonly pair: CorePair;
}

/** One operation of a duel. */
export interface TimeRow {
  /** SCENARIO/KERNEL/OPERATION. */
  readonly path: string;
  readonly margin: number;
  /** Median nanoseconds an operation with the 95 % interval; of this machine alone. */
  readonly baseNs: Estimate;
  readonly headNs: Estimate;
  /** Head ÷ base, and base ÷ base. */
  readonly ratio: Estimate;
  readonly self: Estimate;
  /** Wilcoxon's p of no difference, Holm-adjusted over the rows; secondary. */
  readonly p: number;
  readonly pairs: number;
  readonly verdict: Verdict;
  readonly morePairs: number | undefined;
}

/** Runs a duel for so long; how much more of it is a new bank and a new order. */
export type Measure = (duel: Duel, seconds: number, seed: number) => Promise<Samples>;

export interface TimingOptions {
  /** First look, over all duels; and when to stop looking again. */
  readonly seconds: number;
  readonly maxSeconds: number;
  readonly seed: number;
  readonly marginOf: (path: string) => number;
  /** Which operations are judged. */
  readonly chosen: (path: string) => boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress;
  readonly measure?: Measure;
  /** Milliseconds. */
  readonly now?: () => number;
}

export interface Timing {
  readonly rows: readonly TimeRow[];
  /** How often more samples were taken. */
  readonly doublings: number;
  readonly seed: number;
  readonly interrupted: boolean;
}

const [BASE, HEAD, TWIN] = ['base', 'head', 'base again'];

function sidesOf({ pair: { kernel, base, head } }: Duel): readonly Side[] {
  const common = { kernel, kind: 'timed', overlap: 'none' } as const;
  return [
    { ...common, name: BASE, wasm: base },
    { ...common, name: HEAD, wasm: head },
    { ...common, name: TWIN, wasm: base },
  ];
}

function measureWith(signal: AbortSignal | undefined): Measure {
  return (duel, seconds, seed) => {
    const { device, phases } = duel.benchmark;
    return runSides(device, phases, sidesOf(duel), { seconds, seed, signal });
  };
}

function merge(before: Samples | undefined, more: Samples): Samples {
  if (before === undefined) return more;
  return { ...more, placements: [...before.placements, ...more.placements] };
}

/** A row without what is said of it in its family. */
type Evidence = Omit<TimeRow, 'verdict' | 'morePairs'>;

interface Measured {
  readonly duel: Duel;
  readonly samples: Samples;
  readonly evidence: readonly Evidence[];
}

function evidenceOf(
  { benchmark, pair }: Duel,
  samples: Samples,
  { seed, marginOf, chosen }: TimingOptions,
): readonly Evidence[] {
  const times = (side: number, phase: number): readonly number[] =>
    samples.placements.flat().map((turn) => turn[side]?.[phase] as number);
  return benchmark.phases.flatMap(({ name }, i): readonly Evidence[] => {
    const path = pathOf(benchmark.name, pair.kernel, name);
    const both = chosen(path) ? contrast(samples, BASE, HEAD, i, seed) : undefined;
    const self = both && contrast(samples, BASE, TWIN, i, seed);
    if (!self) return [];
    return [
      {
        path,
        margin: marginOf(path),
        baseNs: medianInterval(times(0, i)),
        headNs: medianInterval(times(1, i)),
        ratio: both.ratio,
        self: self.ratio,
        p: both.p,
        pairs: turnCount(samples),
      },
    ];
  });
}

/** All that was measured, judged as one family. */
function judge(measured: readonly Measured[]): readonly TimeRow[] {
  const family = measured.flatMap(({ evidence }) => evidence);
  const ps = holm(family.map(({ p }) => p));
  const decisions = decide(family);
  return family.map((each, i) => ({
    ...each,
    p: ps[i] as number,
    ...(decisions[i] as Decision),
  }));
}

/** Whether more samples, up to `times` as many, could still decide a row. */
function open({ verdict, self, margin }: TimeRow, times: number): boolean {
  if (verdict === 'inconclusive') return true;
  return verdict === 'unresolved' && halfWidth(self) / Math.sqrt(times) <= Math.log(1 + margin) / 2;
}

function openDuels(
  measured: readonly Measured[],
  rows: readonly TimeRow[],
  times: number,
): readonly Measured[] {
  return measured.filter(({ duel: { benchmark, pair } }) => {
    const start = `${pathOf(benchmark.name, pair.kernel)}/`;
    return rows.some((row) => row.path.startsWith(start) && open(row, times));
  });
}

/**
 * Times both cores of every duel in turns of neighbouring blocks, with the base once more beside
 * them, and doubles the samples of what is undecided until it is, or time is up.
 *
 * Why: base against base in the same turns is what this runner makes of no difference, under the
 * very load that the comparison saw.
 */
export async function timeCores(duels: readonly Duel[], options: TimingOptions): Promise<Timing> {
  const { seconds, maxSeconds, seed, signal, onProgress } = options;
  const measure = options.measure ?? measureWith(signal);
  const now = options.now ?? (() => performance.now());
  const began = now();
  const measured = new Map<Duel, Measured>();
  let todo = duels;
  let rows: readonly TimeRow[] = [];
  let share = seconds / Math.max(1, duels.length);
  for (let round = 0; ; round++) {
    const roundBegan = now();
    for (const duel of todo) {
      if (signal?.aborted) break;
      const { benchmark, pair } = duel;
      const again = round === 0 ? '' : `, again for ${share.toFixed(1)} s`;
      const left = Math.max(share, seconds - (now() - began) / 1000);
      onProgress?.(`timing ${benchmark.name}, ${pair.kernel}${again}`, left);
      const more = await measure(duel, share, (seed + round) % SEED_MAX);
      const samples = merge(measured.get(duel)?.samples, more);
      measured.set(duel, { duel, samples, evidence: evidenceOf(duel, samples, options) });
    }
    rows = judge([...measured.values()]);
    const left = maxSeconds - (now() - began) / 1000;
    const grown = 1 + Math.max(0, left) / Math.max(maxSeconds - left, 1e-3);
    const stretch = Math.max(1, (now() - roundBegan) / 1000 / (todo.length * share || 1));
    todo = openDuels([...measured.values()], rows, grown).map(({ duel }) => duel);
    // As many again as there are, or as many as time is left for.
    const wanted = round === 0 ? share : 2 * share;
    share = Math.min(wanted, left / stretch / Math.max(1, todo.length));
    if (signal?.aborted || todo.length === 0 || share < wanted / 4)
      return { rows, doublings: round, seed, interrupted: !!signal?.aborted };
  }
}

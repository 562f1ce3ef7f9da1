import { exponential, nestedEstimate } from './bootstrap.ts';
import { type Estimate, median } from './stats.ts';
import { mannKendall } from './trend.ts';
import { signedRank } from './wilcoxon.ts';

/** Nanoseconds an operation in neighbouring blocks: of each side, each phase. */
export type Turn = readonly (readonly number[])[];

/** What a run of several sides measured. */
export interface Samples {
  /** Names, in the order of every turn. */
  readonly sides: readonly string[];
  /** Pairs of turns: each pair lies on host pages of its own. */
  readonly placements: readonly (readonly Turn[])[];
  readonly roundsPerBlock: number;
  /** The signal ended it early. */
  readonly interrupted: boolean;
}

/** One side against another in one phase, from pairs of neighbouring blocks. */
export interface Contrast {
  /** Median nanoseconds an operation. */
  readonly baseNs: number;
  readonly otherNs: number;
  /** Other ÷ base: Hodges-Lehmann of log ratios, nested bootstrap. */
  readonly ratio: Estimate;
  /** Wilcoxon's signed-rank test of no difference; secondary, for it takes pairs as independent. */
  readonly p: number;
  /** Mann-Kendall's test over the run's second half: a small one means it never settled. */
  readonly trendP: number;
}

export function turnCount({ placements }: Samples): number {
  return placements.reduce((sum, turns) => sum + turns.length, 0);
}

function sideIndex({ sides }: Samples, name: string): number {
  const index = sides.indexOf(name);
  if (index < 0) throw new Error(`no side ${name}`);
  return index;
}

/** log(other ÷ base) of every turn, by placement. */
export function logRatios(
  samples: Samples,
  base: string,
  other: string,
  phase: number,
): readonly (readonly number[])[] {
  const [from, to] = [sideIndex(samples, base), sideIndex(samples, other)];
  return samples.placements.map((turns) =>
    turns.map((turn) => Math.log((turn[to]?.[phase] as number) / (turn[from]?.[phase] as number))),
  );
}

export function medianNs(samples: Samples, side: string, phase: number): number {
  const index = sideIndex(samples, side);
  return median(samples.placements.flat().map((turn) => turn[index]?.[phase] as number));
}

/** Undefined where no turn was measured. */
export function contrast(
  samples: Samples,
  base: string,
  other: string,
  phase: number,
  seed: number,
): Contrast | undefined {
  if (turnCount(samples) === 0) return undefined;
  const logs = logRatios(samples, base, other, phase);
  const flat = logs.flat();
  return {
    baseNs: medianNs(samples, base, phase),
    otherNs: medianNs(samples, other, phase),
    ratio: exponential(nestedEstimate(logs, seed)),
    p: signedRank(flat).p,
    trendP: mannKendall(flat.slice(Math.floor(flat.length / 2))).p,
  };
}

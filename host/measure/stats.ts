import { seededRandom } from '../random.ts';

/** A value with the bounds of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/** Median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** Linear-interpolated quantile of sorted values, `q` in [0, 1]. */
export function quantile(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Median with its 95 % percentile-bootstrap interval, seeded. */
export function bootstrapMedian(values: readonly number[], seed: number): Estimate {
  const random = seededRandom(seed);
  const medians = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    const sample = values.map(() => values[random.below(values.length)] as number);
    medians[i] = median(sample);
  }
  medians.sort();
  return { value: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** Median ratio of pairs: the bootstrap runs on log ratios, so that 1/2 and 2 are equally far off. */
export function ratioOfPairs(
  base: readonly number[],
  other: readonly number[],
  seed: number,
): Estimate {
  const logs = base.map((value, i) => Math.log((other[i] as number) / value));
  const { value, low, high } = bootstrapMedian(logs, seed);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

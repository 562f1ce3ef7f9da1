import { type Random, seededRandom } from '../random.ts';
import { hodgesLehmann } from './hodgesLehmann.ts';
import { type Estimate, quantile } from './stats.ts';

const RESAMPLES = 1000;
/** A hundredth of what a bound is printed to. */
const TOLERANCE = 1e-5;

function flatten(groups: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(groups.flat()).sort();
}

/** As many groups as there are, drawn with replacement, and of each as many of its values. */
function resample(groups: readonly (readonly number[])[], random: Random): Float64Array {
  const drawn: number[] = [];
  for (let i = 0; i < groups.length; i++) {
    const group = groups[random.below(groups.length)] as readonly number[];
    for (let j = 0; j < group.length; j++) drawn.push(group[random.below(group.length)] as number);
  }
  return Float64Array.from(drawn).sort();
}

/**
 * Hodges-Lehmann estimate of values in groups (pairs of blocks in placements), with the 95 % interval
 * of a nested bootstrap: groups first, then values within each.
 *
 * Why: pairs of one placement share what its host pages did to them, so they are not independent.
 * Few groups make a percentile interval too narrow by √(k / (k − 1)); it is widened by as much.
 */
export function nestedEstimate(groups: readonly (readonly number[])[], seed: number): Estimate {
  const filled = groups.filter((group) => group.length > 0);
  const value = hodgesLehmann(flatten(filled));
  if (Number.isNaN(value)) return { value, low: value, high: value };
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: RESAMPLES }, () =>
    hodgesLehmann(resample(filled, random), TOLERANCE),
  ).sort();
  const wider = filled.length > 1 ? Math.sqrt(filled.length / (filled.length - 1)) : 1;
  const bound = (q: number): number => value + (quantile(values, q) - value) * wider;
  return { value, low: Math.min(value, bound(0.025)), high: Math.max(value, bound(0.975)) };
}

/** An estimate of logarithms as one of ratios. */
export function exponential({ value, low, high }: Estimate): Estimate {
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

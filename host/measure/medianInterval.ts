import { type Estimate, quantile } from './stats.ts';

/** Two-sided 95 % of a standard normal. */
const Z = 1.96;

/**
 * Median with its 95 % interval from order statistics: a value is below the median with probability
 * one half, whatever the distribution. NaN of nothing; the whole range of fewer than six values.
 */
export function medianInterval(values: readonly number[]): Estimate {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const reach = (Z * Math.sqrt(n)) / 2;
  const low = Math.max(0, Math.floor(n / 2 - reach));
  const high = Math.min(n - 1, Math.ceil(n / 2 + reach));
  return {
    value: quantile(sorted, 0.5),
    low: sorted[low] ?? Number.NaN,
    high: sorted[high] ?? Number.NaN,
  };
}

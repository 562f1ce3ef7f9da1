/** Halvings of an interval after which a double has no digit left to gain. */
const HALVINGS = 60;

/** How many Walsh averages (a + b) / 2, a value with itself included, are at most `limit`. */
function averagesUpTo(sorted: Float64Array, limit: number): number {
  let count = 0;
  let last = sorted.length - 1;
  for (let i = 0; i < sorted.length; i++) {
    const value = sorted[i] as number;
    while (last >= i && (value + (sorted[last] as number)) / 2 > limit) last -= 1;
    if (last < i) break;
    count += last - i + 1;
  }
  return count;
}

/** The Walsh average of this rank, from 1, to within `tolerance`. */
function averageOfRank(sorted: Float64Array, rank: number, tolerance: number): number {
  let low = sorted[0] as number;
  let high = sorted[sorted.length - 1] as number;
  for (let i = 0; i < HALVINGS && high - low > tolerance; i++) {
    const middle = low + (high - low) / 2;
    if (averagesUpTo(sorted, middle) >= rank) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Hodges-Lehmann estimate of location: the median of all Walsh averages of `sorted`. Nearly as
 * efficient as the mean where noise is normal, and it bears up to 29 % of wild values. `tolerance`
 * is how far off it may be, for less work.
 */
export function hodgesLehmann(sorted: Float64Array, tolerance = 0): number {
  if (sorted.length === 0) return Number.NaN;
  const averages = (sorted.length * (sorted.length + 1)) / 2;
  const rank = Math.ceil(averages / 2);
  const lower = averageOfRank(sorted, rank, tolerance);
  if (averages % 2 || tolerance > 0) return lower;
  return (lower + averageOfRank(sorted, rank + 1, tolerance)) / 2;
}

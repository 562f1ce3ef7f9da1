import { normalTail, tieSizes } from './stats.ts';

/** Up to this many differences without ties the distribution of W is counted out. */
const EXACT_MAX = 50;

export interface SignedRank {
  /** Sum of the ranks of positive differences. */
  readonly positive: number;
  /** Differences that are not 0. */
  readonly differences: number;
  /** Two-sided probability of a sum as far out, were both sides alike. */
  readonly p: number;
}

/** Mid-ranks of sorted values: equal ones share the mean of their ranks. */
function midRanks(sizes: readonly number[]): readonly number[] {
  const ranks: number[] = [];
  for (const size of sizes) {
    const rank = ranks.length + (size + 1) / 2;
    for (let i = 0; i < size; i++) ranks.push(rank);
  }
  return ranks;
}

/** How many of the 2^n signs give each sum of ranks 1..n, as shares of them all. */
function sumShares(n: number): Float64Array {
  const shares = new Float64Array((n * (n + 1)) / 2 + 1);
  shares[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = shares.length - 1; sum >= 0; sum--) {
      const without = shares[sum] as number;
      const withRank = sum >= rank ? (shares[sum - rank] as number) : 0;
      shares[sum] = (without + withRank) / 2;
    }
  }
  return shares;
}

function exactP(positive: number, n: number): number {
  const least = Math.min(positive, (n * (n + 1)) / 2 - positive);
  const tail = sumShares(n).subarray(0, least + 1);
  return Math.min(1, 2 * tail.reduce((sum, share) => sum + share, 0));
}

/** The normal approximation with continuity and tie corrections. */
function normalP(positive: number, n: number, ties: readonly number[]): number {
  const mean = (n * (n + 1)) / 4;
  const tieLoss = ties.reduce((sum, size) => sum + size ** 3 - size, 0) / 48;
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - tieLoss);
  if (deviation === 0) return 1;
  const distance = Math.max(0, Math.abs(positive - mean) - 0.5);
  return Math.min(1, 2 * normalTail(distance / deviation));
}

/**
 * Wilcoxon's signed-rank test that differences are symmetric around 0. Differences of 0 are left
 * out; exact up to 50 of them without ties, the normal approximation beyond.
 */
export function signedRank(differences: readonly number[]): SignedRank {
  const nonzero = differences.filter((value) => value !== 0);
  const n = nonzero.length;
  if (n === 0) return { positive: 0, differences: 0, p: 1 };
  const sorted = nonzero.toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const ties = tieSizes(sorted.map(Math.abs));
  const ranks = midRanks(ties);
  const positive = sorted.reduce((sum, v, i) => sum + (v > 0 ? (ranks[i] as number) : 0), 0);
  const exact = n <= EXACT_MAX && ties.length === n;
  return { positive, differences: n, p: exact ? exactP(positive, n) : normalP(positive, n, ties) };
}

/**
 * Holm's step-down adjustment: the least family-wise error at which each hypothesis is rejected.
 */
export function holm(ps: readonly number[]): readonly number[] {
  const order = ps.map((_, i) => i).sort((a, b) => (ps[a] as number) - (ps[b] as number));
  const adjusted = new Array<number>(ps.length);
  let least = 0;
  order.forEach((index, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * (ps[index] as number)));
    adjusted[index] = least;
  });
  return adjusted;
}

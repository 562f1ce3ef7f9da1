import { normalTail, tieSizes } from './stats.ts';

export interface Trend {
  /** Pairs that rise less pairs that fall. */
  readonly s: number;
  /** Two-sided probability of such an S without a trend. */
  readonly p: number;
}

/**
 * Mann-Kendall test for a trend: a run that was still warming up, or a machine that slowed down, has
 * one. Needs no assumption on the noise but that values are exchangeable.
 */
export function mannKendall(values: readonly number[]): Trend {
  const n = values.length;
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) s += Math.sign((values[j] as number) - (values[i] as number));
  }
  const ties = tieSizes(values.toSorted((a, b) => a - b));
  const spread = (size: number): number => size * (size - 1) * (2 * size + 5);
  const variance = (spread(n) - ties.reduce((sum, size) => sum + spread(size), 0)) / 18;
  if (variance === 0) return { s, p: 1 };
  const z = Math.max(0, Math.abs(s) - 1) / Math.sqrt(variance);
  return { s, p: Math.min(1, 2 * normalTail(z)) };
}

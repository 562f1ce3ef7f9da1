import type { Estimate } from './stats.ts';

/** Of a ratio: -1 surely cheaper, 1 surely dearer, 0 not told apart. */
export function sign({ low, high }: Pick<Estimate, 'low' | 'high'>): number {
  return low > 1 ? 1 : high < 1 ? -1 : 0;
}

/**
 * Of one operation's ratios under several choices, those whose sign is not that of the first sure one:
 * by index. The first of all may be unsure of its own, and others contradict each other.
 */
export function flipsOf(ratios: readonly Estimate[]): readonly number[] {
  const first = ratios.map(sign).find((each) => each !== 0) ?? 0;
  return ratios.flatMap((ratio, i) => (sign(ratio) * first < 0 ? i : []));
}

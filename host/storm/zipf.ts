import type { Random } from '../random.ts';

/** (e^x − 1) ÷ x and log(1 + x) ÷ x, with their limit 1 at 0. */
function expm1Over(x: number): number {
  return Math.abs(x) < 1e-8 ? 1 + x / 2 : Math.expm1(x) / x;
}
function log1pOver(x: number): number {
  return Math.abs(x) < 1e-8 ? 1 - x / 2 : Math.log1p(x) / x;
}

/**
 * Draws ranks 1 .. `ranks`, rank k with a probability proportional to k^−exponent; exact, in constant
 * time and memory a draw, however many ranks there are. An exponent of 0 is the uniform distribution.
 *
 * Source: rejection-inversion, W. Hörmann and G. Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", ACM TOMACS 6(3), 1996.
 */
export function zipfRanks(ranks: number, exponent: number, random: Random): () => number {
  /** The integral of x^−exponent, up to a constant: x^(1−exponent) ÷ (1−exponent), or log x. */
  const area = (x: number): number => {
    const logX = Math.log(x);
    return expm1Over((1 - exponent) * logX) * logX;
  };
  const inverse = (y: number): number => {
    // Rounding must not push the argument of the logarithm below 0.
    const t = Math.max(-1, y * (1 - exponent));
    return Math.exp(log1pOver(t) * y);
  };
  const density = (x: number): number => Math.exp(-exponent * Math.log(x));
  const first = area(1.5) - 1;
  const last = area(ranks + 0.5);
  const alwaysWithin = 2 - inverse(area(2.5) - density(2));
  return () => {
    while (true) {
      const y = last + random.share() * (first - last);
      const x = inverse(y);
      const rank = Math.min(ranks, Math.max(1, Math.round(x)));
      if (rank - x <= alwaysWithin || y >= area(rank + 0.5) - density(rank)) return rank;
    }
  };
}

import { type Estimate, normalTail } from '../measure/stats.ts';
import { holm } from '../measure/wilcoxon.ts';

/**
 * What a benchmark's time says of head against base:
 * - `regression`: slower by more than the margin;
 * - `ok`: not slower by more than the margin; `improved`: and faster;
 * - `inconclusive`: the interval holds the margin;
 * - `unresolved`: base against base is too wide or off by itself, so this runner cannot tell.
 */
export type Verdict = 'ok' | 'improved' | 'regression' | 'inconclusive' | 'unresolved';

/** One benchmark's evidence. Ratios are head ÷ base, with 95 % intervals. */
export interface Evidence {
  readonly ratio: Estimate;
  /** Base ÷ base, two instances of one core in the same turns. */
  readonly self: Estimate;
  /** Non-inferiority margin as a share: 0.05 lets head be up to 5 % slower. */
  readonly margin: number;
  /** Pairs of blocks. */
  readonly pairs: number;
}

export interface Decision {
  readonly verdict: Verdict;
  /** Pairs beyond those there are after which it should be decided; undefined: decided, or never. */
  readonly morePairs: number | undefined;
}

/** Half of a two-sided 95 %. */
const ALPHA = 0.025;
const Z = 1.96;
/** Beyond this many times the pairs there are, nothing is promised. */
const MORE_MAX = 1000;

/** Half-width of a 95 % interval of ratios, as a share (on the scale of logarithms). */
export function halfWidth({ low, high }: Estimate): number {
  return (Math.log(high) - Math.log(low)) / 2;
}

/** Probability of a ratio this far above `bound`, were it there. */
function pAbove(ratio: Estimate, bound: number): number {
  const distance = Math.log(ratio.value) - Math.log(bound);
  const error = halfWidth(ratio) / Z;
  if (error === 0) return distance > 0 ? 0 : 1;
  return normalTail(distance / error);
}

/** Base against base: too wide to see half a margin, or wholly off by as much. */
function cannotResolve({ self, margin }: Evidence): boolean {
  const half = Math.log(1 + margin) / 2;
  return halfWidth(self) > half || Math.log(self.low) > half || Math.log(self.high) < -half;
}

/** Where p = `tail` of a standard normal is. */
function normalQuantile(tail: number): number {
  let [low, high] = [0, 10];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return high;
}

/** Pairs still needed until the interval no longer holds the margin: its width goes with 1/√n. */
function pairsToGo({ ratio, margin, pairs }: Evidence, family: number): number | undefined {
  const distance = Math.log(1 + margin) - Math.log(ratio.value);
  const wanted = distance < 0 ? normalQuantile(ALPHA / family) / Z : 1;
  const times = ((halfWidth(ratio) * wanted) / distance) ** 2;
  if (!Number.isFinite(times) || times > MORE_MAX) return undefined;
  return Math.max(1, Math.ceil(pairs * (times - 1)));
}

function decideOne(each: Evidence, slower: number, faster: number, family: number): Decision {
  if (cannotResolve(each)) return { verdict: 'unresolved', morePairs: undefined };
  const bound = 1 + each.margin;
  if (each.ratio.low > bound && slower < ALPHA)
    return { verdict: 'regression', morePairs: undefined };
  if (each.ratio.high < bound) {
    const improved = each.ratio.high < 1 && faster < ALPHA;
    return { verdict: improved ? 'improved' : 'ok', morePairs: undefined };
  }
  return { verdict: 'inconclusive', morePairs: pairsToGo(each, family) };
}

/**
 * A verdict for each benchmark of a family.
 *
 * Why: not "is there a difference" but "is head slower by more than what we would bear", so that more
 * samples never turn a difference too small to matter into a failure. Holm's adjustment over the
 * family keeps the chance that any of them is called a regression (or an improvement) by luck at
 * 2.5 %, however many there are.
 */
export function decide(family: readonly Evidence[]): readonly Decision[] {
  const slower = holm(family.map(({ ratio, margin }) => pAbove(ratio, 1 + margin)));
  const faster = holm(
    family.map(({ ratio: { value, low, high } }) =>
      pAbove({ value: 1 / value, low: 1 / high, high: 1 / low }, 1),
    ),
  );
  return family.map((each, i) =>
    decideOne(each, slower[i] as number, faster[i] as number, family.length),
  );
}

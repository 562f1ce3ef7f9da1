import { type Random, seededRandom, shuffle } from '../random.ts';
import { zipfRanks } from './zipf.ts';

/** Orders in which a storm visits a device's units, each of them once. */
export const ORDERS = ['sequential', 'strided', 'uniform'] as const;
export type Order = (typeof ORDERS)[number];

/** Patterns that touch some units again and again and perhaps others never. */
export const REVISITS = ['zipf', 'hotPage'] as const;
export type Revisit = (typeof REVISITS)[number];

export const PATTERNS = [...ORDERS, ...REVISITS] as const;
/** Order in which units are touched: each once, or by `zipf` and `hotPage` some again and again. */
export type Pattern = (typeof PATTERNS)[number];

/** The skew of YCSB's zipfian requests, which most published cache studies take. */
export const EXPONENT_DEFAULT = 0.99;
export const EXPONENT_MAX = 10;
export const HOT_SHARE_DEFAULT = 0.9;

export function isRevisit(pattern: Pattern): pattern is Revisit {
  return REVISITS.some((each) => each === pattern);
}

/**
 * The units 0 .. units-1 in the pattern's order: `strided` goes up in steps of `strideUnits`, again
 * and again from the next first unit; `uniform` is a seeded permutation.
 */
export function unitOrder(
  pattern: Order,
  units: number,
  strideUnits: number,
  seed: number,
): Uint32Array {
  const order = new Uint32Array(units);
  if (pattern === 'strided') {
    let at = 0;
    for (let first = 0; first < Math.min(strideUnits, units); first++) {
      for (let unit = first; unit < units; unit += strideUnits) order[at++] = unit;
    }
    return order;
  }
  for (let unit = 0; unit < units; unit++) order[unit] = unit;
  if (pattern === 'uniform') shuffle(order, seededRandom(seed));
  return order;
}

/** How skewed the touches of a pattern that revisits are. */
export interface Skew {
  /** zipf: the k-th most touched unit is touched in proportion to k^−exponent; 0 to 10. */
  readonly exponent: number;
  /** hotPage: the share of touches that go to the one hot unit, 0 to 1; the rest go anywhere. */
  readonly hotShare: number;
}

/**
 * Units by how popular they are, the most popular first: a seeded order, for popular units are
 * scattered over a device as hot objects are over a heap.
 */
export function popularity(units: number, seed: number): Uint32Array {
  return unitOrder('uniform', units, 1, seed);
}

/** Which unit a touch goes to. */
function chooser(pattern: Revisit, popular: Uint32Array, skew: Skew, random: Random): () => number {
  const units = popular.length;
  if (pattern === 'hotPage') {
    const hot = popular[0] as number;
    return () => (random.share() < skew.hotShare ? hot : random.below(units));
  }
  const rank = zipfRanks(units, skew.exponent, random);
  return () => popular[rank() - 1] as number;
}

/** `touches` of the units of `popular`, in the order they are touched, seeded. */
export function unitTouches(
  pattern: Revisit,
  popular: Uint32Array,
  touches: number,
  skew: Skew,
  seed: number,
): Uint32Array {
  const next = chooser(pattern, popular, skew, seededRandom(seed));
  const order = new Uint32Array(touches);
  for (let i = 0; i < touches; i++) order[i] = next();
  return order;
}

/** One for each unit that a sequence touches, else 0. */
export function touchedUnits(order: Uint32Array, units: number): Uint8Array {
  const touched = new Uint8Array(units);
  for (const unit of order) touched[unit] = 1;
  return touched;
}

/** How many units a map of touchedUnits has. */
export function countUnits(touched: Uint8Array): number {
  return touched.reduce((sum, each) => sum + each, 0);
}

import { seededRandom, shuffle } from '../random.ts';

/** In which order a storm visits a device's units; each visits every unit once. */
export const PATTERNS = ['sequential', 'strided', 'uniform'] as const;
export type Pattern = (typeof PATTERNS)[number];

/**
 * The units 0 .. units-1 in the pattern's order: `strided` goes up in steps of `strideUnits`, again
 * and again from the next first unit; `uniform` is a seeded permutation.
 */
export function unitOrder(
  pattern: Pattern,
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

import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded source of whole numbers. */
export interface Random {
  /** A number in [0, below). */
  below(below: number): number;
  /** A number in [0, 1), of 53 bits. */
  share(): number;
}

/** Seeds are whole numbers in [0, 2^31): printed, and enough to replay everything drawn. */
export const SEED_MAX = 2 ** 31 - 1;

export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return {
    below: (below) => uniformInt(generator, 0, below - 1),
    share: () => uniformFloat64(generator),
  };
}

/** Puts `values` in a random order, in place (Fisher-Yates). */
export function shuffle(values: Uint32Array, random: Random): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = values[i] as number;
    values[i] = values[j] as number;
    values[j] = held;
  }
}

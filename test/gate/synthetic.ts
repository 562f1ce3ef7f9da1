// Results without a clock: samples drawn from a seed, and scenarios small enough to make up.
import type { Benchmark } from '../../host/gate/benchmarks.ts';
import type { Duel, Measure } from '../../host/gate/timing.ts';
import type { Samples, Turn } from '../../host/measure/samples.ts';
import { type Random, seededRandom } from '../../host/random.ts';
import { dynamicDevice } from '../../host/syscall/device.ts';
import { GIB } from '../../host/units.ts';
import { OpStream } from '../../host/wasm/ops.ts';

/** How a made-up machine behaves; shares of the time. */
export interface Weather {
  /** Head is slower by this. */
  readonly slower: number;
  /** Standard deviation of a block, and of what a place does to a side. */
  readonly block: number;
  readonly place: number;
}

/** A standard normal deviate (Box-Muller). */
function normal(random: Random): number {
  const uniform = (): number => (random.below(2 ** 30) + 1) / (2 ** 30 + 1);
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const PAIRS_A_SECOND = 10;

/** Samples of base, head and base again, as runSides would answer them. */
export function drawSamples(
  { slower, block, place }: Weather,
  phases: number,
  seconds: number,
  seed: number,
): Samples {
  const random = seededRandom(seed);
  const factors = [1, 1 + slower, 1];
  const placements = Array.from({ length: Math.max(5, seconds * PAIRS_A_SECOND) }, () => {
    const bias = factors.map(() => place * normal(random));
    const turn = (): Turn =>
      factors.map((factor, side) =>
        Array.from(
          { length: phases },
          (_, i) => 20 * (i + 1) * factor * Math.exp((bias[side] ?? 0) + block * normal(random)),
        ),
      );
    return [turn(), turn()];
  });
  return {
    sides: ['base', 'head', 'base again'],
    placements,
    roundsPerBlock: 1,
    interrupted: false,
  };
}

const PHASES = ['fault', 'munmap'] as const;

export function madeUpBenchmark(name: string): Benchmark {
  return {
    name,
    device: dynamicDevice('4K', GIB),
    phases: PHASES.map((phase) => ({ name: phase, stream: new OpStream(), operations: 1 })),
    workload: '000000000000',
    margin: 0.05,
  };
}

export function madeUpDuel(name: string): Duel {
  return {
    benchmark: madeUpBenchmark(name),
    pair: { kernel: 'refcount', base: 'base.wasm', head: 'head.wasm' },
  };
}

/** A measurement that takes no time, and a clock that moves as if it had. */
export function madeUpMachine(weather: (duel: Duel) => Weather): {
  readonly measure: Measure;
  readonly now: () => number;
} {
  let clockMs = 0;
  return {
    measure: async (duel, seconds, seed) => {
      clockMs += seconds * 1000;
      return drawSamples(weather(duel), PHASES.length, seconds, seed);
    },
    now: () => clockMs,
  };
}

import { setImmediate } from 'node:timers/promises';
import { type Estimate, median, ratioOfPairs } from '../measure/stats.ts';
import { seededRandom } from '../random.ts';
import type { Overlap } from '../wasm/machine.ts';
import type { PhaseName } from './phase.ts';
import type { Rig } from './rig.ts';

/** A block is as many rounds as take at least this long inside the core. */
const BLOCK_NS = 5_000_000;
/** Fewer pairs than this say nothing, whatever the time limit. */
const PAIRS_MIN = 6;

export interface RunOptions {
  /** Time to spend, set-up apart. */
  readonly seconds: number;
  readonly overlap: Overlap;
  readonly seed: number;
  /** Ends the run after the block in hand. */
  readonly signal?: AbortSignal | undefined;
  readonly onPairs?: (pairs: number) => void;
}

/** One phase measured on both sides, in pairs of neighbouring blocks. */
export interface PairedPhase {
  readonly name: PhaseName;
  readonly operations: number;
  /** Median nanoseconds an operation, first and second rig. */
  readonly baseNs: number;
  readonly otherNs: number;
  /** Second ÷ first. */
  readonly ratio: Estimate;
}

export interface PairedRun {
  readonly phases: readonly PairedPhase[];
  readonly pairs: number;
  readonly roundsPerBlock: number;
  /** The signal ended it early. */
  readonly interrupted: boolean;
}

/** Nanoseconds of each phase over one block of `rounds`. */
function runBlock(rig: Rig, rounds: number, overlap: Overlap): Float64Array {
  rig.takeBank();
  const totalNs = new Float64Array(rig.phases.length);
  for (let round = 0; round < rounds; round++) rig.round(overlap, totalNs);
  return totalNs;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Warms both rigs up and finds how many rounds fill a block on the faster one. */
function calibrate(base: Rig, other: Rig, overlap: Overlap): number {
  let rounds = 1;
  while (true) {
    const shortest = Math.min(
      sum(runBlock(base, rounds, overlap)),
      sum(runBlock(other, rounds, overlap)),
    );
    if (shortest >= BLOCK_NS) return rounds;
    rounds = Math.max(rounds + 1, Math.ceil((rounds * BLOCK_NS * 1.1) / shortest));
  }
}

function phaseResult(
  base: Rig,
  blocks: readonly (readonly [Float64Array, Float64Array])[],
  index: number,
  rounds: number,
  seed: number,
): PairedPhase {
  const phase = base.phases[index];
  if (!phase) throw new Error(`no phase ${index}`);
  const perOperation = phase.operations * rounds;
  const baseNs = blocks.map(([first]) => (first[index] as number) / perOperation);
  const otherNs = blocks.map(([, second]) => (second[index] as number) / perOperation);
  return {
    name: phase.name,
    operations: phase.operations,
    baseNs: median(baseNs),
    otherNs: median(otherNs),
    ratio: ratioOfPairs(baseNs, otherNs, seed),
  };
}

/**
 * The same storm on two rigs that share a bank, in seeded ABBA blocks of at least 5 ms.
 *
 * Why: neighbouring blocks see the same machine, the same host pages and the same clock speed, so
 * what is left of their ratio is the kernels'.
 */
export async function runPaired(base: Rig, other: Rig, options: RunOptions): Promise<PairedRun> {
  const { overlap, seconds, seed, signal } = options;
  const random = seededRandom(seed);
  const rounds = calibrate(base, other, overlap);
  const blocks: (readonly [Float64Array, Float64Array])[] = [];
  const deadline = performance.now() + seconds * 1000;
  while (!signal?.aborted && (performance.now() < deadline || blocks.length < PAIRS_MIN)) {
    const otherFirst = random.below(2) === 1;
    for (const swap of [otherFirst, !otherFirst]) {
      const first = runBlock(swap ? other : base, rounds, overlap);
      const second = runBlock(swap ? base : other, rounds, overlap);
      blocks.push(swap ? [second, first] : [first, second]);
    }
    options.onPairs?.(blocks.length);
    // Lets Ctrl-C in: the blocks themselves never yield.
    await setImmediate();
  }
  const phases = base.phases.map((_, i) => phaseResult(base, blocks, i, rounds, seed));
  return { phases, pairs: blocks.length, roundsPerBlock: rounds, interrupted: !!signal?.aborted };
}

import { setImmediate } from 'node:timers/promises';
import type { Samples, Turn } from '../measure/samples.ts';
import { type Random, shuffle } from '../random.ts';
import { MIB } from '../units.ts';
import type { Banks } from '../wasm/banks.ts';
import type { MemoryUse } from './memory.ts';

/** A block is as many rounds as take at least this long inside the core. */
export const BLOCK_NS = 5_000_000;
/** What banks have beside the device, to lay every pair of turns on host pages of their own. */
export const ROOM_BYTES = 128 * MIB;
/** Fewer places than this say nothing, whatever the time limit. */
const PLACES_MIN = 5;

export interface RunOptions {
  /** Time to spend, set-up apart. */
  readonly seconds: number;
  readonly seed: number;
  /** Ends the run after the blocks in hand. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many turns are done, and how many seconds are left. */
  readonly onTurns?: (turns: number, leftSeconds: number) => void;
  /** Told once the memory is there. */
  readonly onMemory?: ((use: MemoryUse) => void) | undefined;
}

/** Runs one block of a side: nanoseconds of each phase, an operation. */
export type Block = (side: number) => readonly number[] | Promise<readonly number[]>;

/** How many rounds fill a block: `shortestNs` runs some on every side and answers the fastest's. */
export async function roundsToFill(
  blockNs: number,
  shortestNs: (rounds: number) => number | Promise<number>,
): Promise<number> {
  let rounds = 1;
  while (true) {
    const shortest = await shortestNs(rounds);
    if (shortest >= blockNs) return rounds;
    rounds = Math.max(rounds + 1, Math.ceil((rounds * blockNs * 1.1) / shortest));
  }
}

/** A seeded order of the sides and its reverse: ABC then CBA, so that a drift cancels. */
function* orders(sides: number, random: Random): Generator<readonly number[]> {
  const order = Uint32Array.from({ length: sides }, (_, i) => i);
  shuffle(order, random);
  yield [...order];
  yield [...order].reverse();
}

/** Every side once in this order; the result is in the sides' own order. */
async function runTurn(order: readonly number[], block: Block): Promise<Turn> {
  const turn: (readonly number[])[] = [];
  for (const side of order) turn[side] = await block(side);
  return turn;
}

/**
 * Sides in turns of neighbouring blocks, for as long as there is time; every pair of turns lies
 * somewhere else in the banks.
 *
 * Why: neighbouring blocks see the same machine, the same host pages and the same clock speed, so
 * what is left of their ratio is the sides'. Which host pages the tables and struct pages lie on
 * still favours one side or another a little; many places average that out and show how much it is.
 */
export async function runTurns(
  sides: readonly string[],
  banks: Banks,
  rounds: number,
  block: Block,
  random: Random,
  { seconds, signal, onTurns }: RunOptions,
): Promise<Samples> {
  const placements: Turn[][] = [];
  const deadline = performance.now() + seconds * 1000;
  while (!signal?.aborted && (performance.now() < deadline || placements.length < PLACES_MIN)) {
    banks.place(random);
    const turns: Turn[] = [];
    for (const order of orders(sides.length, random)) {
      turns.push(await runTurn(order, block));
    }
    placements.push(turns);
    onTurns?.(2 * placements.length, (deadline - performance.now()) / 1000);
    // Lets Ctrl-C in: the blocks themselves never yield.
    await setImmediate();
  }
  return { sides, placements, roundsPerBlock: rounds, interrupted: !!signal?.aborted };
}

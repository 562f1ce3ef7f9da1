import { setImmediate } from 'node:timers/promises';
import type { Samples, Turn } from '../measure/samples.ts';
import { type Random, seededRandom, shuffle } from '../random.ts';
import { bankShape, type Device } from '../syscall/device.ts';
import { MIB } from '../units.ts';
import { Banks } from '../wasm/banks.ts';
import { type MemoryUse, prefault } from './memory.ts';
import type { Phase } from './phase.ts';
import { Rig, type Side } from './rig.ts';
import { peakProcesses } from './stage.ts';

/** A block is as many rounds as take at least this long inside the core. */
const BLOCK_NS = 5_000_000;
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

/** Nanoseconds of each phase over one block of `rounds`, an operation. */
function runBlock(rig: Rig, rounds: number): readonly number[] {
  const totalNs = runRounds(rig, rounds);
  return rig.phases.map(({ operations }, i) => (totalNs[i] as number) / (operations * rounds));
}

function runRounds(rig: Rig, rounds: number): Float64Array {
  rig.takeBank();
  const totalNs = new Float64Array(rig.phases.length);
  for (let round = 0; round < rounds; round++) rig.round(totalNs);
  return totalNs;
}

/**
 * Warms every rig up and finds how many rounds fill a block on the fastest: 5 ms, or as long as
 * taking over the bank takes, so that at least half of the time is measured; but several banks take
 * seconds to take over, and a round of theirs is long.
 */
function calibrate(rigs: readonly Rig[]): number {
  const began = performance.now();
  for (const rig of rigs) rig.takeBank();
  const takeoverNs = ((performance.now() - began) / rigs.length) * 1e6;
  // Where every round boots, more rounds a block buy no larger share of measured time.
  const several = rigs.some(({ banks }) => banks.several);
  const wanted = several ? BLOCK_NS : Math.max(BLOCK_NS, takeoverNs);
  const blockNs = rigs.some(({ boots }) => boots) ? 0 : wanted;
  let rounds = 1;
  while (true) {
    const blocks = rigs.map((rig) => runRounds(rig, rounds).reduce((sum, ns) => sum + ns));
    const shortest = Math.min(...blocks);
    if (shortest >= blockNs) return rounds;
    rounds = Math.max(rounds + 1, Math.ceil((rounds * blockNs * 1.1) / shortest));
  }
}

/** Every rig once in this order; the result is in the rigs' own order. */
function runTurn(rigs: readonly Rig[], order: readonly number[], rounds: number): Turn {
  const turn: (readonly number[])[] = [];
  for (const index of order) turn[index] = runBlock(rigs[index] as Rig, rounds);
  return turn;
}

/** A seeded order of the sides and its reverse: ABC then CBA, so that a drift cancels. */
export function* orders(sides: number, random: Random): Generator<readonly number[]> {
  const order = Uint32Array.from({ length: sides }, (_, i) => i);
  shuffle(order, random);
  yield [...order];
  yield [...order].reverse();
}

/**
 * The same storm on several sides that share their banks, in turns of neighbouring blocks; every pair of
 * turns lies somewhere else in them.
 *
 * Why: neighbouring blocks see the same machine, the same host pages and the same clock speed, so
 * what is left of their ratio is the sides'. Which host pages the tables and struct pages lie on
 * still favours one side or another a little; many places average that out and show how much it is.
 */
export async function runSides(
  device: Device,
  phases: readonly Phase[],
  sides: readonly Side[],
  { seconds, seed, signal, onTurns, onMemory }: RunOptions,
): Promise<Samples> {
  const random = seededRandom(seed);
  const banks = new Banks(bankShape(device, peakProcesses(phases), false), ROOM_BYTES);
  onMemory?.(prefault(banks, phases));
  const rigs = sides.map((side) => new Rig(side, device, phases, banks));
  const rounds = calibrate(rigs);
  const placements: Turn[][] = [];
  const deadline = performance.now() + seconds * 1000;
  while (!signal?.aborted && (performance.now() < deadline || placements.length < PLACES_MIN)) {
    banks.place(random);
    const turns: Turn[] = [];
    for (const order of orders(sides.length, random)) turns.push(runTurn(rigs, order, rounds));
    placements.push(turns);
    onTurns?.(2 * placements.length, (deadline - performance.now()) / 1000);
    // Lets Ctrl-C in: the blocks themselves never yield.
    await setImmediate();
  }
  const names = sides.map(({ name }) => name);
  return { sides: names, placements, roundsPerBlock: rounds, interrupted: !!signal?.aborted };
}

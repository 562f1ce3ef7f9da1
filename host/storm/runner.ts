import { setImmediate } from 'node:timers/promises';
import type { Samples, Turn } from '../measure/samples.ts';
import { type Random, seededRandom, shuffle } from '../random.ts';
import { bankShape, type Device } from '../syscall/device.ts';
import { MIB } from '../units.ts';
import { Bank } from '../wasm/bank.ts';
import type { Phase } from './phase.ts';
import { Rig, type Side } from './rig.ts';

/** A block is as many rounds as take at least this long inside the core. */
const BLOCK_NS = 5_000_000;
/** Placements of a run, where memory permits: each is a bank of its own. */
const PLACEMENTS = 5;
/** Prefaulted bytes over all placements; the first touch of host memory is slow. */
const PREFAULT_BYTES_MAX = 768 * MIB;
/** Fewer pairs of turns than this on a placement say nothing, whatever the time limit. */
const TURN_PAIRS_MIN = 2;

export interface RunOptions {
  /** Time to spend, set-up apart. */
  readonly seconds: number;
  readonly seed: number;
  /** Ends the run after the blocks in hand. */
  readonly signal?: AbortSignal | undefined;
  readonly onTurns?: (turns: number) => void;
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
 * taking over the bank takes, so that at least half of the time is measured.
 */
function calibrate(rigs: readonly Rig[]): number {
  const began = performance.now();
  for (const rig of rigs) rig.takeBank();
  const takeoverNs = ((performance.now() - began) / rigs.length) * 1e6;
  const blockNs = Math.max(BLOCK_NS, takeoverNs);
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

function makeBank(device: Device): Bank {
  const bank = new Bank(bankShape(device, 1, false));
  bank.prefault();
  return bank;
}

/** How many banks of this size to spread a run over. */
function placementCount({ bytes }: Bank): number {
  return Math.max(1, Math.min(PLACEMENTS, Math.floor(PREFAULT_BYTES_MAX / bytes)));
}

/** A seeded order of the sides and its reverse: ABC then CBA, so that a drift cancels. */
function* orders(sides: number, random: Random): Generator<readonly number[]> {
  const order = Uint32Array.from({ length: sides }, (_, i) => i);
  shuffle(order, random);
  yield [...order];
  yield [...order].reverse();
}

/**
 * The same storm on several sides that share a bank, in turns of neighbouring blocks, on several
 * banks one after the other.
 *
 * Why: neighbouring blocks see the same machine, the same host pages and the same clock speed, so
 * what is left of their ratio is the sides'. Where the host put a bank's pages still favours one
 * side or another a little; several banks show how much.
 */
export async function runSides(
  device: Device,
  phases: readonly Phase[],
  sides: readonly Side[],
  { seconds, seed, signal, onTurns }: RunOptions,
): Promise<Samples> {
  const random = seededRandom(seed);
  let bank = makeBank(device);
  const banks = placementCount(bank);
  const placements: Turn[][] = [];
  let rounds = 0;
  let done = 0;
  for (let each = 0; each < banks && !signal?.aborted; each++) {
    if (each > 0) bank = makeBank(device);
    const rigs = sides.map((side) => new Rig(side, device, phases, bank));
    rounds ||= calibrate(rigs);
    const turns: Turn[] = [];
    placements.push(turns);
    const deadline = performance.now() + (seconds * 1000) / banks;
    while (
      !signal?.aborted &&
      (performance.now() < deadline || turns.length < 2 * TURN_PAIRS_MIN)
    ) {
      for (const order of orders(sides.length, random)) turns.push(runTurn(rigs, order, rounds));
      done += 2;
      onTurns?.(done);
      // Lets Ctrl-C in: the blocks themselves never yield.
      await setImmediate();
    }
  }
  const names = sides.map(({ name }) => name);
  return { sides: names, placements, roundsPerBlock: rounds, interrupted: !!signal?.aborted };
}

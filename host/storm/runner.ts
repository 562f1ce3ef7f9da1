import type { Samples } from '../measure/samples.ts';
import { seededRandom } from '../random.ts';
import { bankShape, type Device } from '../syscall/device.ts';
import { Banks } from '../wasm/banks.ts';
import { prefault } from './memory.ts';
import type { Phase } from './phase.ts';
import { Rig, type Side } from './rig.ts';
import { peakProcesses } from './stage.ts';
import { BLOCK_NS, ROOM_BYTES, type RunOptions, roundsToFill, runTurns } from './turns.ts';

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
function calibrate(rigs: readonly Rig[]): Promise<number> {
  const began = performance.now();
  for (const rig of rigs) rig.takeBank();
  const takeoverNs = ((performance.now() - began) / rigs.length) * 1e6;
  // Where every round boots, more rounds a block buy no larger share of measured time.
  const several = rigs.some(({ banks }) => banks.several);
  const wanted = several ? BLOCK_NS : Math.max(BLOCK_NS, takeoverNs);
  const blockNs = rigs.some(({ boots }) => boots) ? 0 : wanted;
  return roundsToFill(blockNs, (rounds) =>
    Math.min(...rigs.map((rig) => runRounds(rig, rounds).reduce((sum, ns) => sum + ns))),
  );
}

/** The same storm on several sides that share their banks, in turns: runTurns. */
export async function runSides(
  device: Device,
  phases: readonly Phase[],
  sides: readonly Side[],
  options: RunOptions,
): Promise<Samples> {
  const banks = new Banks(bankShape(device, peakProcesses(phases), false), ROOM_BYTES);
  options.onMemory?.(prefault(banks, phases));
  const rigs = sides.map((side) => new Rig(side, device, phases, banks));
  const rounds = await calibrate(rigs);
  const block = (side: number): readonly number[] => runBlock(rigs[side] as Rig, rounds);
  const names = sides.map(({ name }) => name);
  return runTurns(names, banks, rounds, block, seededRandom(options.seed), options);
}

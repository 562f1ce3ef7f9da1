import type { Samples } from '../measure/samples.ts';
import { seededRandom } from '../random.ts';
import type { Device } from '../syscall/device.ts';
import { bankShape } from '../syscall/device.ts';
import { Banks } from '../wasm/banks.ts';
import { Crew } from './crew.ts';
import { CrewRig, type CrewSide } from './crewRig.ts';
import type { CrewPhase, CrewStorm } from './crewStorm.ts';
import { BLOCK_NS, ROOM_BYTES, type RunOptions, roundsToFill, runTurns } from './turns.ts';

/** One of the things a crew's run compares: a core, and how many threads run it. */
export interface CrewRun {
  readonly name: string;
  readonly side: CrewSide;
  readonly threads: number;
}

/**
 * A bank for a storm of several threads, of counted builds or of timed ones.
 *
 * Fails: E_BANK_SPAN where one bank does not hold the device: threads share one. E_MEMORY.
 */
export function crewBanks(device: Device, { mm, threads }: CrewStorm, counted: boolean): Banks {
  const processes = mm === 'own' ? threads : 1;
  const shape = { ...bankShape(device, processes, counted), threads };
  const banks = new Banks(shape, counted ? 0 : ROOM_BYTES, { banks: 'one' });
  banks.first.prefault();
  return banks;
}

/** One run once: nanoseconds of each phase, an operation of all its threads together. */
async function runBlock(
  { threads }: CrewRun,
  rig: CrewRig,
  phases: readonly CrewPhase[],
  rounds: number,
): Promise<readonly number[]> {
  rig.takeBank(threads);
  const totals = await rig.rounds(threads, rounds);
  return phases.map(({ operations }, i) => (totals[i] as number) / (operations * rounds * threads));
}

/** How many rounds fill a block on every run; warms them all up. */
function calibrate(
  runs: readonly CrewRun[],
  rigs: readonly CrewRig[],
  phases: readonly CrewPhase[],
): Promise<number> {
  return roundsToFill(BLOCK_NS, async (rounds) => {
    let shortest = Number.POSITIVE_INFINITY;
    for (const [i, run] of runs.entries()) {
      const ns = await runBlock(run, rigs[i] as CrewRig, phases, rounds);
      const per = ns.map((each, j) => each * (phases[j]?.operations ?? 0) * run.threads * rounds);
      shortest = Math.min(
        shortest,
        per.reduce((sum, each) => sum + each, 0),
      );
    }
    return shortest;
  });
}

/** The rigs of runs, one for each core, all on one bank. */
function rigsOf(
  runs: readonly CrewRun[],
  device: Device,
  storm: CrewStorm,
  phases: readonly CrewPhase[],
  banks: Banks,
  crew: Crew,
): readonly CrewRig[] {
  const made = new Map<CrewSide, CrewRig>();
  return runs.map(({ side }) => {
    const rig = made.get(side) ?? new CrewRig(side, device, storm, phases, banks, crew);
    made.set(side, rig);
    return rig;
  });
}

/** The same storm with several cores and numbers of threads, in turns on one bank: runTurns. */
export async function runCrews(
  device: Device,
  storm: CrewStorm,
  phases: readonly CrewPhase[],
  runs: readonly CrewRun[],
  options: RunOptions,
): Promise<Samples> {
  const banks = crewBanks(device, storm, false);
  const crew = new Crew(banks.first, storm.threads);
  try {
    const rigs = rigsOf(runs, device, storm, phases, banks, crew);
    const rounds = await calibrate(runs, rigs, phases);
    const block = (side: number): Promise<readonly number[]> =>
      runBlock(runs[side] as CrewRun, rigs[side] as CrewRig, phases, rounds);
    const names = runs.map(({ name }) => name);
    return await runTurns(names, banks, rounds, block, seededRandom(options.seed), options);
  } finally {
    await crew.dismiss();
  }
}

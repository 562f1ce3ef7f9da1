import type { CompareOptions } from '../compare/comparison.ts';
import { contrast, turnCount } from '../measure/samples.ts';
import { stormPhases } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import { makeScenario, STANDARD_SIZE_BYTES, scenarioDevice } from '../storm/scenario.ts';
import type { AlignName } from '../units.ts';

/** What a run of one build against itself makes of no difference. */
export interface Resolution {
  readonly align: AlignName;
  readonly sizeBytes: number;
  readonly seconds: number;
  readonly seed: number;
  readonly turns: number;
  /** Half-width of the 95 % interval of the ratio, as a share, by operation. */
  readonly halfWidths: readonly { readonly operation: string; readonly share: number }[];
  /** The widest. */
  readonly share: number;
}

export interface ResolutionOptions extends CompareOptions {
  readonly align: AlignName;
}

const SIDES: readonly Side[] = [
  { name: 'devmap', kernel: 'devmap', kind: 'timed', overlap: 'none' },
  { name: 'twin', kernel: 'devmap', kind: 'timed', overlap: 'none' },
];

/**
 * Times the standard storm on two instances of one build in turns: the half-width that comes out is
 * the smallest difference that so many seconds tell from none here.
 *
 * Undefined where it was interrupted before anything was measured. Fails: E_MEMORY.
 */
export async function measureResolution(
  options: ResolutionOptions,
): Promise<Resolution | undefined> {
  const { align, seconds, seed, signal, onProgress } = options;
  const sizeBytes = STANDARD_SIZE_BYTES[align];
  const scenario = makeScenario({ align, sizeBytes, seed, pinPages: 0 });
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);
  onProgress?.('A against A', seconds);
  const samples = await runSides(device, phases, SIDES, {
    seconds,
    seed,
    signal,
    onTurns: (turns, left) => onProgress?.(`A against A, ${turns} turns`, left),
  });
  const halfWidths = phases.flatMap(({ name }, i) => {
    const found = contrast(samples, 'devmap', 'twin', i, seed);
    if (!found) return [];
    return [{ operation: name, share: (found.ratio.high - found.ratio.low) / 2 }];
  });
  if (halfWidths.length === 0) return undefined;
  const share = Math.max(...halfWidths.map((each) => each.share));
  return { align, sizeBytes, seconds, seed, turns: turnCount(samples), halfWidths, share };
}

/** Sides that a comparison runs in turns, where this ran two. */
const COMPARE_SIDES = 5;

/** What compare --time would about get: intervals narrow with the root of the number of turns. */
export function expectedShare({ share, seconds }: Resolution, compareSeconds: number): number {
  return share * Math.sqrt((seconds * COMPARE_SIDES) / (compareSeconds * SIDES.length));
}

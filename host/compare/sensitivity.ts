import { setImmediate } from 'node:timers/promises';
import type { KernelId } from '../kernel.ts';
import { type OperationShape, phaseTitle } from '../measure/operation.ts';
import { contrast } from '../measure/samples.ts';
import { flipsOf } from '../measure/sign.ts';
import type { Estimate } from '../measure/stats.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import type { Overlap } from '../wasm/core.ts';
import { type MadeBuild, makeBuild, STEP, STEPS_ALL } from '../wasm/made.ts';
import type { CompareOptions } from './comparison.ts';

/** One way to model what is emulated. */
interface Choice {
  readonly name: string;
  readonly overlap: Overlap;
  readonly detail: MadeBuild['detail'];
  readonly percpu: MadeBuild['percpu'];
  /** Whether the devmap kernel looks up memory types. */
  readonly memtypes: boolean;
}

const FULL: Choice = {
  name: 'full detail',
  overlap: 'none',
  detail: 'full',
  percpu: 'plain',
  memtypes: true,
};

/** The first is what the others are held against: each differs from it in one thing. */
const CHOICES: readonly Choice[] = [
  FULL,
  { ...FULL, name: 'natural overlap', overlap: 'natural' },
  { ...FULL, name: 'per-CPU state atomic', percpu: 'atomic' },
  { ...FULL, name: 'no memory-type look-up', memtypes: false },
  { ...FULL, name: 'walks and struct pages alone', detail: 'pages' },
];

/** One operation's emulated ratio under every choice. */
export interface Verdict {
  readonly phase: PhaseName;
  readonly title: string;
  readonly ratios: readonly Estimate[];
  /** Choices under which the sign is surely another than under the first that is sure of one. */
  readonly flips: readonly string[];
}

export interface Sensitivity {
  readonly device: Device;
  readonly choices: readonly string[];
  readonly verdicts: readonly Verdict[];
}

function sideName({ name }: Choice, kernel: KernelId): string {
  return `${kernel}, ${name}`;
}

async function makeSide(choice: Choice, kernel: KernelId): Promise<Side> {
  const { detail, percpu, memtypes, overlap } = choice;
  const none = memtypes ? 0 : STEP.noMemtype;
  const steps = kernel === 'refcount' ? STEPS_ALL : none;
  const wasm = await makeBuild({ kernel, detail, percpu, steps });
  return { name: sideName(choice, kernel), kernel, kind: 'timed', overlap, wasm };
}

/**
 * Which modelling choices decide whether an operation's emulated steps get dearer or cheaper: the
 * same A/B under each, all in turns of one run.
 */
export async function weighChoices(
  device: Device,
  phases: readonly Phase[],
  shape: OperationShape,
  { seconds, seed, signal, onProgress }: CompareOptions,
): Promise<Sensitivity | undefined> {
  const sides: Side[] = [];
  for (const choice of CHOICES) {
    // Lets Ctrl-C in between builds.
    await setImmediate();
    if (signal?.aborted) return undefined;
    onProgress?.(`${choice.name}: builds`, seconds);
    for (const kernel of ['devmap', 'refcount'] as const)
      sides.push(await makeSide(choice, kernel));
  }
  const onTurns = (turns: number, left: number): void =>
    onProgress?.(`${device.align}: choices, ${turns} turns`, left);
  const samples = await runSides(device, phases, sides, { seconds, seed, signal, onTurns });
  const verdicts = phases.flatMap(({ name }, i): readonly Verdict[] => {
    const ratios = CHOICES.flatMap((choice) => {
      const [base, other] = [sideName(choice, 'devmap'), sideName(choice, 'refcount')];
      return contrast(samples, base, other, i, seed)?.ratio ?? [];
    });
    if (ratios.length === 0) return [];
    return [
      {
        phase: name,
        title: phaseTitle(name, device.align, shape),
        ratios,
        flips: flipsOf(ratios).map((j) => (CHOICES[j] as Choice).name),
      },
    ];
  });
  if (verdicts.length === 0) return undefined;
  return { device, choices: CHOICES.map(({ name }) => name), verdicts };
}

import { setImmediate } from 'node:timers/promises';
import type { OperationShape } from '../measure/operation.ts';
import { phaseTitle } from '../measure/operation.ts';
import { contrast, medianNs, type Samples, turnCount } from '../measure/samples.ts';
import { makePace } from '../progress.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import type { Side } from '../storm/rig.ts';
import { runSides } from '../storm/runner.ts';
import type { Device } from '../syscall/device.ts';
import { makeBuild, STEP, STEPS_ALL } from '../wasm/made.ts';
import type { CompareOptions } from './comparison.ts';

/** The steps from the devmap bit to refcounts that can be taken in any order, in the first one. */
const STEPS: readonly (readonly [name: string, bit: number])[] = [
  ['no memory-type look-up', STEP.noMemtype],
  ['a reference per leaf', STEP.references],
  ['map counts', STEP.rmap],
  ['rss and vmstat', STEP.statistics],
  ['A and D handed on', STEP.marks],
  ['gathered, flushed, then put', STEP.gathers],
  ['GUP by folio, no pgmap', STEP.folioGup],
];
/** Comes first in both orders: everything after it works on the refcount kernel's entries. */
const LAYOUT_STEP = 'entry bits, order guard';

/** One step of the ladder on one operation, in emulated nanoseconds. */
export interface Rung {
  readonly step: string;
  /** Taken in the first order, and in the opposite one; each sums to the whole. */
  readonly forwardNs: number;
  readonly backwardNs: number;
  /** Least and most over both orders' 95 % intervals. */
  readonly lowNs: number;
  readonly highNs: number;
}

export interface LadderPhase {
  readonly phase: PhaseName;
  readonly title: string;
  readonly devmapNs: number;
  readonly refcountNs: number;
  readonly rungs: readonly Rung[];
  /** refcount less devmap. */
  readonly wholeNs: number;
  /** How far the two orders disagree: the widest rung. */
  readonly spreadNs: number;
}

export interface Ladder {
  readonly device: Device;
  readonly phases: readonly LadderPhase[];
  readonly turns: number;
  readonly placements: number;
  readonly seed: number;
  readonly interrupted: boolean;
}

/** Masks of steps after each one: 0, first, first two, … all. */
function prefixes(bits: readonly number[]): readonly number[] {
  const masks = [0];
  for (const bit of bits) masks.push((masks.at(-1) as number) | bit);
  return masks;
}

const FORWARD = prefixes(STEPS.map(([, bit]) => bit));
const BACKWARD = prefixes(STEPS.map(([, bit]) => bit).reverse());

const BASE = 'devmap';
function sideName(mask: number): string {
  return mask === STEPS_ALL ? 'refcount' : `steps ${mask}`;
}

/** Every build on either way, full detail; made when it is missing. */
async function ladderSides({
  signal,
  onProgress,
}: CompareOptions): Promise<readonly Side[] | undefined> {
  const side = { kind: 'timed', overlap: 'none' } as const;
  const made = { detail: 'full', percpu: 'plain' } as const;
  const wasm = await makeBuild({ ...made, kernel: 'devmap', steps: 0 });
  const sides: Side[] = [{ ...side, name: BASE, kernel: 'devmap', wasm }];
  const masks = new Set([...FORWARD, ...BACKWARD]);
  const pace = makePace(masks.size);
  for (const mask of masks) {
    // Lets Ctrl-C in between builds.
    await setImmediate();
    if (signal?.aborted) return undefined;
    const builds = masks.size + 1;
    onProgress?.(`ladder: build ${sides.length + 1} of ${builds}`, pace(sides.length - 1));
    const build = await makeBuild({ ...made, kernel: 'refcount', steps: mask });
    sides.push({ ...side, name: sideName(mask), kernel: 'refcount', wasm: build });
  }
  return sides;
}

interface Taken {
  readonly ns: number;
  readonly lowNs: number;
  readonly highNs: number;
}

/**
 * What each step of one order costs. Every side's time is the base's times their ratio, so that the
 * steps sum to the last less the first exactly; a step's interval is that of its own two sides.
 */
function takeSteps(
  samples: Samples,
  sides: readonly string[],
  phase: number,
  seed: number,
): readonly Taken[] {
  const baseNs = medianNs(samples, BASE, phase);
  const ratioTo = (from: string, to: string) => {
    const found = contrast(samples, from, to, phase, seed);
    if (!found) throw new Error('a ladder needs at least one turn');
    return found.ratio;
  };
  const times = sides.map((side) => (side === BASE ? baseNs : baseNs * ratioTo(BASE, side).value));
  return sides.slice(1).map((side, i) => {
    const [before, after] = [times[i] as number, times[i + 1] as number];
    const { low, high } = ratioTo(sides[i] as string, side);
    const ns = after - before;
    return {
      ns,
      lowNs: Math.min(ns, before * (low - 1)),
      highNs: Math.max(ns, before * (high - 1)),
    };
  });
}

function ladderPhase(
  samples: Samples,
  index: number,
  { name }: Phase,
  title: string,
  seed: number,
): LadderPhase {
  const forward = takeSteps(samples, [BASE, ...FORWARD.map(sideName)], index, seed);
  const opposite = takeSteps(samples, [BASE, ...BACKWARD.map(sideName)], index, seed);
  // The layout step stays first; the others come last to first.
  const backward = [...opposite.slice(0, 1), ...opposite.slice(1).reverse()];
  const steps = [LAYOUT_STEP, ...STEPS.map(([step]) => step)];
  const rungs = steps.map((step, i): Rung => {
    const [one, other] = [forward[i] as Taken, backward[i] as Taken];
    return {
      step,
      forwardNs: one.ns,
      backwardNs: other.ns,
      lowNs: Math.min(one.lowNs, other.lowNs),
      highNs: Math.max(one.highNs, other.highNs),
    };
  });
  const devmapNs = medianNs(samples, BASE, index);
  const wholeNs = forward.reduce((sum, { ns }) => sum + ns, 0);
  return {
    phase: name,
    title,
    devmapNs,
    refcountNs: devmapNs + wholeNs,
    rungs,
    wholeNs,
    spreadNs: Math.max(...rungs.map((rung) => Math.abs(rung.forwardNs - rung.backwardNs))),
  };
}

/**
 * Where the emulated difference comes from: builds from devmap to refcount one step at a time, in an
 * order and in the opposite one, all in turns of one run.
 *
 * Why: what a step costs depends on the steps before it (two atomics on one line are not two costs),
 * so single steps switched off alone would not sum to the whole; how far the orders disagree is how
 * far any attribution can be trusted.
 */
export async function climb(
  device: Device,
  phases: readonly Phase[],
  shape: OperationShape,
  options: CompareOptions,
): Promise<Ladder | undefined> {
  const { seconds, seed, signal, onProgress } = options;
  const sides = await ladderSides(options);
  if (!sides) return undefined;
  const samples = await runSides(device, phases, sides, {
    seconds,
    seed,
    signal,
    onTurns: (turns, left) => onProgress?.(`${device.align}: ladder, ${turns} turns`, left),
  });
  return ladderOf(samples, device, phases, shape, seed);
}

/** The ladder that a run of its sides measured; undefined where it measured nothing. */
export function ladderOf(
  samples: Samples,
  device: Device,
  phases: readonly Phase[],
  shape: OperationShape,
  seed: number,
): Ladder | undefined {
  const turns = turnCount(samples);
  if (turns === 0) return undefined;
  return {
    device,
    phases: phases.map((phase, i) =>
      ladderPhase(samples, i, phase, phaseTitle(phase.name, device.align, shape), seed),
    ),
    turns,
    placements: samples.placements.length,
    seed,
    interrupted: samples.interrupted,
  };
}

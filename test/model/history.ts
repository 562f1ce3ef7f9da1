// Histories: random lists of operations, what they do wrong, and the shortest that still does.
import type { KernelId } from '../../host/kernel.ts';
import type { seededRandom } from '../../host/random.ts';
import { FIELD_MAX, type Op } from './operation.ts';
import type { Size } from './reference/kernel.ts';
import { Divergence, Twin } from './twin.ts';

const FIELDS = 6;

/** What histories run on; `plant` damages one side, for tests of the fuzzer. */
export interface Setting {
  readonly kernel: KernelId;
  readonly size: Size;
  readonly plant?: (twin: Twin) => void;
  /** The counted build of packed records to emulate on, in place of the shipped one. */
  readonly packed?: string | undefined;
}

export function randomHistory(
  random: ReturnType<typeof seededRandom>,
  length: number,
): readonly Op[] {
  return Array.from(
    { length },
    () => Array.from({ length: FIELDS }, () => random.below(FIELD_MAX)) as unknown as Op,
  );
}

/** What the history did wrong, if anything; `fullEvery` operations all is compared. */
export function divergenceOf(
  { kernel, size, plant, packed }: Setting,
  ops: readonly Op[],
  fullEvery?: number,
): Divergence | undefined {
  const twin = new Twin(kernel, size, fullEvery, packed);
  plant?.(twin);
  try {
    for (const op of ops) twin.step(op);
    twin.compareAll();
  } catch (error) {
    if (error instanceof Divergence) return error;
    throw error;
  }
  return undefined;
}

/** Drops ever smaller stretches that the divergence does not need. */
export function shrink(setting: Setting, failing: readonly Op[]): readonly Op[] {
  let ops = failing;
  for (let stretch = Math.ceil(ops.length / 2); stretch >= 1; stretch = Math.floor(stretch / 2)) {
    for (let at = 0; at < ops.length; ) {
      const shorter = [...ops.slice(0, at), ...ops.slice(at + stretch)];
      if (divergenceOf(setting, shorter, 1)) ops = shorter;
      else at += stretch;
    }
  }
  return ops;
}

/** The divergence of a failing history, cut down, and the command that replays it. */
export function explain(setting: Setting, failing: readonly Op[]): string {
  const ops = shrink(setting, failing);
  const why = divergenceOf(setting, ops, 1)?.message ?? 'divergence';
  const { kernel, size, packed } = setting;
  const records = packed ? ' --records packed' : '';
  const replay = `npm run fuzz -- --kernel ${kernel} --align ${size}${records} --ops '${JSON.stringify(ops)}'`;
  return `${kernel} ${size}: ${why}\nreplay: ${replay}`;
}

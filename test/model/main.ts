// npm run fuzz -- [--events N] [--seed S] [--kernel K] [--align A] [--ops JSON]: long random histories
// on both sides. A divergence is cut down and printed with the command that replays it.
import { parseArgs } from 'node:util';
import { DaxError } from '../../host/error.ts';
import { KERNEL_IDS, type KernelId, parseKernel } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import { ALIGN_NAMES, formatCount, parseAlign } from '../../host/units.ts';
import { FIELD_MAX, type Op } from './operation.ts';
import type { Size } from './reference/kernel.ts';
import { Divergence, Twin } from './twin.ts';

/** Long enough to fill and empty the machine many times, short enough to cut down. */
const HISTORY_OPS = 2000;
const FIELDS = 6;

/** What the history did wrong, if anything. */
function run(
  kernel: KernelId,
  size: Size,
  ops: readonly Op[],
  fullEvery?: number,
): Divergence | undefined {
  const twin = new Twin(kernel, size, fullEvery);
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
function shrink(kernel: KernelId, size: Size, failing: readonly Op[]): readonly Op[] {
  let ops = failing;
  for (let stretch = Math.ceil(ops.length / 2); stretch >= 1; stretch = Math.floor(stretch / 2)) {
    for (let at = 0; at < ops.length; ) {
      const shorter = [...ops.slice(0, at), ...ops.slice(at + stretch)];
      if (run(kernel, size, shorter, 1)) ops = shorter;
      else at += stretch;
    }
  }
  return ops;
}

function fail(kernel: KernelId, size: Size, ops: readonly Op[]): never {
  const shortest = shrink(kernel, size, ops);
  const why = run(kernel, size, shortest, 1)?.message ?? 'divergence';
  process.stderr.write(
    `${kernel} ${size}: ${why}\nreplay: npm run fuzz -- --kernel ${kernel} --align ${size} --ops '${JSON.stringify(shortest)}'\n`,
  );
  process.exit(1);
}

/** `events` operations on one kernel and unit size, in histories of their own. */
function fuzz(kernel: KernelId, size: Size, events: number, seed: number): void {
  const random = seededRandom(seed);
  const began = performance.now();
  for (let done = 0; done < events; done += HISTORY_OPS) {
    const length = Math.min(HISTORY_OPS, events - done);
    const ops = Array.from(
      { length },
      () => Array.from({ length: FIELDS }, () => random.below(FIELD_MAX)) as unknown as Op,
    );
    if (run(kernel, size, ops)) fail(kernel, size, ops);
  }
  const perSecond = events / ((performance.now() - began) / 1000);
  process.stdout.write(
    `${kernel} ${size}: ${formatCount(events)} events, seed ${seed}, no divergence; ${formatCount(perSecond)} events a second\n`,
  );
}

function number(text: string, name: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new DaxError('E_VALUE', `--${name} '${text}' is not a whole number`, `use --${name} 1000`);
}

function main(): void {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '60000' },
      seed: { type: 'string', default: '1' },
      kernel: { type: 'string' },
      align: { type: 'string' },
      ops: { type: 'string' },
    },
  });
  const kernels = values.kernel === undefined ? KERNEL_IDS : [parseKernel(values.kernel)];
  const sizes = values.align === undefined ? ALIGN_NAMES : [parseAlign(values.align)];
  if (values.ops !== undefined) {
    const ops = JSON.parse(values.ops) as readonly Op[];
    for (const kernel of kernels)
      for (const size of sizes) if (run(kernel, size, ops)) fail(kernel, size, ops);
    process.stdout.write(`${ops.length} operations, no divergence\n`);
    return;
  }
  // Events are a kernel's, shared out over its unit sizes.
  const events = Math.ceil(number(values.events, 'events') / sizes.length);
  for (const kernel of kernels) {
    for (const size of sizes) fuzz(kernel, size, events, number(values.seed, 'seed'));
  }
}

try {
  main();
} catch (error) {
  const text = DaxError.is(error)
    ? `${error.message}; ${error.hint} [${error.code}]`
    : String(error);
  process.stderr.write(`fuzz: ${text}\n`);
  process.exitCode = 2;
}

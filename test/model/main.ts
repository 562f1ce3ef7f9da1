// npm run fuzz -- [--events N] [--seed S] [--kernel K] [--align A] [--records R] [--ops JSON]: long random histories
// on both sides; --excluded lists what they leave out. A divergence is cut down and printed with the command that replays it.
import { Option } from 'commander';
import * as option from '../../host/cli/options.ts';
import { makeTool, runTool } from '../../host/cli/tool.ts';
import { DaxError } from '../../host/error.ts';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import { ALIGN_NAMES, type AlignName, formatCount } from '../../host/units.ts';
import type { RecordFormat } from '../../host/wasm/bank.ts';
import { countedBuild } from '../../host/wasm/made.ts';
import { EXCLUDED } from './excluded.ts';
import { divergenceOf, explain, randomHistory, type Setting } from './history.ts';
import type { Op } from './operation.ts';

/** Long enough to fill and empty the machine many times, short enough to cut down. */
const HISTORY_OPS = 2000;

function fail(setting: Setting, ops: readonly Op[]): never {
  process.stderr.write(`${explain(setting, ops)}\n`);
  process.exit(1);
}

/** `events` operations on one kernel and unit size, in histories of their own. */
function fuzz(setting: Setting, events: number, seed: number): void {
  const { kernel, size, packed } = setting;
  const random = seededRandom(seed);
  const began = performance.now();
  for (let done = 0; done < events; done += HISTORY_OPS) {
    const length = Math.min(HISTORY_OPS, events - done);
    const ops = randomHistory(random, length);
    if (divergenceOf(setting, ops)) fail(setting, ops);
  }
  const perSecond = events / ((performance.now() - began) / 1000);
  process.stdout.write(
    `${kernel} ${size}${packed ? ' packed' : ''}: ${formatCount(events)} events, seed ${seed}, no divergence; ${formatCount(perSecond)} events a second\n`,
  );
}

function parseOps(text: string): readonly Op[] {
  try {
    return JSON.parse(text);
  } catch {
    throw new DaxError('E_VALUE', '--ops is not JSON', 'give what a divergence printed, in quotes');
  }
}

interface Flags {
  readonly events: number;
  readonly seed: number;
  readonly kernel?: KernelId;
  readonly align?: AlignName;
  readonly records: RecordFormat;
  readonly ops?: readonly Op[];
  readonly excluded?: true;
}

async function main(flags: Flags): Promise<void> {
  if (flags.excluded) {
    for (const { what, why } of EXCLUDED) process.stdout.write(`${what}\n    ${why}\n`);
    return;
  }
  const kernels = flags.kernel === undefined ? KERNEL_IDS : [flags.kernel];
  const sizes = flags.align === undefined ? ALIGN_NAMES : [flags.align];
  const settings: Setting[] = [];
  for (const kernel of kernels) {
    const packed = await countedBuild(kernel, flags.records);
    for (const size of sizes) settings.push({ kernel, size, packed });
  }
  if (flags.ops !== undefined) {
    for (const setting of settings) if (divergenceOf(setting, flags.ops)) fail(setting, flags.ops);
    process.stdout.write(`${flags.ops.length} operations, no divergence\n`);
    return;
  }
  // Events are a kernel's, shared out over its unit sizes.
  const events = Math.ceil(flags.events / sizes.length);
  for (const setting of settings) fuzz(setting, events, flags.seed);
}

await runTool(
  makeTool('fuzz')
    .addOption(option.countOption('events', 'operations of each kernel', 1e12).default(60_000))
    .addOption(option.seedOption())
    .addOption(option.kernelOption())
    .addOption(option.alignOption())
    .addOption(option.recordsOption().default('line'))
    .addOption(new Option('--ops <json>', 'this history alone').argParser(parseOps))
    .option('--excluded', 'list what histories leave out, and why')
    .action(main),
);

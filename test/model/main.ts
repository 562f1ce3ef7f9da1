// npm run fuzz -- [--events N] [--seed S] [--kernel K] [--align A] [--records R] [--ops JSON]: long random histories
// on both sides; --excluded lists what they leave out. A divergence is cut down and printed with the command that replays it.
import { parseArgs } from 'node:util';
import { oneOf } from '../../host/cli/options.ts';
import { DaxError } from '../../host/error.ts';
import { KERNEL_IDS, parseKernel } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import { ALIGN_NAMES, formatCount, parseAlign } from '../../host/units.ts';
import { RECORD_FORMATS } from '../../host/wasm/bank.ts';
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

function number(text: string, name: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new DaxError('E_VALUE', `--${name} '${text}' is not a whole number`, `use --${name} 1000`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '60000' },
      seed: { type: 'string', default: '1' },
      kernel: { type: 'string' },
      align: { type: 'string' },
      records: { type: 'string', default: 'line' },
      ops: { type: 'string' },
      excluded: { type: 'boolean' },
    },
  });
  if (values.excluded) {
    for (const { what, why } of EXCLUDED) process.stdout.write(`${what}\n    ${why}\n`);
    return;
  }
  const kernels = values.kernel === undefined ? KERNEL_IDS : [parseKernel(values.kernel)];
  const sizes = values.align === undefined ? ALIGN_NAMES : [parseAlign(values.align)];
  const records = oneOf('--records', RECORD_FORMATS)(values.records);
  const settings: Setting[] = [];
  for (const kernel of kernels) {
    const packed = await countedBuild(kernel, records);
    for (const size of sizes) settings.push({ kernel, size, packed });
  }
  if (values.ops !== undefined) {
    const ops = JSON.parse(values.ops) as readonly Op[];
    for (const setting of settings) if (divergenceOf(setting, ops)) fail(setting, ops);
    process.stdout.write(`${ops.length} operations, no divergence\n`);
    return;
  }
  // Events are a kernel's, shared out over its unit sizes.
  const events = Math.ceil(number(values.events, 'events') / sizes.length);
  for (const setting of settings) fuzz(setting, events, number(values.seed, 'seed'));
}

try {
  await main();
} catch (error) {
  const text = DaxError.is(error)
    ? `${error.message}; ${error.hint} [${error.code}]`
    : String(error);
  process.stderr.write(`fuzz: ${text}\n`);
  process.exitCode = 2;
}

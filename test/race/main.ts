// npm run race -- [--ops 100000000] [--seed S] [--threads N] [--kernel K] [--align A] [--mm shared|own]
// [--records line|packed]: contended operations, shared out over every setting, and their counters against
// the threads' logs.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { oneOf } from '../../host/cli/options.ts';
import { DaxError } from '../../host/error.ts';
import { COMPARED, parseKernel } from '../../host/kernel.ts';
import { MM_KINDS } from '../../host/storm/crewStorm.ts';
import { ALIGN_NAMES, formatCount, parseAlign } from '../../host/units.ts';
import { RECORD_FORMATS } from '../../host/wasm/bank.ts';
import { type ContendOptions, contend, replayCommand } from './contend.ts';

function number(text: string, name: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new DaxError(
    'E_VALUE',
    `--${name} '${text}' is not a whole number`,
    `use --${name} ${least}`,
  );
}

async function runOne(options: ContendOptions): Promise<boolean> {
  const began = performance.now();
  const { wrong, ops, casRetries, lockWaits, second } = await contend(options);
  const seconds = (performance.now() - began) / 1000;
  const { kernel, align, mm, threads, records } = options;
  const found = `${formatCount(casRetries)} races lost, ${formatCount(lockWaits)} locks waited for, ${formatCount(second)} second faulters`;
  process.stdout.write(
    `${kernel} ${align}, ${mm} mm, ${threads} threads, ${records}: ${formatCount(ops)} operations in ${seconds.toFixed(1)} s, ${found}: ${wrong.length ? 'WRONG' : 'as logged'}\n`,
  );
  for (const each of wrong.slice(0, 20)) process.stdout.write(`  ${each}\n`);
  if (wrong.length) process.stdout.write(`  again: ${replayCommand(options)}\n`);
  return wrong.length === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ops: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      threads: {
        type: 'string',
        default: String(Math.max(2, Math.min(4, availableParallelism()))),
      },
      kernel: { type: 'string' },
      align: { type: 'string' },
      mm: { type: 'string' },
      records: { type: 'string', default: 'line' },
    },
  });
  const kernels = values.kernel === undefined ? COMPARED : [parseKernel(values.kernel)];
  const aligns = values.align === undefined ? ALIGN_NAMES : [parseAlign(values.align)];
  const mms = values.mm === undefined ? MM_KINDS : [oneOf('--mm', MM_KINDS)(values.mm)];
  const records = oneOf('--records', RECORD_FORMATS)(values.records);
  const settings = kernels.flatMap((kernel) =>
    aligns.flatMap((align) => mms.map((mm) => ({ kernel, align, mm }))),
  );
  const all = number(values.ops, 'ops', 1);
  const common = {
    threads: number(values.threads, 'threads', 1),
    ops: Math.ceil(all / settings.length),
    seed: number(values.seed, 'seed', 0),
    records,
  };
  let failures = 0;
  for (const setting of settings) if (!(await runOne({ ...setting, ...common }))) failures += 1;
  const verdict = failures ? `${failures} of ${settings.length} settings WRONG` : 'all as logged';
  process.stdout.write(
    `${formatCount(common.ops * settings.length)} operations, seed ${common.seed}: ${verdict}\n`,
  );
  process.exitCode = failures ? 1 : 0;
}

try {
  await main();
} catch (error) {
  if (!DaxError.is(error)) throw error;
  process.stderr.write(`race: ${error.message}; ${error.hint} [${error.code}]\n`);
  process.exitCode = 2;
}

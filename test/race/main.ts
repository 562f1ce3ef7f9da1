// npm run race -- [--ops 100000000] [--seed S] [--threads N] [--kernel K] [--align A] [--mm shared|own]
// [--records line|packed]: contended operations, shared out over every setting, and their counters against
// the threads' logs.
import { availableParallelism } from 'node:os';
import * as option from '../../host/cli/options.ts';
import { makeTool, runTool } from '../../host/cli/tool.ts';
import { COMPARED, type ComparedKernel } from '../../host/kernel.ts';
import { MM_KINDS, type MmKind } from '../../host/storm/crewStorm.ts';
import { ALIGN_NAMES, type AlignName, formatCount } from '../../host/units.ts';
import type { RecordFormat } from '../../host/wasm/bank.ts';
import { THREADS_MAX } from '../../host/wasm/ops.ts';
import { type ContendOptions, contend, replayCommand } from './contend.ts';

interface Flags {
  readonly ops: number;
  readonly seed: number;
  readonly threads: number;
  readonly kernel?: ComparedKernel;
  readonly align?: AlignName;
  readonly mm?: MmKind;
  readonly records: RecordFormat;
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

/** Every setting that the flags leave open. */
function settingsOf({ kernel, align, mm }: Flags) {
  const kernels = kernel === undefined ? COMPARED : [kernel];
  const aligns = align === undefined ? ALIGN_NAMES : [align];
  const mms = mm === undefined ? MM_KINDS : [mm];
  return kernels.flatMap((kernel) =>
    aligns.flatMap((align) => mms.map((mm) => ({ kernel, align, mm }))),
  );
}

async function race(flags: Flags): Promise<void> {
  const settings = settingsOf(flags);
  const { threads, seed, records } = flags;
  const ops = Math.ceil(flags.ops / settings.length);
  let failures = 0;
  for (const setting of settings)
    if (!(await runOne({ ...setting, threads, ops, seed, records }))) failures += 1;
  const verdict = failures ? `${failures} of ${settings.length} settings WRONG` : 'all as logged';
  process.stdout.write(
    `${formatCount(ops * settings.length)} operations, seed ${seed}: ${verdict}\n`,
  );
  process.exitCode = failures ? 1 : 0;
}

const THREADS = Math.max(2, Math.min(4, availableParallelism()));

await runTool(
  makeTool('race')
    .addOption(option.countOption('ops', 'operations of all settings', 1e12).default(1e6))
    .addOption(option.seedOption())
    .addOption(option.countOption('threads', 'threads on one device', THREADS_MAX).default(THREADS))
    .addOption(option.choiceOption('--kernel <id>', 'one kernel alone', COMPARED))
    .addOption(option.alignOption())
    .addOption(option.choiceOption('--mm <kind>', 'one kind of address space alone', MM_KINDS))
    .addOption(option.recordsOption().default('line'))
    .action(race),
);

import { Command } from 'commander';
import type { Comparison } from '../compare/comparison.ts';
import { SAMPLE_TRACE } from '../trace/sample.ts';
import { ALIGN_NAMES } from '../units.ts';
import { compareAlign, printWords } from './compare.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { runReplay } from './replay.ts';
import { standardStorm } from './stormFlags.ts';

interface DemoFlags {
  readonly time: number;
  readonly seed: number;
}

async function demo({ time, seed }: DemoFlags, context: Context): Promise<void> {
  const flags = standardStorm({ time, seed });
  const comparisons: Comparison[] = [];
  for (const align of ALIGN_NAMES) {
    if (!context.signal.aborted) comparisons.push(await compareAlign(flags, align, context));
  }
  if (!context.signal.aborted) {
    await runReplay(SAMPLE_TRACE, { time: time / 2, seed }, context);
    process.stdout.write('\n');
  }
  printWords(comparisons);
  if (context.signal.aborted) process.exitCode = EXIT.interrupted;
}

export function demoCommand(context: Context): Command {
  return new Command('demo')
    .addOption(option.timeOption(4))
    .addOption(option.seedOption())
    .action((flags: DemoFlags) => demo(flags, context));
}

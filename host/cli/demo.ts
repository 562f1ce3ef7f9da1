import { SAMPLE_TRACE } from '../trace/sample.ts';
import { ALIGN_NAMES } from '../units.ts';
import { Command } from './command.ts';
import { compareAlign, printWords } from './compare.ts';
import { type Context, EXIT, inParts } from './context.ts';
import * as option from './options.ts';
import { print } from './output.ts';
import { runReplay } from './replay.ts';
import { standardStorm } from './stormFlags.ts';

interface DemoFlags {
  readonly time: number;
  readonly seed: number;
}

async function demo({ time, seed }: DemoFlags, context: Context): Promise<void> {
  const flags = standardStorm({ time, seed });
  const comparisons = await inParts(ALIGN_NAMES, time, context, (align) =>
    compareAlign(flags, align, context),
  );
  if (!context.signal.aborted) {
    await runReplay(SAMPLE_TRACE, { time: time / 2, seed }, context);
    print('');
  }
  printWords(comparisons);
  if (context.signal.aborted) process.exitCode = EXIT.interrupted;
}

export function demoCommand(context: Context): Command {
  return new Command('demo')
    .description(
      'What npm start runs: the A/B on all three unit sizes, then the redis sample replayed, and what the ' +
        'recordings say of both in words.',
    )
    .examples(
      `
  daxstorm demo             four seconds a table
  daxstorm demo --time 0.5  the same, rougher`,
    )
    .addOption(option.timeOption(4))
    .addOption(option.seedOption())
    .action((flags: DemoFlags) => demo(flags, context));
}

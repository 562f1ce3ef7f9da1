import { basename } from 'node:path';
import { replayTrace, traceSizeBytes } from '../compare/replay.ts';
import { DaxError } from '../error.ts';
import type { OnProgress } from '../progress.ts';
import { comparisonJson, envelope } from '../report/json.ts';
import { formatReplay } from '../report/replay.ts';
import { dynamicDevice } from '../syscall/device.ts';
import type { FaultTrace } from '../trace/faultTrace.ts';
import { readTrace } from '../trace/open.ts';
import { SAMPLE_TRACE } from '../trace/sample.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { Command } from './command.ts';
import { type Context, EXIT, inParts } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print, warn } from './output.ts';

export interface ReplayFlags {
  readonly align?: AlignName;
  readonly size?: number;
  readonly seed: number;
  readonly time: number;
  readonly json?: string | true;
}

function sizesOf(trace: FaultTrace, flags: ReplayFlags): readonly (readonly [AlignName, number])[] {
  const aligns = flags.align ? [flags.align] : ALIGN_NAMES;
  return aligns.map((align) => {
    const sizeBytes = flags.size ?? traceSizeBytes(trace, align);
    // Every size is checked before the first is measured.
    dynamicDevice(align, sizeBytes);
    return [align, sizeBytes] as const;
  });
}

export async function runReplay(file: string, flags: ReplayFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  const { progress, signal } = context;
  const name = basename(file);
  progress.say(`reading ${name}`);
  const trace = await readTrace(file);
  progress.clear();
  for (const warning of trace.warnings) warn(`${name}: ${warning}`);
  const onProgress: OnProgress = (text, left) => progress.say(`replay ${text}`, left);
  const options = { seconds: flags.time, seed: flags.seed, signal, onProgress };
  const sizes = sizesOf(trace, flags);
  const replays = await inParts(sizes, flags.time, context, ([align, sizeBytes]) =>
    replayTrace(trace, align, sizeBytes, options),
  );
  progress.clear();
  if (flags.json === undefined) {
    print(formatReplay(name, trace, replays));
  } else {
    const { skippedLines, warnings } = trace;
    emitJson(flags.json, {
      ...envelope('replay'),
      trace: { name, faults: trace.pages.length, skippedLines, warnings },
      replays: replays.map(({ comparison, ...rest }) => ({
        ...rest,
        comparison: comparisonJson(comparison),
      })),
    });
  }
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

export function replayCommand(context: Context): Command {
  return new Command('replay')
    .description(
      'Reads perf-script text of exceptions:page_fault_user (plain or .gz), puts the pages the program faulted ' +
        'on a device in first-touch order, and replays the faults under both kernels.',
    )
    .argument('[FILE]', 'the trace; default: the redis sample that ships with daxstorm')
    .addOption(option.alignOption().default(undefined, 'all three'))
    .addOption(option.sizeOption().default(undefined, 'as the trace needs'))
    .addOption(option.timeOption(2))
    .addOption(option.seedOption())
    .addOption(option.jsonOption())
    .examples(
      `
  perf record -e exceptions:page_fault_user -- redis-server   record the faults of a program
  perf script > redis.txt                                     as text
  daxstorm replay redis.txt                                   on devices that hold it all
  daxstorm replay redis.txt.gz --align 2M --size 64MiB        on one that may not
  daxstorm replay                                             the sample`,
    )
    .action((file: string | undefined, flags: ReplayFlags) => {
      if (file === '') {
        throw new DaxError('E_FILE', 'the name of the trace is empty', 'name a file');
      }
      return runReplay(file ?? SAMPLE_TRACE, flags, context);
    });
}

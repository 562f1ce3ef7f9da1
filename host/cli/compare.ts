import { type Comparison, comparePhases } from '../compare/comparison.ts';
import { checkLatency, type Latency, measureLatency } from '../measure/latency.ts';
import { COLUMN_NOTES, formatComparison } from '../report/comparison.ts';
import { comparisonJson, envelope } from '../report/json.ts';
import { formatLatency } from '../report/latency.ts';
import { costWords } from '../report/words.ts';
import { EXPONENT_DEFAULT, HOT_SHARE_DEFAULT } from '../storm/pattern.ts';
import { stormPhases } from '../storm/phase.ts';
import { PIN_PAGES_DEFAULT, scenarioDevice } from '../storm/scenario.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { Command } from './command.ts';
import { type Context, EXIT, inParts } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';
import {
  checkReportTargets,
  emitReports,
  htmlOption,
  markdownOption,
  type ReportTargets,
} from './reportTargets.ts';
import { latencySeconds, type StormFlags, scenarioOf } from './stormFlags.ts';

/** The standard A/B on one unit size. */
export async function compareScenario(
  flags: StormFlags,
  align: AlignName,
  { progress, signal }: Context,
): Promise<Comparison> {
  const scenario = scenarioOf(flags, align);
  const device = scenarioDevice(scenario);
  const comparison = await comparePhases(device, stormPhases(scenario, device), scenario, {
    seconds: flags.time,
    seed: flags.seed,
    signal,
    onProgress: progress.say,
  });
  progress.clear();
  return comparison;
}

/** The same, printed as soon as it is there unless JSON is wanted. */
export async function compareAlign(
  flags: StormFlags,
  align: AlignName,
  context: Context,
): Promise<Comparison> {
  const comparison = await compareScenario(flags, align, context);
  if (flags.json === undefined) {
    const what = `${flags.pattern} ${flags.access} storm`;
    print(`${formatComparison(comparison, what)}\n`);
  }
  return comparison;
}

/** The tables' column notes and what the recordings say, in words. */
export function printWords(comparisons: readonly Comparison[]): void {
  print(`${COLUMN_NOTES}\n\n${costWords(comparisons)}`);
}

/** Latencies of the storm that compareAlign ran. */
export async function latencyOf(
  flags: StormFlags,
  align: AlignName,
  { progress, signal }: Context,
): Promise<Latency> {
  const scenario = scenarioOf(flags, align);
  const device = scenarioDevice(scenario);
  const latency = await measureLatency(device, stormPhases(scenario, device), scenario, {
    seconds: latencySeconds(flags),
    signal,
    onProgress: progress.say,
  });
  progress.clear();
  return latency;
}

type CompareFlags = StormFlags & ReportTargets;

export async function runCompare(flags: CompareFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  checkReportTargets(flags);
  const aligns = flags.align ? [flags.align] : ALIGN_NAMES;
  // Every size is checked before the first is measured.
  for (const align of aligns) {
    const device = scenarioDevice(scenarioOf(flags, align));
    if (flags.latency) checkLatency(device);
  }
  const secondsEach = flags.time + (flags.latency ? latencySeconds(flags) : 0);
  const parts = await inParts(aligns, secondsEach, context, async (align) => {
    const comparison = await compareAlign(flags, align, context);
    const latency = flags.latency ? await latencyOf(flags, align, context) : undefined;
    // A table of its own, never in the A/B.
    if (latency && flags.json === undefined) print(`${formatLatency(latency)}\n`);
    return { comparison, latency };
  });
  const results = parts.map(({ comparison, latency }) => ({
    ...comparisonJson(comparison),
    latency,
  }));
  const result = { ...envelope('compare'), comparisons: results };
  if (flags.json === undefined) printWords(parts.map(({ comparison }) => comparison));
  else emitJson(flags.json, result);
  emitReports(flags, [result]);
  if (context.signal.aborted) process.exitCode = EXIT.interrupted;
}

export function compareCommand(context: Context): Command {
  return new Command('compare')
    .description(
      'Runs the same storm (fault every unit, pin, unpin, unmap) under both kernels and prints what real ' +
        'kernels were recorded to execute, what was counted, and what the emulated steps take here.',
    )
    .addOption(option.alignOption().default(undefined, 'all three'))
    .addOption(option.sizeOption().default(undefined, '1GiB, 4GiB, 256GiB by unit'))
    .addOption(option.mapOption().default('mem'))
    .addOption(option.patternOption().default('sequential'))
    .addOption(option.strideOption().default(16))
    .addOption(option.exponentOption().default(EXPONENT_DEFAULT))
    .addOption(option.hotShareOption().default(HOT_SHARE_DEFAULT))
    .addOption(option.touchesOption().default(undefined, 'as many as units'))
    .addOption(option.accessOption().default('write'))
    .addOption(option.pinPagesOption().default(PIN_PAGES_DEFAULT))
    .addOption(option.recordsOption().default('line'))
    .addOption(option.timeOption(10))
    .addOption(option.seedOption())
    .addOption(option.latencyOption())
    .addOption(option.jsonOption())
    .addOption(htmlOption())
    .addOption(markdownOption())
    .examples(
      `
  daxstorm compare                              all three unit sizes, 10 s each
  daxstorm compare --align 2M --time 30         one size, tighter intervals
  daxstorm compare --align 4K --pattern uniform  random order of faults
  daxstorm compare --align 2M --latency         percentiles of single operations too
  daxstorm compare --pin-pages 1                pins of one page a call
  daxstorm compare --json result.json           the same numbers for a program
  daxstorm compare --markdown letter.md         and for a patch's cover letter`,
    )
    .action((flags: CompareFlags) => runCompare(flags, context));
}

import { DaxError } from '../error.ts';
import { COMPARED } from '../kernel.ts';
import { explain } from '../measure/functionFamilies.ts';
import { hotOperations, hotPairs } from '../measure/hotFunctions.ts';
import { comparisonJson, deviceJson, envelope } from '../report/json.ts';
import { readResult } from '../report/read.ts';
import { makeReport } from '../report/report.ts';
import type { Result, ResultOf, SingleResult } from '../report/schema/result.ts';
import { hasContent } from '../report/sections.ts';
import { scenarioDevice } from '../storm/scenario.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { Command } from './command.ts';
import { compareScenario, latencyOf } from './compare.ts';
import { type Context, EXIT, inParts } from './context.ts';
import { climbScenario, ladderJson } from './ladder.ts';
import * as option from './options.ts';
import { checkTarget, emitJson } from './output.ts';
import {
  checkReportTargets,
  emitReports,
  htmlOption,
  markdownOption,
  type ReportTargets,
} from './reportTargets.ts';
import { latencySeconds, type StormFlags, scenarioOf, standardStorm } from './stormFlags.ts';
import { walkJson, report as walkOn } from './walk.ts';

interface ReportFlags extends ReportTargets {
  readonly align?: AlignName;
  readonly ladder?: true;
  readonly latency?: true;
  readonly time: number;
  readonly seed: number;
  readonly json?: string | true;
}

async function compareAll(
  flags: StormFlags,
  aligns: readonly AlignName[],
  context: Context,
): Promise<ResultOf<'compare'>> {
  const comparisons = await inParts(aligns, flags.time, context, async (align) =>
    comparisonJson(await compareScenario(flags, align, context)),
  );
  return { ...envelope('compare'), comparisons };
}

async function climbAll(
  flags: StormFlags,
  aligns: readonly AlignName[],
  context: Context,
): Promise<ResultOf<'ladder'>> {
  const ladders = await inParts(aligns, flags.time, context, async (align) =>
    ladderJson(await climbScenario(flags, align, context)),
  );
  return { ...envelope('ladder'), ladders: ladders.flat() };
}

async function latencyAll(
  flags: StormFlags,
  aligns: readonly AlignName[],
  context: Context,
): Promise<ResultOf<'latency'>> {
  const latencies = await inParts(aligns, latencySeconds(flags), context, async (align) => {
    const device = deviceJson(scenarioDevice(scenarioOf(flags, align)));
    return { device, ...(await latencyOf(flags, align, context)) };
  });
  return { ...envelope('latency'), latencies };
}

function explainAll(align: AlignName | undefined): ResultOf<'explain'> {
  const explanations = [...hotOperations()].flatMap(([op, aligns]) =>
    align === undefined || aligns.includes(align) ? hotPairs(op, align).map(explain) : [],
  );
  return { ...envelope('explain'), explanations };
}

function walkAll(aligns: readonly AlignName[]): ResultOf<'walk'> {
  const flags = { map: 'mem', touch: 'write', ranges: 1, pinPages: 0, levels: '4' } as const;
  const walks = aligns.flatMap((align) =>
    COMPARED.map((kernel) => walkJson(walkOn('+0', kernel, { ...flags, align }))),
  );
  return { ...envelope('walk'), walks };
}

/** Runs what a report needs. */
async function runAll(flags: ReportFlags, context: Context): Promise<readonly SingleResult[]> {
  const aligns = flags.align ? [flags.align] : ALIGN_NAMES;
  const storm = standardStorm(flags);
  for (const align of aligns) scenarioDevice(scenarioOf(storm, align));
  const results: SingleResult[] = [await compareAll(storm, aligns, context)];
  results.push(explainAll(flags.align), walkAll(aligns));
  if (flags.ladder && !context.signal.aborted) results.push(await climbAll(storm, aligns, context));
  if (flags.latency && !context.signal.aborted)
    results.push(await latencyAll(storm, aligns, context));
  return results;
}

async function runReport(
  files: readonly string[],
  given: ReportFlags,
  context: Context,
): Promise<void> {
  const nowhere = [given.html, given.markdown, given.json].every((each) => each === undefined);
  const flags: ReportFlags = nowhere ? { ...given, markdown: true } : given;
  const measured = flags.ladder ? '--ladder' : flags.latency ? '--latency' : undefined;
  if (files.length > 0 && measured) {
    throw new DaxError(
      'E_USAGE',
      `${measured} measures, but results are named to report on`,
      'run daxstorm ladder or daxstorm compare --latency with --json FILE and name that file too',
    );
  }
  checkReportTargets(flags);
  checkTarget(flags.json);
  const results: readonly Result[] =
    files.length > 0 ? files.map(readResult) : await runAll(flags, context);
  context.progress.clear();
  if (!hasContent(makeReport(results))) {
    throw new DaxError(
      'E_RESULT',
      `a report has nothing to show of ${files.join(', ')}`,
      'name results of compare, ladder, scale, explain OPERATION, replay, validate, storm, sweep or walk',
    );
  }
  emitReports(flags, results);
  if (flags.json !== undefined) {
    const single = results.flatMap((each) => (each.kind === 'report' ? each.results : [each]));
    emitJson(flags.json, { ...envelope('report'), results: single });
  }
  if (context.signal.aborted) process.exitCode = EXIT.interrupted;
}

export function reportCommand(context: Context): Command {
  return new Command('report')
    .description(
      'Puts results that were saved with --json together, recorded, counted and emulated numbers apart. Without ' +
        'files it runs what it needs: the A/B, the split of recorded instructions, the walk of a mapped unit.',
    )
    .argument('[FILE...]', 'results that compare, ladder, explain and others wrote with --json')
    .addOption(option.alignOption().default(undefined, 'all three'))
    .option(
      '--ladder',
      'run the ladder too: compiles builds the first time, and as long as the A/B',
    )
    .addOption(option.latencyOption())
    .addOption(option.timeOption(10))
    .addOption(option.seedOption())
    .addOption(option.jsonOption())
    .addOption(htmlOption())
    .addOption(markdownOption())
    .examples(
      `
  daxstorm report --html report.html           runs the A/B on all three unit sizes
  daxstorm report                              the same, as Markdown
  daxstorm report --align 2M --ladder --latency --html report.html --json report.json
  daxstorm report compare.json ladder.json --html report.html --markdown letter.md`,
    )
    .action((files: readonly string[], flags: ReportFlags) => runReport(files, flags, context));
}

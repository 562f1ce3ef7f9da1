import { appendFileSync } from 'node:fs';
import { Option } from 'commander';
import { type BaselinePlace, findBaseline, sayFile } from '../gate/baseline.ts';
import { type Benchmark, isTimed, readBenchmarks } from '../gate/benchmarks.ts';
import { confirmApart } from '../gate/confirm.ts';
import { type Cores, findCores, ownCores } from '../gate/cores.ts';
import {
  chooseBenchmarks,
  type GateResult,
  type GateVerdict,
  isChosen,
  placesOf,
  runGate,
} from '../gate/gate.ts';
import { fingerprint } from '../measure/fingerprint.ts';
import { gateAnnotations } from '../report/gate/github.ts';
import { bencherHistory, smallerIsBetterHistory } from '../report/gate/history.ts';
import { gateJson } from '../report/gate/json.ts';
import { gateJunit } from '../report/gate/junit.ts';
import { gateMarkdown } from '../report/gate/markdown.ts';
import { formatGate } from '../report/gate/text.ts';
import { sayResult } from '../report/gate/words.ts';
import { envelope } from '../report/json.ts';
import { formatCount } from '../units.ts';
import { writeWhole } from '../wholeFile.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import {
  addFailOn,
  addFilter,
  addLimits,
  addMargin,
  baselineName,
  checkFlags,
  type GateFlags,
  replayCommand,
  updateCommand,
} from './gateFlags.ts';
import { writeBaseline } from './gateUpdate.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print, warn } from './output.ts';

function exitStatus(verdict: GateVerdict, strict: boolean | undefined): number {
  switch (verdict) {
    case 'ok':
      return EXIT.ok;
    case 'inconclusive':
      return strict ? EXIT.inconclusive : EXIT.ok;
    default:
      return EXIT[verdict];
  }
}

interface Setting {
  readonly benchmarks: readonly Benchmark[];
  readonly head: Cores;
  readonly base: Cores | undefined;
  readonly place: BaselinePlace;
}

/** Everything that flags name, found or refused before anything runs. */
async function prepare(flags: GateFlags, { progress }: Context): Promise<Setting> {
  checkFlags(flags);
  for (const file of [flags.junit, flags.markdown, flags.bmf, flags.smallerIsBetter, flags.json])
    checkTarget(file);
  const { say } = progress;
  const all = await readBenchmarks(flags.trace, (text) => warn(`${flags.trace}: ${text}`));
  const head = flags.head === undefined ? ownCores() : await findCores(flags.head, say);
  const benchmarks = chooseBenchmarks(all, head, flags.filter);
  const base = flags.base === undefined ? undefined : await findCores(flags.base, say);
  progress.clear();
  return { benchmarks, head, base, place: findBaseline(baselineName(flags)) };
}

/** What --list and --dry-run print instead of running. */
function describe(flags: GateFlags, { benchmarks, head, base, place }: Setting): string {
  const timed = new Set(placesOf(benchmarks.filter(isTimed), head));
  const places = placesOf(benchmarks, head).filter((path) => isChosen(flags.filter, path));
  if (flags.list)
    return places.map((path) => `${path}${timed.has(path) ? '  (timed)' : ''}`).join('\n');
  const there = place.exists ? '' : ', which is not there';
  const times =
    base === undefined || flags.countsOnly
      ? 'no times'
      : `times of ${places.filter((path) => timed.has(path)).length} operations, base ${base.label}, head ${head.label}, ${flags.time} to ${flags.maxTime} s, seed ${flags.seed}`;
  return [
    `would count ${formatCount(places.length)} operations of ${benchmarks.length} scenarios on ${head.label}`,
    `against ${sayFile(place.file)}${there}`,
    `and then compare ${times}`,
  ].join('\n');
}

function emitFiles(flags: GateFlags, result: GateResult, machineId: string): void {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  if (flags.junit !== undefined) writeWhole(flags.junit, gateJunit(result));
  if (flags.markdown !== undefined) writeWhole(flags.markdown, gateMarkdown(result, machineId));
  if (flags.bmf !== undefined) writeWhole(flags.bmf, json(bencherHistory(result, machineId)));
  if (flags.smallerIsBetter !== undefined)
    writeWhole(flags.smallerIsBetter, json(smallerIsBetterHistory(result, machineId)));
}

/** Annotations on stderr, which GitHub reads too, so that --json alone is on stdout. */
function emitGithub(result: GateResult, machineId: string): void {
  if (process.env['GITHUB_ACTIONS'] !== 'true') return;
  for (const line of gateAnnotations(result)) process.stderr.write(`${line}\n`);
  const summary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary) appendFileSync(summary, `${gateMarkdown(result, machineId)}\n`);
}

async function gate(flags: GateFlags, context: Context): Promise<void> {
  const { progress, signal } = context;
  let setting: Setting;
  try {
    setting = await prepare(flags, context);
  } catch (error) {
    // A build of another version that Ctrl-C ended is no failure of that version.
    if (!signal.aborted) throw error;
    process.exitCode = EXIT.interrupted;
    return;
  }
  if (flags.list || flags.dryRun) {
    print(describe(flags, setting));
    return;
  }
  if (flags.update || flags.saveBaseline !== undefined) {
    await writeBaseline(flags, setting.benchmarks, setting.head, context);
    return;
  }
  const { benchmarks, head, base, place } = setting;
  const result = await runGate({
    benchmarks,
    traceFile: flags.trace,
    head,
    headIsOwn: flags.head === undefined,
    base,
    baseline: place,
    lenient: flags.baselineLenient !== undefined,
    limits: flags.limit,
    margins: [...flags.margin, ...flags.failOn],
    filter: flags.filter,
    countsOnly: !!flags.countsOnly,
    seed: flags.seed,
    seconds: flags.time,
    maxSeconds: flags.maxTime,
    confirm: confirmApart,
    signal,
    onProgress: progress.say,
  });
  progress.clear();
  const { id } = fingerprint();
  emitFiles(flags, result, id);
  emitGithub(result, id);
  if (flags.json === undefined) {
    const options = {
      machine: id,
      explain: !!flags.explain,
      update: updateCommand(flags),
      replay: (path: string) => replayCommand(flags, path),
    };
    print(formatGate(result, options));
  } else emitJson(flags.json, { ...envelope('gate'), ...gateJson(result) });
  if (flags.json !== undefined && result.verdict !== 'ok')
    process.stderr.write(`${sayResult(result)}\n`);
  process.exitCode = exitStatus(result.verdict, flags.strict);
}

const EXAMPLES = `
  daxstorm gate                                  exact counts against the baseline
  daxstorm gate --explain                        and what is behind what moved
  daxstorm gate --update --reason 'one walk less a fault'
  daxstorm gate --limit 'ptRead=+2%,rmwRefcount=<3'
  daxstorm gate --base main                      then time: this build against a revision
  daxstorm gate --base old.wasm --head new.wasm --margin 3% --max-time 120
  daxstorm gate --trace redis.txt.gz --update --reason 'first'
  daxstorm gate --trace redis.txt.gz             does my program still touch memory as it did?`;

const NOTES = `
A name is some parts, in order, of SCENARIO/KERNEL/OPERATION (of a count: /EVENT), * for anything
within a part: rmwRefcount, refcount/fault, '4K*/fault'. --list shows them.

Exit status: 0 ok (or inconclusive), 1 internal error, 2 bad usage or baseline, 3 regression,
4 inconclusive with --strict, 5 invariant violated, 130 interrupted.`;

const file = (flag: string, text: string): Option => new Option(`${flag} <file>`, text);

const seconds = (flag: string, most: number, text: string): Option =>
  new Option(`${flag} <seconds>`, text)
    .argParser(option.positiveNumber(flag.slice(2), 3600))
    .default(most);

export function gateCommand(context: Context): Command {
  return new Command('gate')
    .description(
      'Counts every event of the standard storms and compares with a baseline file: any change fails unless a ' +
        'limit or the baseline allows it. With --base, then times this build and another one in turns in one ' +
        'process, and fails where head is slower by more than the margin, twice.',
    )
    .option('--base <core>', 'the core to time against: a .wasm, a folder, a revision, a version')
    .addOption(
      new Option('--head <core>', 'the core to judge, named in the same ways').default(
        undefined,
        'this build',
      ),
    )
    .addOption(
      new Option('--baseline <name|file>', 'the counts to compare with').default(
        undefined,
        'standard',
      ),
    )
    .option('--baseline-lenient <name|file>', 'the same, leaving out what it lacks')
    .option('--save-baseline <name|file>', 'write the counts as a baseline, comparing nothing')
    .option('--update', 'rewrite the baseline; needs --reason')
    .option('--reason <text>', 'why the counts moved, kept in the baseline')
    .addOption(
      new Option('--limit <limits>', "how far counts may move: 'NAME=+2%,NAME=<1000'")
        .argParser(addLimits)
        .default([], 'any change fails'),
    )
    .addOption(
      new Option('--margin <share>', "how much slower head may be: 5%, or 'NAME=3%'")
        .argParser(addMargin)
        .default([], '5%, of 4K uniform 10%'),
    )
    .addOption(
      new Option('--fail-on <rule>', "the same, written 'median:5%'")
        .argParser(addFailOn)
        .default([], 'as --margin'),
    )
    .addOption(file('--trace', 'gate the replay of a fault trace in place of the standard storms'))
    .option('--counts-only', 'no times')
    .addOption(
      new Option('--filter <name>', 'only what a name means; may be given again')
        .argParser(addFilter)
        .default([], 'everything'),
    )
    .option('--list', 'print what there is to gate, and stop')
    .option('--dry-run', 'print what would be done, and stop')
    .option('--explain', 'name the kernel function behind every count that moved')
    .option('--strict', 'exit 4 where times are inconclusive')
    .addOption(option.seedOption())
    .addOption(seconds('--time', 20, 'first look at the times, all of them together'))
    .addOption(seconds('--max-time', 60, 'all looks at the times, and confirming'))
    .addOption(file('--junit', 'write the result as JUnit XML'))
    .addOption(file('--markdown', "write it as a pull request's comment"))
    .addOption(file('--bmf', 'write the history in Bencher Metric Format'))
    .addOption(file('--smaller-is-better', 'write it as customSmallerIsBetter JSON'))
    .addOption(option.jsonOption())
    .examples(EXAMPLES)
    .notes(NOTES)
    .action((flags: GateFlags) => gate(flags, context));
}

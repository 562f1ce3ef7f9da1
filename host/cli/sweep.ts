import { Option } from 'commander';
import { DaxError } from '../error.ts';
import { coreHash } from '../sweep/core.ts';
import { defaultFolder, planJson, SweepFolder } from '../sweep/folder.ts';
import { planSweep, type SweepPlan } from '../sweep/plan.ts';
import { dueIn, INTERNAL, runScenarios } from '../sweep/run.ts';
import { parseShard, type Shard, shardOf, WHOLE } from '../sweep/shard.ts';
import { cutOf, type ShardStatus, shardStatus } from '../sweep/status.ts';
import { formatShard, formatStatus, formatSweepList } from '../sweep/text.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface SweepFlags {
  readonly shard?: Shard;
  readonly out?: string;
  readonly list?: boolean;
  readonly dryRun?: boolean;
  readonly status?: boolean;
  readonly failed?: boolean;
  readonly countsOnly?: boolean;
  readonly time: number;
  readonly seed?: number;
  readonly json?: string | true;
}

/** The text, or with --json every scenario with its shard and what `state` says of it. */
function emit(
  { json, shard = WHOLE }: SweepFlags,
  plan: SweepPlan,
  text: string,
  statuses: readonly ShardStatus[],
  count = shard.count,
): void {
  if (json === undefined) {
    print(text);
    return;
  }
  const states = new Map(
    statuses.flatMap(({ scenarios }) => scenarios.map((each) => [each.scenario.id, each.state])),
  );
  emitJson(
    json,
    planJson(plan, ({ id, place }) => ({ shard: shardOf(place, count), state: states.get(id) })),
  );
}

/** What a failure makes of the exit status: a mistake to mend, or one of daxstorm's own. */
export function failureStatus(codes: readonly string[]): number {
  if (codes.includes(INTERNAL)) return EXIT.internal;
  return codes.length > 0 ? EXIT.usage : EXIT.ok;
}

function checkFlags(flags: SweepFlags): void {
  const asked = (['list', 'dryRun', 'status'] as const).filter((name) => flags[name]);
  if (asked.length < 2) return;
  const named = asked.map((name) => `--${name === 'dryRun' ? 'dry-run' : name}`);
  const message = `${named.join(' and ')} each print something else instead of running`;
  throw new DaxError('E_USAGE', message, 'name one of them');
}

/** --status: done is what was counted, whether it was timed or not. */
function sayStatus(flags: SweepFlags, plan: SweepPlan, folder: SweepFolder): void {
  const { shard } = flags;
  const count = shard?.count ?? cutOf(plan, folder);
  const all = Array.from({ length: count }, (_, i) => ({ index: i + 1, count }));
  const shards = (shard ? [shard] : all).map((each) => shardStatus(plan, folder, each, false));
  emit(flags, plan, formatStatus(plan, shards), shards, count);
}

/** Runs what is due, unless it is only to be said, and says where the shard stands. */
async function runDue(
  flags: SweepFlags,
  plan: SweepPlan,
  folder: SweepFolder,
  { progress, signal }: Context,
): Promise<void> {
  const { shard = WHOLE, failed = false } = flags;
  const seconds = flags.countsOnly ? undefined : flags.time;
  const options = { shard, seconds, failedOnly: failed };
  const due = dueIn(plan, folder, options);
  let ran: number | undefined;
  if (!flags.dryRun) {
    folder.open(plan);
    const onProgress = (text: string): void => progress.say(text);
    ran = await runScenarios(due, folder, { ...options, signal, onProgress });
    progress.clear();
  }
  const status = shardStatus(plan, folder, shard, seconds !== undefined);
  const said = { folder: folder.folder, ran, due: due.length };
  emit(flags, plan, formatShard(plan, status, said), [status]);
  if (ran === undefined) return;
  process.exitCode = failureStatus(status.scenarios.flatMap(({ failure }) => failure?.code ?? []));
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

async function sweep(files: readonly string[], flags: SweepFlags, context: Context): Promise<void> {
  checkFlags(flags);
  checkTarget(flags.json);
  context.progress.say('checking every scenario');
  const plan = planSweep(files, flags.seed);
  context.progress.clear();
  if (flags.list) {
    const { shard } = flags;
    emit(flags, plan, formatSweepList(plan, shard ?? WHOLE, shard !== undefined), []);
    return;
  }
  const folder = new SweepFolder(flags.out ?? defaultFolder(files), coreHash());
  folder.check(plan);
  if (flags.status) sayStatus(flags, plan, folder);
  else await runDue(flags, plan, folder, context);
}

const EXAMPLES = `
  daxstorm sweep standard --counts-only             216 scenarios, in standard.sweep
  daxstorm sweep standard --list --shard 3/8        what the third of eight shards has
  daxstorm sweep my.yaml --shard 3/8 --out results  run it; again, to go on with what is left
  daxstorm sweep my.yaml --out results --status     how far each shard is
  daxstorm sweep my.yaml --out results --failed     run what failed again, and nothing else
  daxstorm merge results                            put them together`;

const NOTES = `
Shard i of n has every n-th scenario in the order of their ids: even to within one, the same on every
machine. Results are kept in a folder, a file a scenario, which shards may share; what is there is not
run again. docs/sweeps.md says more, and has manifests for Slurm, Kubernetes and GitHub.
Exit status: 2 also where a scenario failed.`;

export function sweepCommand(context: Context): Command {
  return new Command('sweep')
    .description(
      'Runs every scenario of scenario files, or one shard of them: counts each exactly, and times it here. ' +
        'Everything is checked before anything runs. A shard may be killed at any time and run again.',
    )
    .argument(
      '<FILE...>',
      'scenario files with a matrix, or the name of one that comes with daxstorm',
    )
    .addOption(
      new Option('--shard <i/n>', 'run part i of n, from 1')
        .argParser(parseShard)
        .default(undefined, 'all of it'),
    )
    .addOption(
      new Option('--out <folder>', 'where results are kept').default(undefined, 'NAME.sweep'),
    )
    .option('--counts-only', 'no times: counts are the same on every machine')
    .addOption(option.timeOption(1).conflicts('countsOnly'))
    .option('--failed', 'run only what failed before')
    .option('--list', 'print ids, shards and titles, and stop')
    .option('--dry-run', 'check everything, print what would run, and stop')
    .option('--status', 'print how far each shard is, and stop')
    .addOption(
      new Option(
        '--seed <number>',
        "seed of everything drawn at random, in place of the files'",
      ).argParser(option.parseSeed),
    )
    .addOption(option.jsonOption())
    .examples(EXAMPLES)
    .notes(NOTES)
    .action((files: readonly string[], flags: SweepFlags) => sweep(files, flags, context));
}

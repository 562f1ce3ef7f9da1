import { Option } from 'commander';
import { type Plan, planScenario, runScenario } from '../compare/scenario.ts';
import { DaxError } from '../error.ts';
import { envelope } from '../report/json.ts';
import {
  formatPlan,
  formatReady,
  formatScenario,
  formatScenarioCounts,
  planJson,
  SCENARIO_NOTES,
  scenarioJson,
} from '../report/scenario.ts';
import { readScenario, type ScenarioCase } from '../scenario/file.ts';
import { readyNames, readyScenarios, scenarioPath } from '../scenario/ready.ts';
import { Command } from './command.ts';
import { type Context, EXIT, inParts } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface RunFlags {
  readonly list?: boolean;
  readonly dryRun?: boolean;
  readonly filter?: readonly string[];
  readonly counts?: boolean;
  readonly seed?: number;
  readonly time: number;
  readonly json?: string | true;
}

function list({ json }: RunFlags): void {
  const ready = readyScenarios();
  if (json === undefined) {
    print(`${formatReady(ready)}\n\nRun one by its name: daxstorm run ${ready[0]?.id}`);
    return;
  }
  const scenarios = ready.map(({ id, cases }) => ({
    id,
    name: cases[0]?.scenario.name,
    description: cases[0]?.scenario.description,
    cases: cases.map(({ title }) => title),
  }));
  emitJson(json, { ...envelope('scenarios'), scenarios });
}

/** The cases whose titles hold every text of the filter. Fails: E_VALUE where there is none. */
function chosen(
  cases: readonly ScenarioCase[],
  filter: readonly string[],
): readonly ScenarioCase[] {
  const found = cases.filter(({ title }) => filter.every((text) => title.includes(text)));
  if (found.length > 0) return found;
  const titles = cases.map(({ title }) => title).join('; ');
  throw new DaxError('E_VALUE', `no case has '${filter.join("' and '")}' in its title`, titles);
}

async function measure(plans: readonly Plan[], flags: RunFlags, context: Context): Promise<void> {
  const { progress, signal } = context;
  const results = await inParts(plans, flags.time, context, async (plan) => {
    const result = await runScenario(plan, {
      seconds: flags.time,
      seed: plan.seed,
      signal,
      onProgress: progress.say,
    });
    progress.clear();
    if (flags.json === undefined) {
      print(`${formatScenario(result)}\n`);
      if (flags.counts) print(`${formatScenarioCounts(result)}\n`);
    }
    return result;
  });
  if (flags.json === undefined) print(SCENARIO_NOTES);
  else emitJson(flags.json, { ...envelope('run'), scenarios: results.map(scenarioJson) });
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

async function run(named: string | undefined, flags: RunFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  if (flags.list) {
    list(flags);
    return;
  }
  if (named === undefined) {
    throw new DaxError('E_USAGE', 'no scenario is named', 'see daxstorm run --list');
  }
  const cases = chosen(readScenario(scenarioPath(named)), flags.filter ?? []);
  // Every case is made before the first is measured: a mistake in the last costs no time.
  const plans = cases.map((one) => planScenario(one, flags.seed));
  if (!flags.dryRun) await measure(plans, flags, context);
  else if (flags.json === undefined) print(plans.map(formatPlan).join('\n\n'));
  else emitJson(flags.json, { ...envelope('dry-run'), scenarios: plans.map(planJson) });
}

export function runCommand(context: Context): Command {
  return new Command('run')
    .description(
      'Runs a scenario, YAML or JSON: what a workload does with the device, phase by phase. Prints exact counts, ' +
        'recorded instructions where an operation was recorded, predicted ones where not, and emulated time. ' +
        'docs/scenarios.md describes the format.',
    )
    .argument('[SCENARIO|FILE]', 'a scenario that comes with daxstorm by its name, or a file')
    .completes('SCENARIO|FILE', readyNames)
    .option('--list', 'list the scenarios that come with daxstorm')
    .option('--dry-run', 'check the file and print what would run')
    .option('--filter <text...>', 'run only cases that have all of these in their title')
    .option('--counts', 'print every event of every phase too')
    .addOption(option.timeOption(5))
    .addOption(
      new Option(
        '--seed <number>',
        "seed of everything drawn at random, in place of the file's",
      ).argParser(option.parseSeed),
    )
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm run --list
  daxstorm run vm-vfio
  daxstorm run rdma-registration --filter align=2M --time 10
  daxstorm run my.yaml --dry-run        check it first
  daxstorm run my.yaml --json out.json  the same numbers for a program`,
    )
    .action((named: string | undefined, flags: RunFlags) => run(named, flags, context));
}

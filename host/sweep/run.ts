import { setImmediate } from 'node:timers/promises';
import { countedBuilds } from '../compare/countedBuilds.ts';
import {
  countRows,
  type Plan,
  planScenario,
  type ScenarioTime,
  type ScenarioTimes,
  timeScenario,
} from '../compare/scenario.ts';
import { DaxError } from '../error.ts';
import { deviceJson } from '../report/json.ts';
import type { Events } from '../wasm/machine.ts';
import type { Part, SweepFolder } from './folder.ts';
import type { PlannedScenario, SweepPlan } from './plan.ts';
import { scenariosOf } from './plan.ts';
import { type Shard, sayShard } from './shard.ts';

export type State = 'done' | 'failed' | 'left';

export interface SweepOptions {
  readonly shard: Shard;
  /** Time to measure each scenario, beside counting it; undefined: counts alone. */
  readonly seconds: number | undefined;
  /** Run what failed before, and nothing else. */
  readonly failedOnly: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** Where a scenario stands in a folder; one that lacks the times that are wanted is left. */
export function stateOf(part: Part | undefined, timed: boolean): State {
  if (!part) return 'left';
  if (part.failure) return 'failed';
  return timed && !part.timing ? 'left' : 'done';
}

/** Scenarios of a shard that are to be run now. */
export function dueIn(
  plan: SweepPlan,
  folder: SweepFolder,
  { shard, seconds, failedOnly }: Pick<SweepOptions, 'shard' | 'seconds' | 'failedOnly'>,
): readonly PlannedScenario[] {
  const due: State = failedOnly ? 'failed' : 'left';
  const timed = seconds !== undefined;
  return scenariosOf(plan, shard).filter((each) => stateOf(folder.part(each), timed) === due);
}

function seen(events: Events): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(events).filter(([, value]) => value !== 0));
}

type Counted = NonNullable<Part['scenario']>;

function countedJson(id: string, plan: Plan, rows: ReturnType<typeof countRows>): Counted {
  const { one, device, kernels, program, workload, seed } = plan;
  return {
    id,
    title: one.title,
    name: one.scenario.name,
    combination: one.combination,
    seed,
    device: deviceJson(device),
    kernels,
    processes: program.processes,
    forks: program.forks,
    workload,
    rows: rows.map(({ counted, ...row }) => ({
      ...row,
      counted: Object.fromEntries(
        Object.entries(counted).map(([kernel, count]) => [
          kernel,
          { ...count, events: seen(count.events) },
        ]),
      ),
    })),
  };
}

type Time = NonNullable<NonNullable<Part['timing']>['whole']>;

function timeJson(time: ScenarioTime | undefined): Time | null {
  return time ?? null;
}

function timingJson(times: ScenarioTimes, seconds: number): NonNullable<Part['timing']> {
  const { phases, whole, turns, placements } = times;
  return { seconds, turns, placements, rows: phases.map(timeJson), whole };
}

/** What went wrong, in one line with its code. */
function failureOf(error: unknown): NonNullable<Part['failure']> {
  if (DaxError.is(error)) return { code: error.code, message: `${error.message}; ${error.hint}` };
  const text = error instanceof Error ? error.message : String(error);
  return { code: INTERNAL, message: text.split('\n')[0] ?? text };
}

/** The code of a failure that is no mistake of the file's or lack of the machine's. */
export const INTERNAL = 'internal';

/** Counts one scenario, and times it where that is wanted; undefined where Ctrl-C came first. */
async function runOne(
  { id, one, seed }: PlannedScenario,
  { seconds, signal }: SweepOptions,
): Promise<Pick<Part, 'scenario' | 'timing' | 'failure'> | undefined> {
  try {
    const plan = planScenario(one, seed);
    const rows = countRows(plan, await countedBuilds(plan.device, plan.kernels));
    const scenario = countedJson(id, plan, rows);
    if (seconds === undefined) return { scenario };
    const times = await timeScenario(plan, rows, { seconds, seed, signal });
    return times.interrupted ? undefined : { scenario, timing: timingJson(times, seconds) };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

/** `12/26 of shard 3/8, 40 s left: ` at the pace so far. */
function sayProgress(done: number, all: number, shard: Shard, sinceMs: number): string {
  const leftSeconds = Math.ceil(((performance.now() - sinceMs) / done / 1000) * (all - done));
  const left = done > 0 ? `, ${leftSeconds} s left` : '';
  const part = shard.count > 1 ? ` of shard ${sayShard(shard)}` : '';
  return `${done + 1}/${all}${part}${left}: `;
}

/**
 * Runs scenarios of a shard, one after the other; each is kept as soon as it is there. Answers how
 * many were run.
 *
 * Fails: E_FILE where a result cannot be kept. A scenario that fails is kept as such.
 */
export async function runScenarios(
  due: readonly PlannedScenario[],
  folder: SweepFolder,
  options: SweepOptions,
): Promise<number> {
  const began = performance.now();
  let done = 0;
  for (const scenario of due) {
    // Lets Ctrl-C in.
    await setImmediate();
    if (options.signal.aborted) break;
    options.onProgress(sayProgress(done, due.length, options.shard, began) + scenario.title);
    const outcome = await runOne(scenario, options);
    if (!outcome) break;
    folder.keep(scenario, options.shard, outcome);
    done += 1;
  }
  return done;
}

import { existsSync, mkdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { DaxError } from '../error.ts';
import { envelope } from '../report/json.ts';
import { readResult } from '../report/read.ts';
import type { ResultOf } from '../report/schema/result.ts';
import { packageVersion } from '../root.ts';
import { cannotWrite, writeWhole } from '../wholeFile.ts';
import type { PlannedScenario, SweepPlan } from './plan.ts';
import type { Shard } from './shard.ts';

export type Part = ResultOf<'sweep-part'>;
export type PlanResult = ResultOf<'sweep-plan'>;

/** A result and the file that holds it. */
export interface Placed<Kind extends PlanResult | Part> {
  readonly file: string;
  readonly result: Kind;
}

/** What the named folders and files hold of a sweep. */
export interface Gathered {
  readonly named: readonly string[];
  readonly plan: PlanResult;
  readonly parts: readonly Placed<Part>[];
}

/** What every folder of results says it is of. */
const PLAN_FILE = 'sweep.json';

/** `standard.sweep` of data/sweeps/standard.yaml: where results go unless it is said. */
export function defaultFolder([first = 'results']: readonly string[]): string {
  return `${basename(first, extname(first))}.sweep`;
}

/** A plan as a result, with what a command adds to each scenario. */
export function planJson(
  { name, files, seed, hash, scenarios }: SweepPlan,
  more: (scenario: PlannedScenario) => Partial<PlanResult['scenarios'][number]> = () => ({}),
): PlanResult {
  const listed = scenarios.map((each) => ({ id: each.id, title: each.title, ...more(each) }));
  return { ...envelope('sweep-plan'), name, files, seed, hash, scenarios: listed };
}

/**
 * Results of a sweep: `sweep.json`, which names every scenario, and a file a scenario that was run.
 *
 * Why: each file appears whole or not at all and no two shards write the same one, so that a shard
 * may be killed at any time, run again, and share the folder with all the others.
 */
export class SweepFolder {
  readonly folder: string;
  readonly #core: string;

  /** Writes nothing yet. */
  constructor(folder: string, core: string) {
    this.folder = folder;
    this.#core = core;
  }

  /** Refuses a folder of another sweep. Fails: E_SWEEP, E_FILE, E_RESULT. */
  check(plan: SweepPlan): void {
    const file = join(this.folder, PLAN_FILE);
    if (!existsSync(file)) return;
    const there = readResult(file);
    if (there.kind === 'sweep-plan' && there.hash === plan.hash) return;
    const other = there.kind === 'sweep-plan' ? ` ('${there.name}', ${there.hash})` : '';
    throw new DaxError(
      'E_SWEEP',
      `'${this.folder}' holds results of another sweep${other} than '${plan.name}', ${plan.hash}`,
      `name another folder with --out, or remove ${file} to keep what still fits`,
    );
  }

  /** Makes the folder and says what it is of. Fails: as check; E_FILE. */
  open(plan: SweepPlan): void {
    try {
      mkdirSync(this.folder, { recursive: true });
    } catch (error) {
      throw cannotWrite(this.folder, error);
    }
    this.check(plan);
    if (!existsSync(join(this.folder, PLAN_FILE))) this.#write(PLAN_FILE, planJson(plan));
  }

  /** What is there of a scenario, if this version and core made it from the same op streams. */
  part({ id, title, workload }: PlannedScenario): Part | undefined {
    const file = join(this.folder, `${id}.json`);
    if (!existsSync(file)) return undefined;
    let found: Part;
    try {
      const result = readResult(file);
      if (result.kind !== 'sweep-part') return undefined;
      found = result;
    } catch (error) {
      // Not ours, or not whole: it is run again, which mends it.
      if (DaxError.is(error)) return undefined;
      throw error;
    }
    const same = found.version === packageVersion() && found.core === this.#core;
    const asked = found.id === id && found.title === title;
    const streams = found.scenario?.workload ?? workload;
    return same && asked && streams === workload ? found : undefined;
  }

  /** Keeps a scenario's result in place of what was there. Fails: E_FILE. */
  keep(
    { id, title }: PlannedScenario,
    shard: Shard,
    outcome: Pick<Part, 'scenario' | 'timing' | 'failure'>,
  ): void {
    const part = { ...envelope('sweep-part'), id, title, shard, core: this.#core, ...outcome };
    this.#write(`${id}.json`, part);
  }

  #write(name: string, result: Part | PlanResult): void {
    writeWhole(join(this.folder, name), `${JSON.stringify(result)}\n`);
  }
}

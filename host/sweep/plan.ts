import { planScenario } from '../compare/scenario.ts';
import { DaxError } from '../error.ts';
import { readScenario, type ScenarioCase } from '../scenario/file.ts';
import { sweepPath } from '../scenario/ready.ts';
import { sha256 } from '../wasm/platform.ts';
import { type Shard, shardOf } from './shard.ts';

/** Scenarios of one sweep. */
const SWEEP_MAX = 10_000;
/** Digits of an id: 48 bits, so that ten thousand ids meet once in five million sweeps. */
const ID_DIGITS = 12;

/** One scenario of a sweep, known to be right. */
export interface PlannedScenario {
  readonly id: string;
  readonly title: string;
  readonly one: ScenarioCase;
  readonly seed: number;
  /** Hash of its op streams, which are made again when it runs: all at once they may not fit. */
  readonly workload: string;
  /** Its place among all ids in order. */
  readonly place: number;
}

export interface SweepPlan {
  readonly name: string;
  /** As they were named. */
  readonly files: readonly string[];
  /** In place of the files' own. */
  readonly seed: number | undefined;
  /** Of all ids and titles: names the sweep, whatever its files are called. */
  readonly hash: string;
  /** In the order of the files. */
  readonly scenarios: readonly PlannedScenario[];
}

/** A value with the keys of every object in order, as JSON. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function digest(text: string): string {
  return sha256([text]).slice(0, ID_DIGITS);
}

/**
 * Names what a scenario says: its name, device, kernels, processes, phases and seed, with all that
 * was left out filled in. Comments, the description, the order of keys and the spelling of sizes
 * make no difference, nor does what else its file has in it.
 */
export function scenarioId({ scenario }: ScenarioCase, seed: number): string {
  const { name, device, processes, phases } = scenario;
  const kernels = [...new Set(scenario.kernels)].sort();
  return digest(canonical({ name, device, kernels, processes, phases, seed }));
}

/** A scenario that cannot be, by its title where its file has several. */
function checked(one: ScenarioCase, seed: number | undefined): { seed: number; workload: string } {
  try {
    const { seed: own, workload } = planScenario(one, seed);
    return { seed: own, workload };
  } catch (error) {
    if (!DaxError.is(error) || one.title === one.scenario.name) throw error;
    throw new DaxError(error.code, `${error.message}, in '${one.title}'`, error.hint);
  }
}

function refuseTwins(scenarios: readonly Omit<PlannedScenario, 'place'>[]): void {
  const titles = new Map<string, string>();
  for (const { id, title } of scenarios) {
    const twin = titles.get(id);
    if (twin !== undefined) {
      throw new DaxError(
        'E_SWEEP',
        `'${twin}' and '${title}' are the same scenario, ${id}`,
        'leave one of them out of the matrix, or name the file once',
      );
    }
    titles.set(id, title);
  }
}

function sweepHash(scenarios: readonly Pick<PlannedScenario, 'id' | 'title'>[]): string {
  const each = scenarios.map(({ id, title }) => `${id} ${title}`);
  return digest(each.sort().join('\n'));
}

/**
 * Reads the files of a sweep and checks every scenario in them: schema, device, phases, memory.
 *
 * Fails: as readScenario and planScenario, at the place of the mistake; E_SWEEP where two scenarios
 * say the same, or there are too many.
 */
export function planSweep(named: readonly string[], seed: number | undefined): SweepPlan {
  const cases = named.flatMap((file) => readScenario(sweepPath(file), SWEEP_MAX));
  if (cases.length > SWEEP_MAX) {
    const many = `the files have ${cases.length} scenarios; a sweep has at most ${SWEEP_MAX}`;
    throw new DaxError('E_SWEEP', many, 'make several sweeps of them');
  }
  const found = cases.map((one) => {
    const own = checked(one, seed);
    return { id: scenarioId(one, own.seed), title: one.title, one, ...own };
  });
  refuseTwins(found);
  const ids = found.map(({ id }) => id).sort();
  const places = new Map(ids.map((id, place) => [id, place]));
  return {
    name: [...new Set(cases.map(({ scenario }) => scenario.name))].join(' + '),
    files: named,
    seed,
    hash: sweepHash(found),
    scenarios: found.map((each) => ({ ...each, place: places.get(each.id) as number })),
  };
}

/** The scenarios of one shard, in the order of the files. */
export function scenariosOf(
  { scenarios }: SweepPlan,
  { index, count }: Shard,
): readonly PlannedScenario[] {
  return scenarios.filter(({ place }) => shardOf(place, count).index === index);
}

import type { Part, SweepFolder } from './folder.ts';
import { type PlannedScenario, type SweepPlan, scenariosOf } from './plan.ts';
import { type State, stateOf } from './run.ts';
import { type Shard, WHOLE } from './shard.ts';

export interface ScenarioStatus {
  readonly scenario: PlannedScenario;
  readonly shard: Shard;
  readonly state: State;
  readonly timed: boolean;
  readonly failure: Part['failure'];
}

export interface ShardStatus {
  readonly shard: Shard;
  readonly scenarios: readonly ScenarioStatus[];
}

export function countState({ scenarios }: ShardStatus, state: State): number {
  return scenarios.filter((each) => each.state === state).length;
}

/** Where each scenario of a shard stands in a folder; `timed`: times are wanted too. */
export function shardStatus(
  plan: SweepPlan,
  folder: SweepFolder,
  shard: Shard,
  timed: boolean,
): ShardStatus {
  const scenarios = scenariosOf(plan, shard).map((scenario): ScenarioStatus => {
    const part = folder.part(scenario);
    const state = stateOf(part, timed);
    return { scenario, shard, state, timed: !!part?.timing, failure: part?.failure };
  });
  return { shard, scenarios };
}

/** How a folder's results were cut: as finely as any of them says. */
export function cutOf(plan: SweepPlan, folder: SweepFolder): number {
  const counts = plan.scenarios.map((each) => folder.part(each)?.shard.count ?? WHOLE.count);
  return Math.max(WHOLE.count, ...counts);
}

import { type Column, formatTable } from '../report/table.ts';
import { formatCount } from '../units.ts';
import type { SweepPlan } from './plan.ts';
import type { State } from './run.ts';
import { type Shard, sayShard, shardOf } from './shard.ts';
import { countState, type ScenarioStatus, type ShardStatus } from './status.ts';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

/** `standard grid, shard 3/8`. */
function saySweepShard({ name }: SweepPlan, shard: Shard): string {
  return shard.count > 1 ? `${name}, shard ${sayShard(shard)}` : name;
}

/** The scenarios of a shard, or of all, each with the shard that has it. */
export function formatSweepList(plan: SweepPlan, shard: Shard, only: boolean): string {
  const rows = plan.scenarios.flatMap(({ id, title, place }) => {
    const mine = shardOf(place, shard.count);
    return only && mine.index !== shard.index ? [] : [[id, sayShard(mine), title]];
  });
  return formatTable([left('id'), right('shard'), left('scenario')], rows);
}

function sayFailure({ scenario, failure }: ScenarioStatus): string {
  return `failed ${scenario.id}, ${scenario.title}: ${failure?.message} [${failure?.code}]`;
}

function failuresOf({ scenarios }: ShardStatus): readonly ScenarioStatus[] {
  return scenarios.filter(({ state }) => state === 'failed');
}

/** Where every shard stands, and what failed; of what is done, how much was timed too. */
export function formatStatus(plan: SweepPlan, shards: readonly ShardStatus[]): string {
  const cells = (name: string, each: readonly ShardStatus[]): readonly string[] => {
    const sum = (count: (one: ShardStatus) => number): string =>
      formatCount(each.reduce((total, one) => total + count(one), 0));
    const state = (which: State): string => sum((one) => countState(one, which));
    return [
      name,
      sum(({ scenarios }) => scenarios.length),
      state('done'),
      sum(({ scenarios }) => scenarios.filter(({ timed }) => timed).length),
      state('failed'),
      state('left'),
    ];
  };
  const rows = shards.map((each) => cells(sayShard(each.shard), [each]));
  const all = shards.length > 1 ? [cells('all', shards)] : [];
  const titles = [left('shard'), ...['scenarios', 'done', 'timed', 'failed', 'left'].map(right)];
  return [
    `${plan.name}, ${plan.hash}`,
    formatTable(titles, [...rows, ...all]),
    ...shards.flatMap(failuresOf).map(sayFailure),
  ].join('\n');
}

export interface RunSaid {
  readonly folder: string;
  /** Scenarios run now; undefined: nothing was to be run, only said. */
  readonly ran: number | undefined;
  readonly due: number;
}

function stands(status: ShardStatus): string {
  const counts = (['done', 'failed', 'left'] as const).map(
    (state) => `${formatCount(countState(status, state))} ${state}`,
  );
  return `${formatCount(status.scenarios.length)} scenarios: ${counts.join(', ')}`;
}

/** What to type next. */
function nextStep(status: ShardStatus, folder: string): string {
  if (countState(status, 'left') > 0) return 'the same command goes on with what is left';
  if (countState(status, 'failed') > 0) return 'the same command with --failed runs those again';
  const others = status.shard.count > 1 ? 'when every shard is done: ' : '';
  return `${others}daxstorm merge ${folder}`;
}

/** Where a shard stands after a run, or before one. */
export function formatShard(
  plan: SweepPlan,
  status: ShardStatus,
  { folder, ran, due }: RunSaid,
): string {
  const did = ran === undefined ? `would run ${formatCount(due)}` : `ran ${formatCount(ran)} now`;
  return [
    `${saySweepShard(plan, status.shard)}: ${stands(status)}; ${did}; results in ${folder}`,
    ...failuresOf(status).map(sayFailure),
    ...(ran === undefined ? [] : [nextStep(status, folder)]),
  ].join('\n');
}

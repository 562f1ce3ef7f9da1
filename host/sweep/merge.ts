import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DaxError } from '../error.ts';
import { envelope } from '../report/json.ts';
import { readResult } from '../report/read.ts';
import type { ResultOf } from '../report/schema/result.ts';
import { sha256 } from '../wasm/platform.ts';
import type { Gathered, Part, Placed, PlanResult } from './folder.ts';
import {
  refuseMissing,
  refuseMixedParts,
  refuseMixedPlans,
  refuseStrangers,
  refuseTwice,
} from './refuse.ts';

export type SweepResult = ResultOf<'sweep'>;

function filesOf(named: string): readonly string[] {
  if (!existsSync(named)) {
    const hint = 'name the folders that daxstorm sweep wrote';
    throw new DaxError('E_FILE', `there is no '${named}'`, hint);
  }
  if (!statSync(named).isDirectory()) return [named];
  return readdirSync(named)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(named, name));
}

/**
 * Reads the folders of a sweep's shards, or their files by name.
 *
 * Fails: E_FILE, E_RESULT for what is no result of a sweep; E_SWEEP where nothing says what the sweep
 * is, or a result is of no scenario of it; E_SWEEP_MIXED for several sweeps.
 */
export function gather(named: readonly string[]): Gathered {
  const plans: Placed<PlanResult>[] = [];
  const parts: Placed<Part>[] = [];
  for (const file of named.flatMap(filesOf)) {
    const result = readResult(file);
    if (result.kind === 'sweep-plan') plans.push({ file, result });
    else if (result.kind === 'sweep-part') parts.push({ file, result });
    else {
      const what = `'${file}' is a result of daxstorm ${result.kind}, not of a sweep's shard`;
      throw new DaxError('E_RESULT', what, 'name the folders that daxstorm sweep wrote');
    }
  }
  const plan = refuseMixedPlans(plans, named);
  refuseStrangers(plan, parts);
  return { named, plan, parts };
}

/** A machine without what changes from one minute to the next. */
function lasting({ load: _, ...machine }: Part['machine']): Omit<Part['machine'], 'load'> {
  return machine;
}

type Timings = SweepResult['timings'][number];

/** Times by the machine they were taken on; never pooled, for machines differ in more than speed. */
function byMachine(parts: readonly Part[]): readonly Timings[] {
  const groups = new Map<
    string,
    { machine: Timings['machine']; scenarios: Timings['scenarios'] }
  >();
  for (const { id, machine, timing } of parts) {
    if (!timing) continue;
    const group = groups.get(machine.id) ?? { machine: lasting(machine), scenarios: [] };
    const scenarios = [...group.scenarios, { id, ...timing }];
    groups.set(machine.id, { ...group, scenarios });
  }
  return [...groups.values()].sort((a, b) => (a.machine.id < b.machine.id ? -1 : 1));
}

/**
 * Puts the parts of a sweep together. Counts come out as from a run in one piece, byte for byte,
 * from whatever machines they are; times stay with the machine they were taken on.
 *
 * Fails: E_SWEEP_TWICE, E_SWEEP_MISSING with the ids, their shard and what makes them;
 * E_SWEEP_MIXED for results of several versions or cores.
 */
export function mergeSweep(gathered: Gathered): SweepResult {
  refuseTwice(gathered);
  refuseMixedParts(gathered);
  refuseMissing(gathered);
  const { plan, parts } = gathered;
  const byId = new Map(parts.map(({ result }) => [result.id, result]));
  const ordered = plan.scenarios.map(({ id }) => byId.get(id) as Part);
  const scenarios = ordered.flatMap(({ scenario }) => scenario ?? []);
  return {
    ...envelope('sweep'),
    sweep: { name: plan.name, files: plan.files, seed: plan.seed, hash: plan.hash },
    core: ordered[0]?.core ?? '',
    counts: sha256([JSON.stringify(scenarios)]).slice(0, 12),
    scenarios,
    failures: ordered.flatMap(({ id, title, failure }) =>
      failure ? [{ id, title, ...failure }] : [],
    ),
    timings: byMachine(ordered),
  };
}

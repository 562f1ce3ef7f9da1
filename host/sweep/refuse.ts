import { dirname } from 'node:path';
import { DaxError } from '../error.ts';
import type { Gathered, Part, Placed, PlanResult } from './folder.ts';
import { type Shard, sayShard, shardOf, WHOLE } from './shard.ts';

/** As many ids as one line takes. */
const NAMED_MAX = 64;

function sayIds(ids: readonly string[]): string {
  const rest = ids.length - NAMED_MAX;
  return ids.slice(0, NAMED_MAX).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function scenarios(count: number): string {
  return count === 1 ? '1 scenario' : `${count} scenarios`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Files by a key, in the order in which the keys come. */
function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** The one plan that all folders say. Fails: E_SWEEP where none does, E_SWEEP_MIXED. */
export function refuseMixedPlans(
  plans: readonly Placed<PlanResult>[],
  named: readonly string[],
): PlanResult {
  const [first] = plans;
  if (!first) {
    const what = `none of '${named.join("', '")}' says what the sweep is: there is no sweep.json`;
    throw new DaxError('E_SWEEP', what, 'name the whole folder that daxstorm sweep wrote');
  }
  const other = plans.find(({ result }) => result.hash !== first.result.hash);
  if (!other) return first.result;
  const say = ({ file, result: { name, hash } }: Placed<PlanResult>): string =>
    `'${dirname(file)}' is of '${name}', ${hash}`;
  const what = `these are different sweeps: ${say(first)}; ${say(other)}`;
  throw new DaxError('E_SWEEP_MIXED', what, 'merge each by itself');
}

/** Fails: E_SWEEP for results of no scenario of the sweep. */
export function refuseStrangers(plan: PlanResult, parts: readonly Placed<Part>[]): void {
  const ids = new Set(plan.scenarios.map(({ id }) => id));
  const strange = parts.filter(({ result }) => !ids.has(result.id));
  if (strange.length === 0) return;
  const files = sayIds(strange.map(({ file }) => file));
  const what = `${files}: of no scenario of '${plan.name}', ${plan.hash}`;
  throw new DaxError('E_SWEEP', what, 'remove what was left of another sweep');
}

/** How the sweep was cut: as finely as any part says. */
function cutOf(parts: readonly Placed<Part>[]): number {
  return Math.max(WHOLE.count, ...parts.map(({ result }) => result.shard.count));
}

/** The shard that should have each scenario. */
function shardsOf({ plan, parts }: Gathered): ReadonlyMap<string, Shard> {
  const count = cutOf(parts);
  const ids = plan.scenarios.map(({ id }) => id).sort();
  return new Map(ids.map((id, place) => [id, shardOf(place, count)]));
}

/** The command that runs one shard of a sweep again. */
function commandFor(gathered: Gathered, shards: readonly Shard[]): string {
  const { plan, parts, named } = gathered;
  const folder = named.length === 1 && named[0] !== undefined ? named[0] : 'FOLDER';
  const counts = parts.some(({ result }) => result.timing) ? [] : ['--counts-only'];
  const seed = plan.seed === undefined ? [] : ['--seed', String(plan.seed)];
  const [first = WHOLE, ...others] = shards;
  const shard = first.count > 1 ? ['--shard', sayShard(first)] : [];
  const words = ['sweep', ...plan.files, ...shard, '--out', folder, ...seed, ...counts];
  const rest = others.map((each) => ` and --shard ${sayShard(each)}`).join('');
  return `daxstorm ${words.map(quoted).join(' ')}${rest}`;
}

function byShard(
  gathered: Gathered,
  ids: readonly string[],
): readonly { readonly shard: Shard; readonly ids: readonly string[] }[] {
  const shards = shardsOf(gathered);
  const groups = groupBy(ids, (id) => String(shards.get(id)?.index ?? 0));
  return [...groups.values()]
    .map((mine) => ({ shard: shards.get(mine[0] as string) ?? WHOLE, ids: mine }))
    .sort((a, b) => a.shard.index - b.shard.index);
}

function sayShards(groups: ReturnType<typeof byShard>): string {
  return groups
    .map(({ shard, ids }) =>
      shard.count > 1 ? `shard ${sayShard(shard)}: ${sayIds(ids)}` : sayIds(ids),
    )
    .join('; ');
}

/** Fails: E_SWEEP_MISSING with every id that nobody has, its shard, and what makes it. */
export function refuseMissing(gathered: Gathered): void {
  const { plan, parts } = gathered;
  const there = new Set(parts.map(({ result }) => result.id));
  const missing = plan.scenarios.map(({ id }) => id).filter((id) => !there.has(id));
  if (missing.length === 0) return;
  const groups = byShard(gathered, missing);
  const all = plan.scenarios.length;
  throw new DaxError(
    'E_SWEEP_MISSING',
    `${missing.length} of ${scenarios(all)} of '${plan.name}' are missing: ${sayShards(groups)}`,
    `run ${commandFor(
      gathered,
      groups.map(({ shard }) => shard),
    )}`,
  );
}

/** Fails: E_SWEEP_TWICE with every id that is there twice, and where. */
export function refuseTwice(gathered: Gathered): void {
  const groups = groupBy(gathered.parts, ({ result }) => result.id);
  const twice = [...groups].filter(([, files]) => files.length > 1);
  const [, places = []] = twice[0] ?? [];
  if (twice.length === 0) return;
  const ids = twice.map(([id]) => id);
  const folders = [...new Set(places.map(({ file }) => dirname(file)))];
  const where = folders.length > 1 ? folders : places.map(({ file }) => file);
  throw new DaxError(
    'E_SWEEP_TWICE',
    `${scenarios(ids.length)} of '${gathered.plan.name}' are there twice, as in '${where.join("' and '")}': ${sayShards(byShard(gathered, ids))}`,
    'name each shard once',
  );
}

/** Fails: E_SWEEP_MIXED where results are of several versions or cores, with the ids of the fewer. */
export function refuseMixedParts(gathered: Gathered): void {
  for (const [what, key] of [
    ['versions of daxstorm', ({ result }: Placed<Part>): string => result.version],
    ['cores', ({ result }: Placed<Part>): string => result.core],
  ] as const) {
    const groups = [...groupBy(gathered.parts, key)].sort(([, a], [, b]) => b.length - a.length);
    if (groups.length < 2) continue;
    const say = groups.map(([name, files]) => `${name} (${scenarios(files.length)})`).join(', ');
    const ids = groups.slice(1).flatMap(([, files]) => files.map(({ result }) => result.id));
    const shards = byShard(gathered, ids);
    throw new DaxError(
      'E_SWEEP_MIXED',
      `results of different ${what}: ${say}; of the fewer: ${sayShards(shards)}`,
      `with one installation, run ${commandFor(
        gathered,
        shards.map(({ shard }) => shard),
      )}`,
    );
  }
}

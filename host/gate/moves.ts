import { DaxError } from '../error.ts';
import type { Baseline } from './baseline.ts';
import type { Counts } from './counts.ts';
import { allowedBy, brokenHardLimit, type Limit } from './limits.ts';
import { names, pathOf } from './name.ts';

/** Measures that are whole numbers of their own, not divided by the operations. */
const WHOLE = new Set(['tableBytes', 'wasmBytes', 'wasmExports']);

/** One count, as a baseline and as a run have it. */
interface Cell {
  readonly path: string;
  /** Where it was counted: SCENARIO/KERNEL/OPERATION, or the build's name. */
  readonly place: string;
  readonly event: string;
  readonly value: number;
  /** Operations it is a total over; 1 for a whole number of its own. */
  readonly times: number;
}

/** A count that is not what the baseline says. */
export interface Move {
  readonly path: string;
  readonly place: string;
  readonly event: string;
  /** Totals over `times` operations. */
  readonly base: number;
  readonly head: number;
  readonly times: number;
  /** What lets it pass: a limit, or a suppression's reason; undefined: it fails. */
  readonly allowed: string | undefined;
}

export interface CountComparison {
  /** How many counts were compared; never 0. */
  readonly compared: number;
  readonly moves: readonly Move[];
  /** Paths and whole places that the baseline lacks, left out where it is taken leniently. */
  readonly missing: readonly string[];
}

export interface CompareCountsOptions {
  /** As a message names the baseline. */
  readonly file: string;
  /** From --limit; they come after the baseline's own. */
  readonly limits: readonly Limit[];
  readonly baselineLimits: readonly Limit[];
  /** Which paths were asked for. */
  readonly chosen: (path: string) => boolean;
  /** Leave out what the baseline lacks, rather than refuse it. */
  readonly lenient: boolean;
}

type Scenarios = Baseline['scenarios'] | Counts['scenarios'];

function scenarioCells(scenarios: Scenarios, events: readonly string[]): readonly Cell[] {
  return scenarios.flatMap(({ name, operations }) =>
    operations.flatMap((each) => {
      const place = pathOf(name, each.kernel, each.operation);
      return events.map((event): Cell => {
        const value = each.events[event] ?? 0;
        const times = WHOLE.has(event) ? 1 : each.times;
        return { path: pathOf(place, event), place, event, value, times };
      });
    }),
  );
}

function artifactCells(artifacts: Counts['artifacts']): readonly Cell[] {
  return artifacts.flatMap(({ name, wasmBytes, wasmExports }) =>
    Object.entries({ wasmBytes, wasmExports }).map(
      ([event, value]): Cell => ({
        path: pathOf(name, event),
        place: name,
        event,
        value,
        times: 1,
      }),
    ),
  );
}

function otherSet(file: string, what: string): DaxError {
  return new DaxError(
    'E_BASELINE',
    `baseline '${file}' is of another scenario set: ${what}`,
    "if that is meant, --update --reason 'why', or --baseline-lenient to compare the rest",
  );
}

/** Same names must be the same workloads. Fails: E_BASELINE. */
function refuseOtherWorkloads(baseline: Baseline, counts: Counts, file: string): void {
  for (const { name, workload } of counts.scenarios) {
    const before = baseline.scenarios.find((each) => each.name === name);
    if (before !== undefined && before.workload !== workload)
      throw otherSet(file, `'${name}' was workload ${before.workload}, now ${workload}`);
  }
}

function eventsOf({ scenarios }: Counts): readonly string[] {
  return Object.keys(scenarios[0]?.operations[0]?.events ?? {});
}

/** Paths of `cells` that `other` lacks; the place alone, once, where nothing of it is there. */
function lackingIn(other: readonly Cell[], cells: readonly Cell[]): readonly string[] {
  const paths = new Set(other.map(({ path }) => path));
  const places = new Set(other.map(({ place }) => place));
  const lacking = cells.filter(({ path }) => !paths.has(path));
  return [...new Set(lacking.map(({ path, place }) => (places.has(place) ? path : place)))];
}

/** First names of a list, shortened for one line. */
function few(list: readonly string[]): string {
  const rest = list.length - 3;
  return list.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/**
 * What moved between a baseline and fresh counts.
 *
 * Fails: E_BASELINE where the two do not hold the same names (a lenient one may lack some), where a
 * name stands for another workload, or where nothing is left to compare: never a false green.
 */
export function compareCounts(
  baseline: Baseline,
  counts: Counts,
  { file, limits, baselineLimits, chosen, lenient }: CompareCountsOptions,
): CountComparison {
  refuseOtherWorkloads(baseline, counts, file);
  const wanted = ({ place }: Cell): boolean => chosen(place);
  const base = [
    ...scenarioCells(baseline.scenarios, baseline.events),
    ...artifactCells(baseline.artifacts),
  ].filter(wanted);
  const head = [
    ...scenarioCells(counts.scenarios, eventsOf(counts)),
    ...artifactCells(counts.artifacts),
  ].filter(wanted);
  const gone = lackingIn(head, base);
  if (gone.length > 0) throw otherSet(file, `only the baseline has ${few(gone)}`);
  const missing = lackingIn(base, head);
  if (missing.length > 0 && !lenient) throw otherSet(file, `it lacks ${few(missing)}`);
  const before = new Map(base.map((cell) => [cell.path, cell]));
  const pairs = head.flatMap((cell) => {
    const from = before.get(cell.path);
    return from ? [[from, cell] as const] : [];
  });
  if (pairs.length === 0) throw otherSet(file, 'nothing of it can be compared');
  const all = [...baselineLimits, ...limits];
  const moves = pairs.flatMap(([from, to]) => judge(from, to, all, baseline.suppressions));
  return { compared: pairs.length, moves, missing };
}

function judge(
  from: Cell,
  { path, place, event, value, times }: Cell,
  limits: readonly Limit[],
  suppressions: Baseline['suppressions'],
): readonly Move[] {
  const broken = brokenHardLimit(limits, path, value, times);
  if (from.value === value && from.times === times && broken === undefined) return [];
  const suppression = suppressions.find(({ name }) => names(name, path));
  const allowed = suppression
    ? `suppressed: ${suppression.reason}`
    : allowedBy(limits, path, from.value, value, times);
  return [{ path, place, event, base: from.value, head: value, times, allowed }];
}

/** Moves that fail. */
export function failures({ moves }: CountComparison): readonly Move[] {
  return moves.filter(({ allowed }) => allowed === undefined);
}

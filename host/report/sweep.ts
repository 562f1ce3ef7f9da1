import type { KernelId } from '../kernel.ts';
import { formatCount } from '../units.ts';
import { countCells, countColumns, timeCells, timeColumns } from './scenario.ts';
import type { ResultOf } from './schema/result.ts';
import { type Cell, type Column, formatTable } from './table.ts';

type SweepResult = ResultOf<'sweep'>;
type Counted = SweepResult['scenarios'][number];
type Timings = SweepResult['timings'][number];

/** Scenarios that one table can hold: on the same kernels. */
function byKernels<T extends { readonly kernels: readonly KernelId[] }>(
  scenarios: readonly T[],
): readonly (readonly [kernels: readonly KernelId[], scenarios: readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const each of scenarios) {
    const key = each.kernels.join(' ');
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((mine) => [mine[0]?.kernels ?? [], mine] as const);
}

/** What tells the scenarios of a sweep apart: their names where there are several, and the matrix. */
interface Axes {
  readonly titles: readonly string[];
  readonly cells: (scenario: Pick<Counted, 'name' | 'combination'>) => readonly Cell[];
}

export function axesOf(scenarios: readonly Counted[]): Axes {
  const named = new Set(scenarios.map(({ name }) => name)).size > 1;
  const axes = [...new Set(scenarios.flatMap(({ combination }) => Object.keys(combination)))];
  // A sweep of one scenario without a matrix still needs a name.
  const names = named || axes.length === 0;
  return {
    titles: [...(names ? ['scenario'] : []), ...axes],
    cells: ({ name, combination }) => [
      ...(names ? [name] : []),
      ...axes.map((axis) => String(combination[axis] ?? '')),
    ],
  };
}

/** The first line of a scenario says which it is; the others leave that out. */
function withAxes(axes: readonly Cell[], rows: readonly (readonly Cell[])[]) {
  const blank = axes.map(() => '');
  return rows.map((row, i) => [...(i === 0 ? axes : blank), ...row]);
}

function axisColumns({ titles }: Axes): readonly Column[] {
  return titles.map((title) => ({ title, align: 'left' }));
}

function countTables(scenarios: readonly Counted[], axes: Axes): readonly string[] {
  return byKernels(scenarios).map(([kernels, mine]) =>
    formatTable(
      [...axisColumns(axes), ...countColumns(kernels)],
      mine.flatMap((scenario) => {
        const rows = scenario.rows.map((row) => countCells(row, kernels));
        return withAxes(axes.cells(scenario), rows);
      }),
    ),
  );
}

/** One machine's times: a table of its own, so that no ratio of two machines can be read off. */
function timeTables(
  { machine, scenarios }: Timings,
  counted: ReadonlyMap<string, Counted>,
  axes: Axes,
): readonly string[] {
  const timed = scenarios.flatMap((timing) => {
    const scenario = counted.get(timing.id);
    return scenario ? [{ kernels: scenario.kernels, scenario, timing }] : [];
  });
  const head = `emulated on ${machine.id}: ${machine.cpu}, ${machine.cpus} CPUs, Node ${machine.node}, ${machine.os}; ${sayScenarios(timed.length)}`;
  const tables = byKernels(timed).map(([kernels, mine]) =>
    formatTable(
      [...axisColumns(axes), { title: 'phase', align: 'left' }, ...timeColumns(kernels)],
      mine.flatMap(({ scenario, timing }) => {
        const rows = scenario.rows.map(({ title }, i) => [
          title,
          ...timeCells(timing.rows[i] ?? undefined, kernels),
        ]);
        return withAxes(axes.cells(scenario), rows);
      }),
    ),
  );
  return [`${head}\n${tables.join('\n\n')}`];
}

function failureTable({ failures }: SweepResult): readonly string[] {
  if (failures.length === 0) return [];
  const columns: readonly Column[] = [
    { title: 'failed', align: 'left' },
    { title: 'scenario', align: 'left' },
    { title: 'why', align: 'left' },
  ];
  const rows = failures.map(({ id, title, code, message }) => [id, title, `${message} [${code}]`]);
  return [formatTable(columns, rows)];
}

function sayScenarios(count: number): string {
  return count === 1 ? '1 scenario' : `${formatCount(count)} scenarios`;
}

/** What a merged sweep is, in a line. */
export function saySweep({ sweep, scenarios, failures, counts, core }: SweepResult): string {
  const failed = failures.length > 0 ? `, ${failures.length} failed` : '';
  const all = sayScenarios(scenarios.length + failures.length);
  return `${sweep.name}: ${all}${failed}; sweep ${sweep.hash}, counts ${counts}, core ${core}`;
}

/** A merged sweep as tables: what is the same everywhere, then each machine's times. */
export function formatSweep(result: SweepResult): string {
  const { scenarios, timings } = result;
  const axes = axesOf(scenarios);
  const counted = new Map(scenarios.map((each) => [each.id, each]));
  return [
    saySweep(result),
    ...countTables(scenarios, axes),
    ...failureTable(result),
    ...timings.flatMap((each) => timeTables(each, counted, axes)),
  ].join('\n\n');
}

/** What the columns mean; printed once under the tables. */
export const SWEEP_NOTES = [
  'recorded   guest instructions an operation in real kernels, where just this operation was recorded',
  'predicted  where it was not: counts at fitted prices; ±: median error of the model where it had not seen them',
  'counted    lock-prefixed read-modify-writes of struct pages an operation, exact, the same on every machine',
].join('\n');

/** And where there are times. */
export const SWEEP_TIME_NOTES =
  'emulated   median time of the emulated steps alone (A/A: the first kernel against itself; ~: not\n' +
  '           distinguishable); no claim about kernel time, and none of one machine against another';

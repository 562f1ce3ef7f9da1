import { KERNEL_IDS, KERNELS, type KernelId } from '../../kernel.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Cell, type Column, numberCell, type Row, table } from '../html/table.ts';
import { markdownTable, wrap } from '../markdown.ts';
import { formatNumber, formatRatio } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ResultOf } from '../schema/result.ts';
import type { NumberKind, Section } from '../section.ts';
import { axesOf } from '../sweep.ts';

type SweepResult = ResultOf<'sweep'>;
type Scenario = SweepResult['scenarios'][number];
type PhaseRow = Scenario['rows'][number];

/** Numbers of one kind that a phase has on each kernel. */
interface Numbers {
  readonly operations: number | undefined;
  /** A value a kernel, and where it is in the phase's place. */
  readonly value: (kernel: KernelId) => number | undefined;
  readonly at: (kernel: KernelId) => string;
  readonly ratio: number | undefined;
  readonly ratioAt: string;
}

/** One phase of one scenario in one table. */
interface Line extends Numbers {
  readonly scenario: Scenario;
  readonly phase: string;
}

/** A table's own heading, where a section has several, and its lines. */
interface Group {
  readonly heading: string;
  readonly lines: readonly Line[];
}

interface Kind {
  readonly id: string;
  readonly title: string;
  readonly kind: NumberKind;
  readonly intro: string;
  /** How columns name a kernel. */
  readonly name: (kernel: KernelId) => string;
  readonly groups: (sweep: Placed<SweepResult>) => readonly Group[];
}

const release = (kernel: KernelId): string => `Linux ${KERNELS[kernel].release}`;

function firstOperations({ counted }: PhaseRow): number | undefined {
  return Object.values(counted)[0]?.operations;
}

/** The kernel that the first is compared with; of several ratios none is the ratio. */
function onlyOther(ratios: Readonly<Partial<Record<KernelId, unknown>>>): KernelId | undefined {
  const others = KERNEL_IDS.filter((kernel) => ratios[kernel] !== undefined);
  return others.length === 1 ? others[0] : undefined;
}

/** The lines of every phase that has such numbers. */
function linesOf(
  { value, at }: Placed<SweepResult>,
  numbers: (row: PhaseRow, at: string) => Numbers | undefined,
): readonly Line[] {
  return eachPlaced(value.scenarios, `${at}/scenarios`).flatMap(({ value: scenario, at: place }) =>
    eachPlaced(scenario.rows, `${place}/rows`).flatMap(({ value: row, at: from }) => {
      const found = numbers(row, from);
      return found ? [{ ...found, scenario, phase: row.title }] : [];
    }),
  );
}

function whole(sweep: Placed<SweepResult>, lines: readonly Line[]): readonly Group[] {
  const { name, hash } = sweep.value.sweep;
  return lines.length > 0 ? [{ heading: `${name}, ${hash}`, lines }] : [];
}

function instructionNumbers(key: 'recorded' | 'predicted') {
  return (row: PhaseRow, at: string): Numbers | undefined => {
    const found = row[key];
    if (!found) return undefined;
    const other = onlyOther(found.ratios);
    return {
      operations: firstOperations(row),
      value: (kernel) => found.kernels[kernel],
      at: (kernel) => `${at}/${key}/kernels/${kernel}`,
      ratio: other && found.ratios[other],
      ratioAt: `${at}/${key}/ratios/${other}`,
    };
  };
}

function countedNumbers(row: PhaseRow, at: string): Numbers {
  return {
    operations: firstOperations(row),
    value: (kernel) => row.counted[kernel]?.rmws,
    at: (kernel) => `${at}/counted/${kernel}/rmws`,
    ratio: undefined,
    ratioAt: '',
  };
}

/** A group a machine: what was timed on one never stands beside what was timed on another. */
function timedGroups({ value, at }: Placed<SweepResult>): readonly Group[] {
  const scenarios = new Map(value.scenarios.map((each) => [each.id, each]));
  return eachPlaced(value.timings, `${at}/timings`).map(
    ({ value: { machine, scenarios: timed }, at: place }) => {
      const lines = eachPlaced(timed, `${place}/scenarios`).flatMap(({ value: timing, at: from }) =>
        timing.rows.flatMap((time, i): readonly Line[] => {
          const scenario = scenarios.get(timing.id);
          const row = scenario?.rows[i];
          if (!time || !scenario || !row) return [];
          const other = onlyOther(time.ratios);
          const numbers: Numbers = {
            operations: firstOperations(row),
            value: (kernel) => time.ns[kernel],
            at: (kernel) => `${from}/rows/${i}/ns/${kernel}`,
            ratio: other && time.ratios[other]?.value,
            ratioAt: `${from}/rows/${i}/ratios/${other}/value`,
          };
          return [{ ...numbers, scenario, phase: row.title }];
        }),
      );
      return { heading: `machine ${machine.id}: ${machine.cpu}, Node ${machine.node}`, lines };
    },
  );
}

/** Kernels that any line has a number of, and whether any has a ratio. */
interface Shape {
  readonly kernels: readonly KernelId[];
  readonly ratios: boolean;
}

function shapeOf(lines: readonly Line[]): Shape {
  const kernels = KERNEL_IDS.filter((kernel) =>
    lines.some(({ value }) => value(kernel) !== undefined),
  );
  return { kernels, ratios: lines.some(({ ratio }) => ratio !== undefined) };
}

function columnsOf({ name }: Kind, { kernels, ratios }: Shape): readonly Column[] {
  return [
    { title: 'phase', align: 'left' },
    { title: 'operations', align: 'right' },
    ...kernels.map((kernel): Column => ({ title: name(kernel), align: 'right' })),
    ...(ratios ? [{ title: 'ratio', align: 'right' } as const] : []),
  ];
}

function numberCells(line: Line, { kernels, ratios }: Shape): readonly Cell[] {
  return [
    ...kernels.map((kernel) => numberCell(line.value(kernel), formatNumber, line.at(kernel))),
    ...(ratios ? [numberCell(line.ratio, formatRatio, line.ratioAt)] : []),
  ];
}

function htmlTable(kind: Kind, { heading, lines }: Group): Markup {
  const shape = shapeOf(lines);
  const rows = lines.flatMap((line, i): readonly Row[] => {
    const first = lines[i - 1]?.scenario !== line.scenario;
    const cells = [line.phase, formatNumber(line.operations), ...numberCells(line, shape)];
    return [...(first ? [{ heading: line.scenario.title }] : []), { cells }];
  });
  return fragment(el('h3', {}, heading), table(columnsOf(kind, shape), rows));
}

function markdownGroup(
  kind: Kind,
  { value }: Placed<SweepResult>,
  { heading, lines }: Group,
): string {
  const axes = axesOf(value.scenarios);
  const shape = shapeOf(lines);
  const columns = [{ title: 'scenario', align: 'left' } as const, ...columnsOf(kind, shape)];
  const rows = lines.map((line) => [
    axes.cells(line.scenario).join(' '),
    line.phase,
    formatNumber(line.operations),
    ...numberCells(line, shape).map(({ text }) => text),
  ]);
  return `${wrap(heading)}\n\n${markdownTable(columns, rows)}`;
}

function sectionOf(kind: Kind): Section {
  const found = ({ sweeps }: Report) =>
    sweeps.flatMap((sweep) => kind.groups(sweep).map((group) => ({ sweep, group })));
  return {
    id: kind.id,
    title: kind.title,
    kind: kind.kind,
    html: (report) => {
      const groups = found(report);
      if (groups.length === 0) return undefined;
      const tables = groups.map(({ group }) => htmlTable(kind, group));
      return fragment(el('p', {}, kind.intro), ...tables);
    },
    markdown: (report) => {
      const groups = found(report);
      if (groups.length === 0) return undefined;
      const tables = groups.map(({ sweep, group }) => markdownGroup(kind, sweep, group));
      return [wrap(kind.intro), ...tables].join('\n\n');
    },
  };
}

export const sweepRecordedSection = sectionOf({
  id: 'sweep-recorded',
  title: 'The sweep: recorded instructions',
  kind: 'recorded',
  intro:
    'Guest instructions an operation in real kernels, for the phases of which just this operation was recorded.',
  name: release,
  groups: (sweep) => whole(sweep, linesOf(sweep, instructionNumbers('recorded'))),
});

export const sweepPredictedSection = sectionOf({
  id: 'sweep-predicted',
  title: 'The sweep: predicted instructions',
  kind: 'predicted',
  intro:
    'Instructions an operation that the cost model makes of the counts, for the phases that were not recorded. daxstorm validate says how far it is off.',
  name: release,
  groups: (sweep) => whole(sweep, linesOf(sweep, instructionNumbers('predicted'))),
});

export const sweepCountedSection = sectionOf({
  id: 'sweep-counted',
  title: 'The sweep: page reference counting',
  kind: 'counted',
  intro:
    'Lock-prefixed read-modify-writes of struct pages, all of a phase together: exact, the same on every machine, and no statement about cost.',
  name: (kernel) => kernel,
  groups: (sweep) => whole(sweep, linesOf(sweep, countedNumbers)),
});

export const sweepEmulatedSection = sectionOf({
  id: 'sweep-emulated',
  title: 'The sweep: emulated time',
  kind: 'emulated',
  intro:
    'Median nanoseconds an operation of the emulated steps alone, a table a machine: no claim about kernel time, and none of one machine against another.',
  name: (kernel) => `${kernel} ns`,
  groups: timedGroups,
});

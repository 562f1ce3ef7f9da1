import type { KernelCount } from '../compare/counts.ts';
import type { CountedRow, Plan, ScenarioResult, ScenarioTime } from '../compare/scenario.ts';
import type { Instructions, Prediction } from '../compare/scenarioCost.ts';
import { KERNELS, type KernelId } from '../kernel.ts';
import type { ReadyScenario } from '../scenario/ready.ts';
import { sayRecords } from '../syscall/device.ts';
import { formatBytes, formatCount } from '../units.ts';
import { deviceJson } from './json.ts';
import {
  formatEstimate,
  formatNumber,
  formatP,
  formatPercent,
  formatRatio,
  NONE,
} from './numbers.ts';
import { EVENT_ROWS } from './storm.ts';
import { type Cell, type Column, formatTable } from './table.ts';

const RECORDED = 'recorded: instructions';
const PREDICTED = 'predicted: instructions';
const COUNTED = 'counted: page RMWs';
const EMULATED = 'emulated here: ns';

function right(title: string, group?: string): Column {
  return { title, align: 'right', ...(group === undefined ? {} : { group }) };
}

/** Titles of the ratios; which kernel one is of must be said where there is more than one. */
function ratioTitles([, ...others]: readonly KernelId[]): readonly string[] {
  return others.map((kernel) => (others.length > 1 ? `${kernel} ratio` : 'ratio'));
}

/** What is the same on every machine. */
export function countColumns(kernels: readonly KernelId[]): readonly Column[] {
  const releases = kernels.map((kernel) => KERNELS[kernel].release);
  const ratios = ratioTitles(kernels);
  return [
    { title: 'phase', align: 'left' },
    right('operations'),
    { title: 'per', align: 'left' },
    ...[...releases, ...ratios].map((title) => right(title, RECORDED)),
    ...[...releases, ...ratios, '±'].map((title) => right(title, PREDICTED)),
    ...kernels.map((kernel) => right(kernel, COUNTED)),
  ];
}

/** Emulated time, of one machine. */
export function timeColumns(kernels: readonly KernelId[]): readonly Column[] {
  const ratios = ratioTitles(kernels);
  return [
    ...kernels.map((kernel) => right(kernel, EMULATED)),
    ...ratios.map((title) => right(`${title} [95 %]`, EMULATED)),
    ...(ratios.length > 0 ? [right('p', EMULATED)] : []),
    right('A/A [95 %]', EMULATED),
  ];
}

function instructionCells(
  found: Instructions | undefined,
  kernels: readonly KernelId[],
): readonly Cell[] {
  return [
    ...kernels.map((kernel) => formatNumber(found?.kernels[kernel])),
    ...kernels.slice(1).map((kernel) => formatRatio(found?.ratios[kernel])),
  ];
}

/** What the cells of a time show of it. */
interface TimeShown {
  readonly ns: ScenarioTime['ns'];
  readonly ratios: ScenarioTime['ratios'];
  readonly self: ScenarioTime['self'];
  readonly p?: number | undefined;
}

export function timeCells(
  time: TimeShown | undefined,
  kernels: readonly KernelId[],
  scale = 1,
): readonly Cell[] {
  const ns = (kernel: KernelId): number | undefined => {
    const found = time?.ns[kernel];
    return found === undefined ? undefined : found / scale;
  };
  const self = time?.self;
  return [
    ...kernels.map((kernel) => formatNumber(ns(kernel))),
    ...kernels.slice(1).map((kernel) => formatEstimate(time?.ratios[kernel])),
    ...(kernels.length > 1 ? [formatP(time?.p)] : []),
    self ? `[${self.low.toFixed(2)}, ${self.high.toFixed(2)}]` : NONE,
  ];
}

/** What the cells of a phase show of it. */
interface CountShown {
  readonly title: string;
  readonly per: CountedRow['per'];
  readonly counted: Readonly<Partial<Record<KernelId, Pick<KernelCount, 'operations' | 'rmws'>>>>;
  readonly recorded?: Instructions | undefined;
  readonly predicted?: (Instructions & Partial<Pick<Prediction, 'error'>>) | undefined;
}

export function countCells(row: CountShown, kernels: readonly KernelId[]): readonly Cell[] {
  const [first] = kernels;
  const operations = (first && row.counted[first]?.operations) ?? 0;
  const { predicted } = row;
  const rmws = kernels.map((kernel) => {
    const count = row.counted[kernel];
    return formatNumber(count && count.operations > 0 ? count.rmws / count.operations : undefined);
  });
  const unknown = predicted ? '?' : NONE;
  return [
    row.title,
    formatCount(operations),
    row.per,
    ...instructionCells(row.recorded, kernels),
    ...instructionCells(predicted, kernels),
    predicted?.error ? formatPercent(predicted.error.median) : unknown,
    ...rmws,
  ];
}

/** The last line: one round of everything. Instructions are of two kinds, so they have no sum. */
function wholeCells({ rows, whole, kernels }: ScenarioResult): readonly Cell[] {
  const total = (kernel: KernelId): number =>
    rows.reduce((sum, row) => sum + (row.counted[kernel]?.rmws ?? 0), 0);
  // Two groups of each kernel and each ratio, and the error.
  const instructions = 2 * (2 * kernels.length - 1) + 1;
  return [
    'a whole round, in ms',
    '',
    '',
    ...new Array<Cell>(instructions).fill(''),
    ...kernels.map((kernel) => formatCount(total(kernel))),
    ...timeCells(whole, kernels, 1e6),
  ];
}

function sayDevice(device: ScenarioResult['device']): string {
  const { align, sizeBytes, map } = device;
  return `${align} units, ${formatBytes(sizeBytes)} device, map=${map}${sayRecords(device)}`;
}

function sayProcesses(processes: number, forks: number): string {
  const mapped = processes === 1 ? '1 process' : `${processes} processes`;
  return forks > 0 ? `${mapped}, ${formatCount(forks)} forks` : mapped;
}

/** First touches and others, where a phase has both. */
function touchLines({ rows, kernels }: ScenarioResult): readonly string[] {
  const [first = 'devmap'] = kernels;
  return rows.flatMap(({ per, title, counted }) => {
    const count = counted[first];
    if (per !== 'touch' || !count) return [];
    const faults = count.events.faultMinor;
    if (faults === count.operations) return [];
    const [all, faulted, mapped] = [count.operations, faults, count.operations - faults];
    return [
      `${title}: of ${formatCount(all)} touches ${formatCount(faulted)} faulted and ${formatCount(mapped)} found the unit mapped`,
    ];
  });
}

/** One case of a scenario as a table; the kinds of number in groups of their own. */
export function formatScenario(result: ScenarioResult): string {
  const { title, device, kernels, processes, forks, seed, workload, turns, placements } = result;
  const how = `${sayProcesses(processes, forks)}; seed ${seed}, workload ${workload}, ${turns} turns in ${placements} places`;
  const cells = result.rows.map((row) => [
    ...countCells(row, kernels),
    ...timeCells(row.emulated, kernels),
  ]);
  const rows = [...cells, wholeCells(result)];
  return [
    `${title}: ${sayDevice(device)}, ${how}`,
    formatTable([...countColumns(kernels), ...timeColumns(kernels)], rows),
    ...touchLines(result),
  ].join('\n');
}

/** Every event of every phase, a table a kernel. */
export function formatScenarioCounts({ rows, kernels }: ScenarioResult): string {
  const tables = kernels.map((kernel) => {
    const counts = rows.flatMap(({ counted }) => counted[kernel] ?? []);
    const events = EVENT_ROWS.filter(([event]) => counts.some((count) => count.events[event] > 0));
    const titles = [
      { title: KERNELS[kernel].title, align: 'left' } as const,
      ...rows.map((_, i) => right(`(${i + 1})`)),
    ];
    return formatTable(titles, [
      ['operations', ...counts.map((count) => formatCount(count.operations))],
      ...events.map(([event, name]) => [
        name,
        ...counts.map((count) => formatCount(count.events[event])),
      ]),
    ]);
  });
  const legend = rows.map(({ title }, i) => `(${i + 1}) ${title}`).join('  ');
  return [legend, ...tables].join('\n\n');
}

/** What the columns mean; printed once under the tables. */
export const SCENARIO_NOTES = [
  'recorded   guest instructions an operation in real kernels, where just this operation was recorded',
  'predicted  where it was not: the phase’s own event counts at prices fitted to recordings; ±: median error of the',
  '           model on operations of the same family that it has not seen (?: family never recorded on device-DAX)',
  'counted    lock-prefixed read-modify-writes of struct pages an operation, exact; a touch is a load or store, and',
  '           it faults only where its unit is not mapped',
  'emulated   median time of the emulated steps alone on this machine (A/A: the first kernel against itself; ~: not',
  '           distinguishable); no claim about kernel time. Forks and mappings made between phases are not timed.',
].join('\n');

/** What would run, without running it. */
export function formatPlan({ one, device, program, workload, kernels, seed }: Plan): string {
  const { declared, steps, processes, forks } = program;
  const streams = (index: number): number => steps.filter((step) => step.declared === index).length;
  const operations = steps.reduce((sum, { phase }) => sum + phase.stream.length, 0);
  const head = `${one.title}: ${sayDevice(device)}, ${sayProcesses(processes, forks)}; kernels ${kernels.join(', ')}; seed ${seed}, workload ${workload}`;
  const table = formatTable(
    [
      { title: 'phase', align: 'left' },
      right('operations'),
      { title: 'per', align: 'left' },
      right('streams'),
    ],
    declared.map(({ title, operations: asked, per }, i) => [
      title,
      formatCount(asked),
      // Leaves are counted as they are unmapped; until then only the units asked for are known.
      per === 'leaf' ? 'unit' : per,
      formatCount(streams(i)),
    ]),
  );
  return `${head}\n${table}\n${formatCount(operations)} operations of the op stream a round`;
}

/** The scenarios that come with daxstorm, a line each. */
export function formatReady(ready: readonly ReadyScenario[]): string {
  return formatTable(
    [
      { title: 'scenario', align: 'left' },
      right('cases'),
      { title: 'what it stands for', align: 'left' },
    ],
    ready.map(({ id, cases }) => [
      id,
      String(cases.length),
      cases[0]?.scenario.description.trim().split('\n')[0] ?? '',
    ]),
  );
}

/** A result for programs. */
export function scenarioJson({ device, ...rest }: ScenarioResult) {
  return { device: deviceJson(device), ...rest };
}

/** A plan for programs. */
export function planJson({ one, device, program, workload, kernels, seed }: Plan) {
  return {
    title: one.title,
    device: deviceJson(device),
    kernels,
    processes: program.processes,
    forks: program.forks,
    phases: program.declared.map(({ name, title, operations, per }, i) => ({
      phase: name,
      title,
      operations,
      per: per === 'leaf' ? 'unit' : per,
      streams: program.steps.filter((step) => step.declared === i).length,
    })),
    workload,
    seed,
  };
}

import { type Comparison, type OperationRow, resolution } from '../compare/comparison.ts';
import { KERNELS } from '../kernel.ts';
import { sayRecords } from '../syscall/device.ts';
import { formatBytes } from '../units.ts';
import {
  formatBounds,
  formatEstimate,
  formatNumber,
  formatP,
  formatPercent,
  formatRatio,
  sayPins,
} from './numbers.ts';
import { type Cell, type Column, formatTable } from './table.ts';

const RECORDED = 'recorded: instructions';
const COUNTED = 'counted: page RMWs';
const EMULATED = 'emulated here: ns';

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: KERNELS.devmap.release, align: 'right', group: RECORDED },
  { title: KERNELS.refcount.release, align: 'right', group: RECORDED },
  { title: 'ratio', align: 'right', group: RECORDED },
  { title: 'memfd', align: 'right', group: RECORDED },
  { title: 'devmap', align: 'right', group: COUNTED },
  { title: 'refcount', align: 'right', group: COUNTED },
  { title: 'devmap', align: 'right', group: EMULATED },
  { title: 'refcount', align: 'right', group: EMULATED },
  { title: 'ratio [95 %]', align: 'right', group: EMULATED },
  { title: 'p', align: 'right', group: EMULATED },
  { title: 'natural', align: 'right', group: EMULATED },
  { title: 'A/A [95 %]', align: 'right', group: EMULATED },
];

function rowCells(row: OperationRow): readonly Cell[] {
  const { recorded, control, counted, emulated } = row;
  return [
    row.title,
    formatNumber(recorded?.devmap),
    formatNumber(recorded?.refcount),
    formatRatio(recorded?.ratio),
    formatRatio(control?.ratio),
    formatNumber(counted.devmap.rmws / counted.devmap.operations),
    formatNumber(counted.refcount.rmws / counted.refcount.operations),
    formatNumber(emulated?.devmapNs),
    formatNumber(emulated?.refcountNs),
    formatEstimate(emulated?.ratio),
    formatP(emulated?.p),
    formatRatio(emulated?.natural.value),
    formatBounds(emulated?.self),
  ];
}

/** The heading of one comparison: all that is needed to run it again. */
function heading(comparison: Comparison, what: string): string {
  const { device, seed, workload, turns, placements } = comparison;
  const size = formatBytes(device.sizeBytes);
  return `${device.align} units, ${size} device, map=${device.map}${sayRecords(device)}, ${what}; seed ${seed}, workload ${workload}, ${turns} turns in ${placements} places`;
}

/** Break-even in page RMWs, under the table: exact, and no statement about cost. */
function countedLine({ breakEven, device }: Comparison): string {
  const { counted } = breakEven;
  if (!counted) return '';
  const { mapDelta, pinGain, pins } = counted;
  const mapping = `by count, mapping and unmapping a ${device.align} leaf takes ${formatNumber(mapDelta)} page RMWs more`;
  if (pins === undefined) return `\n${mapping}, and pinning it takes no fewer: never equal`;
  return `\n${mapping}, each pin and unpin ${formatNumber(pinGain)} fewer: equal at ${sayPins(pins)} pins per mapping`;
}

/** Which touches faulted, where a pattern revisits units. */
function touchLine({ rows }: Comparison): string {
  return rows
    .flatMap(({ operations, touches }) => {
      if (!touches) return [];
      const [all, first, mapped] = [operations, touches.first, touches.mapped].map(formatNumber);
      return [`\nof ${all} touches ${first} faulted and ${mapped} found the unit mapped`];
    })
    .join('');
}

/** A run whose second half still drifts this surely has not settled. */
const TREND_P_MAX = 0.001;

/** Whether an operation's ratio still moved at the end of its run. */
export function drifted({
  emulated,
}: {
  readonly emulated?: { readonly trendP: number } | undefined;
}): boolean {
  return (emulated?.trendP ?? 1) < TREND_P_MAX;
}

/** What this run can and cannot tell: the A/A self-check and the trend check. */
function trustLine(comparison: Comparison): string {
  const resolved = resolution(comparison.rows);
  if (resolved === undefined) return '';
  const drifting = comparison.rows.filter(drifted);
  const drift = drifting.length
    ? `; not settled: ${drifting.map(({ title }) => title).join(', ')} still drifted, use a longer --time`
    : '';
  return `\nself-check: two instances of one build differ by up to ${formatPercent(resolved)} here, so smaller emulated differences say nothing${drift}`;
}

/** One comparison as a table; the kinds of number in groups of their own. */
export function formatComparison(comparison: Comparison, what: string): string {
  const table = formatTable(COLUMNS, comparison.rows.map(rowCells));
  return `${heading(comparison, what)}\n${table}${touchLine(comparison)}${countedLine(comparison)}${trustLine(comparison)}`;
}

/** What the columns mean; printed once under the tables. */
export const COLUMN_NOTES = [
  'recorded  guest instructions in real kernels, 6.12 (devmap bit) and 7.3 (refcounted); memfd: ratio of the same',
  '          operation on ordinary shared memory, the control for all that changed besides',
  'counted   lock-prefixed read-modify-writes of struct pages an operation, exact',
  'emulated  median time of the emulated steps alone on this machine, each operation waiting for the one before',
  '          (natural: not waiting; A/A: devmap against itself; p: signed-rank, adjusted over the rows; ~: not',
  '          distinguishable); no claim about kernel time',
].join('\n');

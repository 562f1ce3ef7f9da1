import type { Latency, LatencyRow } from '../measure/latency.ts';
import { formatCount } from '../units.ts';
import { BUCKET_ERROR } from '../wasm/histogram.ts';
import { formatNumber, formatPercent } from './numbers.ts';
import { type Cell, type Column, formatTable } from './table.ts';

const GROUP = 'emulated here: ns, the clock among them';

const COLUMNS: readonly Column[] = [
  { title: 'latency of', align: 'left' },
  { title: 'kernel', align: 'left' },
  { title: 'operations', align: 'right' },
  ...['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'].map(
    (title): Column => ({ title, align: 'right', group: GROUP }),
  ),
];

function cells(row: LatencyRow): readonly Cell[] {
  const { p50Ns, p90Ns, p99Ns, p999Ns, p9999Ns, maxNs } = row;
  const times = [p50Ns, p90Ns, p99Ns, p999Ns, p9999Ns, Math.round(maxNs)].map(formatNumber);
  return [row.title, row.kernel, formatCount(row.operations), ...times];
}

/** Latency percentiles with what must be known of the clock they were read from. */
export function formatLatency({ clock, resolutionNs, overheadNs, rows }: Latency): string {
  return [
    formatTable(COLUMNS, rows.map(cells)),
    `clock: ${clock}; resolves ${formatNumber(resolutionNs)} ns`,
    `and takes ${formatNumber(overheadNs)} ns itself, which is in every latency: nothing is subtracted. Buckets are at most ${formatPercent(BUCKET_ERROR)} wide,`,
    'percentiles their upper ends, max exact. The last percentiles hold the interruptions of this machine. Emulated',
    'steps alone: no claim about kernel time, and no part of the A/B.',
  ].join('\n');
}

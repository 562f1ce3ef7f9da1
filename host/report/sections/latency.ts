import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, type Row, table } from '../html/table.ts';
import { markdownTable, wrap } from '../markdown.ts';
import { formatNumber } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { LatencyResult, LatencyRowResult } from '../schema/latency.ts';
import type { Section } from '../section.ts';
import { lineChart, type Point, X_RANGE, Y_RANGE } from '../svg/lineChart.ts';
import { linearScale, logDomain, logScale, logTicks } from '../svg/scale.ts';

const PERCENTILES = [
  ['p50Ns', 0.5, 'p50'],
  ['p90Ns', 0.9, 'p90'],
  ['p99Ns', 0.99, 'p99'],
  ['p999Ns', 0.999, 'p99.9'],
  ['p9999Ns', 0.9999, 'p99.99'],
] as const;

/** The axis of percentiles: how many nines. 0 is the fastest, 1 is p90, 2 is p99. */
export function nines(share: number): number {
  return share === 0 ? 0 : -Math.log10(1 - share);
}

const NINES_MAX = 5;
const LABELS = ['0', '90 %', '99 %', '99.9 %', '99.99 %', 'max'] as const;

/** The whole curve, as steps through the histogram's buckets. */
function curve({ buckets, maxNs }: LatencyRowResult): readonly Point[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  const points: Point[] = [];
  let below = 0;
  for (const { belowNs, count } of buckets) {
    if (count === 0) continue;
    const height = Math.min(belowNs, maxNs);
    points.push([Math.min(NINES_MAX, nines(below / total)), height]);
    below += count;
    const share = below >= total ? NINES_MAX : Math.min(NINES_MAX, nines(below / total));
    points.push([share, height]);
  }
  return points;
}

function panel(
  { value: latency }: Placed<LatencyResult>,
  rows: readonly LatencyRowResult[],
  id: string,
): Markup {
  const title = rows[0]?.title ?? '';
  const points = rows.map(curve);
  const heights = points.flat().map(([, height]) => height);
  const yDomain = logDomain([...heights, latency.resolutionNs]);
  const xDomain = [0, NINES_MAX] as const;
  const told = {
    id,
    title: `Latency percentiles: ${title}`,
    description:
      'Emulated nanoseconds of single operations against percentile, both axes logarithmic, a line a kernel. Shaded: below what the clock resolves. The table has the percentiles.',
  };
  const chart = lineChart(told, {
    x: {
      scale: linearScale(xDomain, X_RANGE),
      ticks: LABELS.map((_, i) => i),
      label: (value) => LABELS[value] ?? '',
      title: 'percentile',
    },
    y: {
      scale: logScale(yDomain, Y_RANGE),
      ticks: logTicks(yDomain, 7),
      label: formatNumber,
      title: 'ns',
    },
    series: rows.map((row, i) => ({
      name: row.kernel,
      className: `kernel-${row.kernel}`,
      points: points[i] as readonly Point[],
      dots: PERCENTILES.map(([key, share]) => [nines(share), row[key]] as const),
    })),
    floor: latency.resolutionNs,
  });
  return figure(el('strong', {}, title), chart);
}

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'kernel', align: 'left' },
  ...PERCENTILES.map(([, , title]): Column => ({ title, align: 'right' })),
  { title: 'max', align: 'right' },
  { title: 'operations', align: 'right' },
];

function dataRow({ value, at }: Placed<LatencyRowResult>): Row {
  return {
    cells: [
      value.title,
      value.kernel,
      ...PERCENTILES.map(([key]) => numberCell(value[key], formatNumber, `${at}/${key}`)),
      numberCell(value.maxNs, formatNumber, `${at}/maxNs`),
      numberCell(value.operations, formatNumber, `${at}/operations`),
    ],
  };
}

/** Rows of one phase together, whatever order they came in. */
function byTitle(rows: readonly LatencyRowResult[]): readonly (readonly LatencyRowResult[])[] {
  const titles = [...new Set(rows.map(({ title }) => title))];
  return titles.map((title) => rows.filter((row) => row.title === title));
}

function part(each: Placed<LatencyResult>, index: number): Markup {
  const { device, clock, resolutionNs, overheadNs, rows } = each.value;
  const panels = byTitle(rows).map((group, i) =>
    panel(each, group, `latency-${index + 1}-${i + 1}`),
  );
  const read = `clock ${clock}, resolution ${formatNumber(resolutionNs)} ns, reading it takes ${formatNumber(overheadNs)} ns`;
  return fragment(
    device && el('h3', {}, `${device.align} units`),
    el('p', { class: 'note' }, read),
    el('div', { class: 'panels' }, ...panels),
    table(COLUMNS, eachPlaced(rows, `${each.at}/rows`).map(dataRow)),
  );
}

function html({ latencies }: Report): Markup | undefined {
  if (latencies.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'How long single emulated operations took on this machine, in nanoseconds, out to the slowest. Shaded: below what the clock resolves. No claim about kernel time.',
    ),
    ...latencies.map(part),
  );
}

function markdown({ latencies }: Report): string | undefined {
  if (latencies.length === 0) return undefined;
  const columns = COLUMNS.filter(({ title }) => title !== 'operations');
  return latencies
    .map(({ value: { device, rows } }) => {
      const cells = rows.map((row) => [
        row.phase,
        row.kernel,
        ...PERCENTILES.map(([key]) => formatNumber(row[key])),
        formatNumber(row.maxNs),
      ]);
      const unit = device ? ` (${device.align} units)` : '';
      return [
        wrap(`Nanoseconds of single emulated operations${unit}; no claim about kernel time.`),
        '',
        markdownTable(columns, cells),
      ].join('\n');
    })
    .join('\n\n');
}

export const latencySection: Section = {
  id: 'latency',
  title: 'Latency percentiles',
  kind: 'emulated',
  html,
  markdown,
};

import { resolution } from '../../compare/comparison.ts';
import { drifted } from '../comparison.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { boundsCell, type Column, numberCell, numbersOf, type Row, table } from '../html/table.ts';
import { markdownTable, wrap } from '../markdown.ts';
import {
  formatBounds,
  formatEstimate,
  formatNumber,
  formatP,
  formatPercent,
  formatRatio,
} from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ComparisonResult, RowResult } from '../schema/compare.ts';
import type { Section } from '../section.ts';
import { band, dot, interval, type Mark } from '../svg/rowChart.ts';
import { ratioAxis } from './ratioAxis.ts';

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'ratio', align: 'right' },
  { title: '95 %', align: 'right' },
  { title: 'A/A, 95 %', align: 'right' },
];

const MORE_COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'devmap ns', align: 'right' },
  { title: 'refcount ns', align: 'right' },
  { title: 'p', align: 'right' },
  { title: 'natural', align: 'right' },
  { title: '95 %', align: 'right' },
  { title: 'A/A', align: 'right' },
  { title: 'trend p', align: 'right' },
];

function marks({ emulated }: RowResult): readonly Mark[] {
  if (!emulated) return [];
  const { ratio, natural, self } = emulated;
  return [
    band(self.low, self.high, 'self', 1),
    interval(ratio.low, ratio.high, 'ci'),
    dot(natural.value, 'hollow', 3),
    dot(ratio.value, 'kernel-refcount solid', 3),
  ];
}

function ratioRow({ value, at }: Placed<RowResult>): Row {
  const { title, emulated } = value;
  const from = `${at}/emulated`;
  return {
    cells: [
      title,
      numberCell(emulated?.ratio.value, formatRatio, `${from}/ratio/value`),
      boundsCell(emulated?.ratio, `${from}/ratio`),
      boundsCell(emulated?.self, `${from}/self`),
    ],
    marks: marks(value),
  };
}

function moreRow({ value: { title, emulated }, at }: Placed<RowResult>): Row {
  const from = `${at}/emulated`;
  return {
    cells: [
      title,
      numberCell(emulated?.devmapNs, formatNumber, `${from}/devmapNs`),
      numberCell(emulated?.refcountNs, formatNumber, `${from}/refcountNs`),
      numberCell(emulated?.p, formatP, `${from}/p`),
      numberCell(emulated?.natural.value, formatRatio, `${from}/natural/value`),
      boundsCell(emulated?.natural, `${from}/natural`),
      numberCell(emulated?.self.value, formatRatio, `${from}/self/value`),
      numberCell(emulated?.trendP, formatP, `${from}/trendP`),
    ],
  };
}

/** What these runs can and cannot tell: the A/A self-checks and the trend checks. */
function trust(timed: readonly Timed[]): string {
  const resolved = timed.flatMap(({ name, value }) => {
    const share = resolution(value.rows);
    return share === undefined ? [] : [`${formatPercent(share)} (${name})`];
  });
  const drifting = timed.flatMap(({ name, value }) =>
    value.rows.filter(drifted).map(({ title }) => `${title} (${name})`),
  );
  const unsettled = drifting.length ? ` Still drifting at the end: ${drifting.join(', ')}.` : '';
  return `Two instances of one build differ by up to ${resolved.join(', ')} here, so smaller differences say nothing.${unsettled}`;
}

/** A comparison that was timed, and what it was of. */
interface Timed extends Placed<ComparisonResult> {
  readonly name: string;
}

/** Storms and traces alike. */
function timedOf({ comparisons, replays }: Report): readonly Timed[] {
  const storms = comparisons.map((each) => ({ ...each, name: each.value.device.align }));
  const traces = replays.map(({ value: { align, comparison }, at }) => ({
    value: comparison,
    at: `${at}/comparison`,
    name: `trace, ${align}`,
  }));
  return [...storms, ...traces].filter(({ value }) => value.rows.some(({ emulated }) => emulated));
}

function html(report: Report): Markup | undefined {
  const timed = timedOf(report);
  if (timed.length === 0) return undefined;
  const ratios = timed.flatMap(({ value }) =>
    value.rows.flatMap(({ emulated }) =>
      emulated
        ? [emulated.ratio, emulated.self, emulated.natural].flatMap(({ low, high }) => [low, high])
        : [],
    ),
  );
  const told = {
    id: 'emulated-ratios',
    title: 'Emulated time, refcount ÷ devmap',
    description:
      'A dot and its 95 % interval an operation, on a logarithmic axis; hollow: operations that need not wait for one another; the grey band is devmap against itself, what this machine makes of no difference. The table beside it has the numbers.',
  };
  const plot = { told, axis: ratioAxis(ratios), title: 'refcount ÷ devmap' };
  const rows = (row: (each: Placed<RowResult>) => Row): readonly Row[] =>
    timed.flatMap(({ name, value, at }) => [
      { heading: `${name} units` },
      ...eachPlaced(value.rows, `${at}/rows`).map(row),
    ]);
  return fragment(
    el(
      'p',
      {},
      'Median time of the emulated steps alone on this machine, each operation waiting for the one before (hollow, natural: not waiting), as a ratio of interleaved blocks. The grey band is the A/A self-check. ',
      el('strong', {}, 'This is no claim about kernel time'),
      ': exception entry, locks and look-ups that real kernels execute are not in it.',
    ),
    table(COLUMNS, rows(ratioRow), plot),
    numbersOf(MORE_COLUMNS, rows(moreRow), 'times, p and natural overlap'),
    el('p', {}, trust(timed)),
  );
}

function markdown(report: Report): string | undefined {
  const rows = timedOf(report).flatMap(({ name, value }) =>
    value.rows.flatMap(({ title, emulated }) =>
      emulated ? [[name, title, formatEstimate(emulated.ratio), formatBounds(emulated.self)]] : [],
    ),
  );
  if (rows.length === 0) return undefined;
  const columns: readonly Column[] = [
    { title: 'unit', align: 'left' },
    { title: 'operation', align: 'left' },
    { title: 'ratio [95 %]', align: 'right' },
    { title: 'A/A [95 %]', align: 'right' },
  ];
  return [
    wrap(
      'Time of the emulated steps alone, on the machine below, as a ratio refcount / devmap of interleaved blocks; A/A is devmap against itself. No claim about kernel time.',
    ),
    '',
    markdownTable(columns, rows),
  ].join('\n');
}

export const emulatedSection: Section = {
  id: 'emulated',
  title: 'A/B of the emulated steps',
  kind: 'emulated',
  html,
  markdown,
};

import { el, fragment, type Markup } from '../html/markup.ts';
import {
  boundsCell,
  type Column,
  dataElement,
  figure,
  numberCell,
  type Row,
  table,
} from '../html/table.ts';
import { markdownTable, wrap } from '../markdown.ts';
import { formatEstimate, formatNumber, formatRatio, NONE } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import { perMillion, SAY_MM, SAY_PATTERN } from '../scale.ts';
import type { ScaleCurveResult, ScaleResult } from '../schema/scale.ts';
import type { Section } from '../section.ts';
import { lineChart, X_RANGE, Y_RANGE } from '../svg/lineChart.ts';
import { linearScale, linearTicks, niceDomain } from '../svg/scale.ts';

type Point = ScaleCurveResult['points'][number];

/** Curves of one phase together, whatever order they came in. */
function byTitle(
  curves: readonly Placed<ScaleCurveResult>[],
): readonly (readonly Placed<ScaleCurveResult>[])[] {
  const titles = [...new Set(curves.map(({ value }) => value.title))];
  return titles.map((title) => curves.filter(({ value }) => value.title === title));
}

function panel(curves: readonly Placed<ScaleCurveResult>[], id: string): Markup {
  const title = curves[0]?.value.title ?? '';
  const points = curves.map(({ value }) =>
    value.points.map(({ threads, scaling }) => [threads, scaling.value] as const),
  );
  const most = Math.max(2, ...points.flat().map(([threads]) => threads));
  const yDomain = niceDomain([0, Math.max(1, ...points.flat().map(([, times]) => times))], 4);
  const told = {
    id,
    title: `Scaling: ${title}`,
    description:
      'How many times the operations of one thread so many threads do in the same time, emulated, a line a kernel. The table has the numbers.',
  };
  const chart = lineChart(told, {
    x: {
      scale: linearScale([1, most], X_RANGE),
      ticks: linearTicks([1, most], 6).filter(Number.isInteger),
      label: String,
      title: 'threads',
    },
    y: {
      scale: linearScale(yDomain, Y_RANGE),
      ticks: linearTicks(yDomain, 4),
      label: formatNumber,
      title: 'times one thread',
    },
    series: curves.map(({ value: { kernel } }, i) => ({
      name: kernel,
      className: `kernel-${kernel}`,
      points: points[i] ?? [],
      dots: points[i] ?? [],
    })),
  });
  return figure(el('strong', {}, title), chart);
}

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'kernel', align: 'left' },
  { title: 'threads', align: 'right' },
  { title: 'ns an operation', align: 'right' },
  { title: 'scaling', align: 'right' },
  { title: '95 %', align: 'right' },
];

const COUNTED_COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'kernel', align: 'left' },
  { title: 'threads', align: 'right' },
  { title: 'operations', align: 'right' },
  { title: 'races lost', align: 'right' },
  { title: 'per million', align: 'right' },
  { title: 'locks waited for', align: 'right' },
  { title: 'per million', align: 'right' },
];

type RowOf = (curve: ScaleCurveResult, point: Placed<Point>) => Row;

const emulatedRow: RowOf = ({ title, kernel }, { value, at }) => {
  const { threads, nsPerOperation, scaling } = value;
  const alone = threads === 1;
  const ratio = {
    text: formatRatio(scaling.value),
    value: scaling.value,
    at: `${at}/scaling/value`,
  };
  return {
    cells: [
      title,
      kernel,
      numberCell(threads, String, `${at}/threads`),
      numberCell(nsPerOperation, formatNumber, `${at}/nsPerOperation`),
      alone ? NONE : fragment(dataElement(ratio)),
      alone ? NONE : boundsCell(scaling, `${at}/scaling`),
    ],
  };
};

const countedRow: RowOf = ({ title, kernel }, { value, at }) => {
  const { threads, operations, casRetries, lockWaits } = value;
  return {
    cells: [
      title,
      kernel,
      numberCell(threads, String, `${at}/threads`),
      numberCell(operations, formatNumber, `${at}/operations`),
      numberCell(casRetries, formatNumber, `${at}/casRetries`),
      formatNumber(perMillion(casRetries, value)),
      numberCell(lockWaits, formatNumber, `${at}/lockWaits`),
      formatNumber(perMillion(lockWaits, value)),
    ],
  };
};

function part({ value, at }: Placed<ScaleResult>, index: number): Markup {
  const { device, mm, pattern, detail, turns, placements } = value;
  const curves = eachPlaced(value.curves, `${at}/curves`);
  const panels = byTitle(curves).map((group, i) => panel(group, `scale-${index + 1}-${i + 1}`));
  const rows = (rowOf: RowOf): readonly Row[] =>
    byTitle(curves)
      .flat()
      .flatMap((curve) =>
        eachPlaced(curve.value.points, `${curve.at}/points`).map((each) =>
          rowOf(curve.value, each),
        ),
      );
  const timed = detail === 'full' ? 'full detail, locks too' : 'walks and struct pages';
  return fragment(
    el('h3', {}, `${device.align} units, ${SAY_MM[mm]}, ${SAY_PATTERN[pattern]}`),
    el('p', { class: 'note' }, `${timed}; ${turns} turns in ${placements} places`),
    el('div', { class: 'panels' }, ...panels),
    table(COLUMNS, rows(emulatedRow)),
    el('p', { class: 'note' }, 'Counted, in one run each; they differ from run to run.'),
    table(COUNTED_COLUMNS, rows(countedRow)),
  );
}

function html({ scales }: Report): Markup | undefined {
  if (scales.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'How many times the operations of one thread several threads do in the same time, emulated on this machine; two of its processors may be one core. Beside it, counted in one run each: races that struct-page counters lost and locks that were waited for. No claim about kernel time.',
    ),
    ...scales.map(part),
  );
}

function markdown({ scales }: Report): string | undefined {
  if (scales.length === 0) return undefined;
  const columns: readonly Column[] = [
    { title: 'operation', align: 'left' },
    { title: 'kernel', align: 'left' },
    { title: 'scaling', align: 'right' },
    { title: 'races/M', align: 'right' },
    { title: 'waits/M', align: 'right' },
  ];
  return scales
    .map(({ value: { device, mm, pattern, threads, curves } }) => {
      const rows = curves.flatMap(({ title, kernel, points }) => {
        const last = points.at(-1);
        if (!last || last.threads === 1) return [];
        return [
          [
            title,
            kernel,
            formatEstimate(last.scaling),
            formatNumber(perMillion(last.casRetries, last)),
            formatNumber(perMillion(last.lockWaits, last)),
          ],
        ];
      });
      const setting = `${device.align} units, ${SAY_MM[mm]}, ${SAY_PATTERN[pattern]}`;
      return [
        wrap(
          `Emulated throughput of ${threads} threads against one: ${setting}. Races lost and locks waited for are counted, per million operations. No claim about kernel time.`,
        ),
        '',
        markdownTable(columns, rows),
      ].join('\n');
    })
    .join('\n\n');
}

export const scaleSection: Section = {
  id: 'scale',
  title: 'Several threads',
  kind: 'emulated',
  html,
  markdown,
};

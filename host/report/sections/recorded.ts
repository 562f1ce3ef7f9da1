import { KERNELS } from '../../kernel.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, numberCell, type Row, table } from '../html/table.ts';
import { markdownTable } from '../markdown.ts';
import { formatNumber, formatRatio } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ComparisonResult, RowResult } from '../schema/compare.ts';
import type { Section } from '../section.ts';
import { dot, interval, type Mark, type RowAxis } from '../svg/rowChart.ts';
import { ratioAxis } from './ratioAxis.ts';

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: KERNELS.devmap.release, align: 'right' },
  { title: KERNELS.refcount.release, align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: 'memfd', align: 'right' },
];

function marks({ recorded, control }: RowResult): readonly Mark[] {
  if (!recorded) return [];
  const from = control ? [interval(control.ratio, recorded.ratio, 'link')] : [];
  const hollow = control ? [dot(control.ratio, 'hollow', 4)] : [];
  return [...from, ...hollow, dot(recorded.ratio, 'kernel-refcount solid')];
}

function rowsOf({ value, at }: Placed<ComparisonResult>): readonly Row[] {
  const rows = eachPlaced(value.rows, `${at}/rows`).filter(({ value: row }) => row.recorded);
  const { align } = value.device;
  if (rows.length === 0) return [{ heading: `${align} units: nothing of this was recorded` }];
  return [
    { heading: `${align} units` },
    ...rows.map(({ value: row, at: from }): Row => {
      const { recorded, control } = row;
      return {
        cells: [
          row.title,
          numberCell(recorded?.devmap, formatNumber, `${from}/recorded/devmap`),
          numberCell(recorded?.refcount, formatNumber, `${from}/recorded/refcount`),
          numberCell(recorded?.ratio, formatRatio, `${from}/recorded/ratio`),
          numberCell(control?.ratio, formatRatio, `${from}/control/ratio`),
        ],
        marks: marks(row),
      };
    }),
  ];
}

function axisOf({ comparisons }: Report): RowAxis {
  const rows = comparisons.flatMap(({ value }) => value.rows);
  return ratioAxis(
    rows.flatMap(({ recorded, control }) =>
      [recorded, control].flatMap((cost) => (cost ? [cost.ratio] : [])),
    ),
  );
}

const MEANING =
  'Guest instructions an operation in real kernels: 6.12 marks device pages with the devmap bit, 7.3 refcounts them. Every other change between the two releases is in these numbers too; memfd (hollow) is the control, the same operation on ordinary shared memory.';

function html(report: Report): Markup | undefined {
  if (report.comparisons.length === 0) return undefined;
  const told = {
    id: 'recorded-ratios',
    title: 'Recorded instructions, 7.3 ÷ 6.12',
    description:
      'One dot an operation on a logarithmic axis: right of 1 the refcounted kernel executes more instructions. The hollow dot is the control on memfd. The table beside it has the numbers.',
  };
  const plot = { told, axis: axisOf(report), title: '7.3 ÷ 6.12' };
  return fragment(el('p', {}, MEANING), table(COLUMNS, report.comparisons.flatMap(rowsOf), plot));
}

function markdown({ comparisons }: Report): string | undefined {
  const rows = comparisons.flatMap(({ value: { device, rows: all } }) =>
    all.flatMap(({ title, recorded, control }) =>
      recorded
        ? [
            [
              device.align,
              title,
              formatNumber(recorded.devmap),
              formatNumber(recorded.refcount),
              formatRatio(recorded.ratio),
              formatRatio(control?.ratio),
            ],
          ]
        : [],
    ),
  );
  if (rows.length === 0) return undefined;
  const columns: readonly Column[] = [{ title: 'unit', align: 'left' }, ...COLUMNS];
  return [
    'Guest instructions in real kernels, 6.12 (devmap bit) and 7.3 (refcounted).',
    'Every other change between the two is in them; memfd is the control: the ratio',
    'of the same operation on ordinary shared memory. No 1G unit was recorded.',
    '',
    markdownTable(columns, rows),
  ].join('\n');
}

export const recordedSection: Section = {
  id: 'recorded',
  title: 'What refcounting costs',
  kind: 'recorded',
  html,
  markdown,
};

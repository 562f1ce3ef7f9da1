import type { ComparedKernel } from '../../kernel.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, numberCell, type Row, table } from '../html/table.ts';
import { markdownTable } from '../markdown.ts';
import { formatNumber, sayPins } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ComparisonResult, RowResult } from '../schema/compare.ts';
import type { Section } from '../section.ts';

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left' },
  { title: 'operations', align: 'right' },
  { title: 'devmap', align: 'right' },
  { title: 'refcount', align: 'right' },
  { title: 'an operation: devmap', align: 'right' },
  { title: 'refcount', align: 'right' },
];

function rmws({ counted }: RowResult, kernel: ComparedKernel): string {
  return formatNumber(counted[kernel].rmws / counted[kernel].operations);
}

/** Break-even by count, as words. */
function countedEven({ breakEven: { counted }, device }: ComparisonResult): string | undefined {
  if (!counted) return undefined;
  const { mapDelta, pinGain, pins } = counted;
  const map = `${device.align}: mapping and unmapping a leaf takes ${formatNumber(mapDelta)} more`;
  if (pins === undefined) return `${map}, and pinning it takes no fewer: never equal.`;
  return `${map}, each pin and unpin ${formatNumber(pinGain)} fewer: equal at ${sayPins(pins)} pins per mapping.`;
}

function rowsOf({ value, at }: Placed<ComparisonResult>): readonly Row[] {
  return [
    { heading: `${value.device.align} units` },
    ...eachPlaced(value.rows, `${at}/rows`).map(({ value: row, at: from }): Row => {
      const total = (kernel: ComparedKernel) =>
        numberCell(row.counted[kernel].rmws, formatNumber, `${from}/counted/${kernel}/rmws`);
      return {
        cells: [
          row.title,
          numberCell(row.operations, formatNumber, `${from}/operations`),
          total('devmap'),
          total('refcount'),
          rmws(row, 'devmap'),
          rmws(row, 'refcount'),
        ],
      };
    }),
  ];
}

function html({ comparisons }: Report): Markup | undefined {
  if (comparisons.length === 0) return undefined;
  const evens = comparisons.flatMap(({ value }) => countedEven(value) ?? []);
  return fragment(
    el(
      'p',
      {},
      'Lock-prefixed read-modify-writes of struct pages in one round of the storm: exact, the same on every machine, and no statement about cost.',
    ),
    table(COLUMNS, comparisons.flatMap(rowsOf)),
    el('ul', {}, ...evens.map((each) => el('li', {}, each))),
  );
}

function markdown({ comparisons }: Report): string | undefined {
  if (comparisons.length === 0) return undefined;
  const columns: readonly Column[] = [
    { title: 'unit', align: 'left' },
    { title: 'operation', align: 'left' },
    { title: 'devmap', align: 'right' },
    { title: 'refcount', align: 'right' },
  ];
  const rows = comparisons.flatMap(({ value: { device, rows: all } }) =>
    all.map((row) => [device.align, row.title, rmws(row, 'devmap'), rmws(row, 'refcount')]),
  );
  return [
    'Lock-prefixed read-modify-writes of struct pages an operation: exact, and no',
    'statement about cost.',
    '',
    markdownTable(columns, rows),
  ].join('\n');
}

export const countedSection: Section = {
  id: 'counted',
  title: 'Page reference counting',
  kind: 'counted',
  html,
  markdown,
};

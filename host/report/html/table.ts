import type { Estimate } from '../../measure/stats.ts';
import { NONE } from '../numbers.ts';
import type { Told } from '../svg/figure.ts';
import { type Mark, type RowAxis, rowAxis, rowChart } from '../svg/rowChart.ts';
import { type Child, el, fragment, type Markup } from './markup.ts';

export interface Cell {
  readonly text: string;
  /** The number itself and the JSON pointer to it; both or neither. */
  readonly value?: number;
  readonly at?: string;
}

export interface Column {
  readonly title: Child;
  readonly align: 'left' | 'right';
}

/** A heading over the rows that follow, or a row of cells with what is drawn beside it. */
export type Row =
  | { readonly heading: Child }
  | {
      readonly cells: readonly (Cell | Markup | string)[];
      readonly marks?: readonly Mark[];
      readonly strong?: boolean;
    };

/** The picture in the last column. */
export interface Plot {
  readonly told: Told;
  readonly axis: RowAxis;
  readonly title: string;
}

/** A cell of a number that comes from a result. */
export function numberCell(
  value: number | undefined,
  format: (value: number | undefined) => string,
  at: string,
): Cell {
  return value === undefined ? { text: NONE } : { text: format(value), value, at };
}

/** A number anywhere in a text, with its value and where it comes from. */
export function dataElement({ text, value, at }: Cell): Child {
  return value === undefined ? text : el('data', { value, 'data-at': at }, text);
}

/** The bounds of an estimate's interval. */
export function boundsCell(estimate: Estimate | undefined, at: string): Markup | string {
  if (!estimate) return NONE;
  const digits = estimate.value < 0.1 ? 3 : 2;
  const bound = (key: 'low' | 'high'): Child =>
    dataElement({ text: estimate[key].toFixed(digits), value: estimate[key], at: `${at}/${key}` });
  return fragment('[', bound('low'), ', ', bound('high'), ']');
}

function cellElement(cell: Cell | Markup | string, column: Column, first: boolean): Markup {
  const child = typeof cell === 'object' && 'text' in cell ? dataElement(cell) : cell;
  const name = first ? 'th' : 'td';
  return el(name, { scope: first ? 'row' : undefined, class: column.align }, child);
}

function rowElement(row: Row, columns: readonly Column[], picture: Child): Markup {
  if ('heading' in row) {
    const heading = el('th', { colspan: columns.length, scope: 'rowgroup' }, row.heading);
    return el('tr', { class: 'heading' }, heading, picture);
  }
  const cells = row.cells.map((cell, i) => cellElement(cell, columns[i] as Column, i === 0));
  return el('tr', { class: row.strong ? 'strong' : undefined }, ...cells, picture);
}

/** A table, with a picture of its rows in the last column where there is one. */
export function table(columns: readonly Column[], rows: readonly Row[], plot?: Plot): Markup {
  const heads = columns.map(({ title, align }) => el('th', { scope: 'col', class: align }, title));
  const plotHead =
    plot && el('th', { scope: 'col', class: 'plot' }, plot.title, rowAxis(plot.axis));
  const marks = rows.map((row) => ('marks' in row && row.marks ? row.marks : []));
  const picture =
    plot &&
    el('td', { rowspan: rows.length, class: 'plot' }, rowChart(plot.told, plot.axis, marks));
  const body = rows.map((row, i) => rowElement(row, columns, i === 0 ? picture : undefined));
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      { class: plot ? 'plotted' : undefined },
      el('thead', {}, el('tr', {}, ...heads, plotHead)),
      el('tbody', {}, ...body),
    ),
  );
}

/** Numbers of a picture that has no table of its own: folded away, read by whoever needs them. */
export function numbersOf(
  columns: readonly Column[],
  rows: readonly Row[],
  title = 'the numbers',
): Markup {
  return el('details', {}, el('summary', {}, title), table(columns, rows));
}

/** A picture with what is said under it. */
export function figure(caption: Child, ...content: readonly Child[]): Markup {
  return el('figure', {}, el('figcaption', {}, caption), fragment(...content));
}

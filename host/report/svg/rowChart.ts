import { el, type Markup } from '../html/markup.ts';
import { svg, type Told } from './figure.ts';
import type { Scale } from './scale.ts';

/*
 * Pictures that stand in a table beside its rows. Everything is in per cent of the width and of the
 * height, so a picture fits whatever the table leaves it, while dots and strokes keep their size.
 */

/** Places on the axis, in per cent of the width; the rest is room for marks and labels. */
export const ROW_RANGE = [8, 92] as const;

/** Height of a row, of the table's and of the picture's. */
const ROW_REM = 1.75;

export interface RowAxis {
  readonly scale: Scale;
  readonly ticks: readonly number[];
  readonly label: (value: number) => string;
  /** The value that says: no difference. */
  readonly origin?: number;
}

/** Something drawn in a row, given the height of the row's middle and a way to go off it. */
export type Mark = (place: RowPlace) => Markup;

export interface RowPlace {
  readonly x: (value: number) => string;
  /** Height in per cent, `offset` in rows from the row's middle. */
  readonly y: (offset?: number) => string;
}

function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}

export function dot(value: number, className: string, radius = 4.5): Mark {
  return ({ x, y }) => el('circle', { cx: x(value), cy: y(), r: radius, class: className });
}

/** A stroke from one value to another; `width` in px, `offset` in rows. */
export function bar(from: number, to: number, className: string, width = 10, offset = 0): Mark {
  return ({ x, y }) =>
    el('line', {
      x1: x(from),
      x2: x(to),
      y1: y(offset),
      y2: y(offset),
      class: `bar ${className}`,
      'stroke-width': width,
    });
}

/** An interval: a thin line with ends. */
export function interval(low: number, high: number, className: string, offset = 0): Mark {
  return ({ x, y }) => {
    const end = (value: number): Markup =>
      el('line', {
        x1: x(value),
        x2: x(value),
        y1: y(offset - 0.2),
        y2: y(offset + 0.2),
        class: className,
      });
    const line = { x1: x(low), x2: x(high), y1: y(offset), y2: y(offset), class: className };
    return el('g', {}, el('line', line), end(low), end(high));
  };
}

/** A band over the whole height of the row. */
export function band(low: number, high: number, className: string, height = 0.8): Mark {
  return ({ x, y }) => {
    const [left, right] = [Number.parseFloat(x(low)), Number.parseFloat(x(high))];
    const [top, bottom] = [-height / 2, height / 2].map((each) => Number.parseFloat(y(each)));
    return el('rect', {
      x: percent(left),
      width: percent(Math.max(0.2, right - left)),
      y: percent(top as number),
      height: percent((bottom as number) - (top as number)),
      class: className,
    });
  };
}

/** Rows of marks on one axis; a row without marks is a heading's. */
export function rowChart(told: Told, axis: RowAxis, rows: readonly (readonly Mark[])[]): Markup {
  const x = (value: number): string => percent(axis.scale(value));
  const lines = axis.ticks.map((tick) =>
    el('line', {
      x1: x(tick),
      x2: x(tick),
      y1: '0%',
      y2: '100%',
      class: tick === axis.origin ? 'origin' : 'grid',
    }),
  );
  const marks = rows.flatMap((row, i) =>
    row.map((mark) => {
      const y = (offset = 0): string => percent(((i + 0.5 + offset) / rows.length) * 100);
      return mark({ x, y });
    }),
  );
  const style = `height:${rows.length * ROW_REM}rem`;
  return svg(told, { class: 'rows', style }, ...lines, ...marks);
}

/** The axis' labels, to stand over a row chart in the table's head. */
export function rowAxis({ scale, ticks, label }: RowAxis): Markup {
  const texts = ticks.map((tick) =>
    el('text', { x: percent(scale(tick)), y: '72%', class: 'tick' }, label(tick)),
  );
  return el('svg', { class: 'axis', 'aria-hidden': 'true' }, ...texts);
}

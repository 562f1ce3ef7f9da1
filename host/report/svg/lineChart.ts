import { el, type Markup } from '../html/markup.ts';
import { coordinate, svg, type Told } from './figure.ts';
import type { Scale } from './scale.ts';

/* Small pictures of curves, drawn at one size: several of them fill a row of the page. */

const WIDTH = 360;
const HEIGHT = 236;
/** To the right is room for the curves' names. */
const MARGIN = { top: 20, right: 70, bottom: 40, left: 52 } as const;

export const X_RANGE = [MARGIN.left, WIDTH - MARGIN.right] as const;
export const Y_RANGE = [HEIGHT - MARGIN.bottom, MARGIN.top] as const;
/** Letters are about this wide and high, in the units of the picture. */
const LETTER = { width: 6.2, height: 13 } as const;

export interface LineAxis {
  readonly scale: Scale;
  readonly ticks: readonly number[];
  readonly label: (value: number) => string;
  readonly title: string;
}

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  /** `kernel-devmap` and the like: colour and dash. */
  readonly className: string;
  readonly points: readonly Point[];
  /** Points to mark with dots. */
  readonly dots?: readonly Point[];
}

/** A point worth a label. */
export interface Remark {
  readonly at: Point;
  readonly text: string;
}

export interface LineChart {
  readonly x: LineAxis;
  readonly y: LineAxis;
  readonly series: readonly Series[];
  readonly remarks?: readonly Remark[];
  /** Below this height the picture cannot tell: shaded. */
  readonly floor?: number;
}

function axes({ x, y }: LineChart): readonly Markup[] {
  const [left, right] = X_RANGE;
  const [bottom, top] = Y_RANGE;
  return [
    ...y.ticks.flatMap((tick) => {
      const at = coordinate(y.scale(tick));
      return [
        el('line', { x1: left, x2: right, y1: at, y2: at, class: 'grid' }),
        el('text', { x: left - 6, y: at + 4, class: 'tick end' }, y.label(tick)),
      ];
    }),
    ...x.ticks.flatMap((tick) => {
      const at = coordinate(x.scale(tick));
      return [
        el('line', { x1: at, x2: at, y1: bottom, y2: bottom + 4, class: 'grid' }),
        el('text', { x: at, y: bottom + 16, class: 'tick' }, x.label(tick)),
      ];
    }),
    el('line', { x1: left, x2: right, y1: bottom, y2: bottom, class: 'base' }),
    el('text', { x: (left + right) / 2, y: HEIGHT - 6, class: 'tick title' }, x.title),
    el('text', { x: left, y: top - 8, class: 'tick start title' }, y.title),
  ];
}

function curve({ x, y }: LineChart, { className, points, dots = [] }: Series): Markup {
  const place = ([px, py]: Point): string =>
    `${coordinate(x.scale(px))},${coordinate(y.scale(py))}`;
  return el(
    'g',
    { class: className },
    el('polyline', { points: points.map(place).join(' '), class: 'curve' }),
    dots.map(([px, py]) =>
      el('circle', {
        cx: coordinate(x.scale(px)),
        cy: coordinate(y.scale(py)),
        r: 2.6,
        class: 'point',
      }),
    ),
  );
}

/** Names right of the curves' ends, pushed apart where they would touch. */
function names({ y, series }: LineChart): readonly Markup[] {
  const ends = series
    .flatMap(({ name, className, points }) => {
      const last = points.at(-1);
      return last ? [{ name, className, y: y.scale(last[1]) + 4 }] : [];
    })
    .sort((a, b) => a.y - b.y);
  let free = Number.NEGATIVE_INFINITY;
  return ends.map(({ name, className, y: height }) => {
    free = Math.max(height, free + LETTER.height);
    const place = { x: X_RANGE[1] + 5, y: coordinate(free) };
    return el('text', { ...place, class: `series start ${className}` }, name);
  });
}

/** A marked point, its label on whichever side there is room. */
function remarkMark({ x, y }: LineChart, { at, text }: Remark): Markup {
  const [cx, cy] = [coordinate(x.scale(at[0])), coordinate(y.scale(at[1]))];
  const right = cx + 8 + text.length * LETTER.width <= X_RANGE[1];
  const place = right ? { x: cx + 8, class: 'remark start' } : { x: cx - 8, class: 'remark end' };
  return el(
    'g',
    {},
    el('line', { x1: cx, x2: cx, y1: cy, y2: Y_RANGE[0], class: 'drop' }),
    el('circle', { cx, cy, r: 4.5, class: 'crossing' }),
    el('text', { ...place, y: coordinate(Math.min(cy + 18, Y_RANGE[0] - 6)) }, text),
  );
}

export function lineChart(told: Told, chart: LineChart): Markup {
  const { floor, y } = chart;
  const [left, right] = X_RANGE;
  const shade =
    floor === undefined
      ? []
      : [
          el('rect', {
            x: left,
            width: right - left,
            y: coordinate(Math.max(Y_RANGE[1], y.scale(floor))),
            height: coordinate(Y_RANGE[0] - Math.max(Y_RANGE[1], y.scale(floor))),
            class: 'floor',
          }),
        ];
  return svg(
    told,
    { class: 'lines', viewBox: `0 0 ${WIDTH} ${HEIGHT}` },
    ...shade,
    ...axes(chart),
    ...chart.series.map((each) => curve(chart, each)),
    ...names(chart),
    ...(chart.remarks ?? []).map((each) => remarkMark(chart, each)),
  );
}

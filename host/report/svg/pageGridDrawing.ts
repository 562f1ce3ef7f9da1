import { el, type Markup } from '../html/markup.ts';
import { svg, type Told } from './figure.ts';

/** Cells in one line of a drawn grid, and a cell's edge with the gap beside it. */
const COLUMNS = 64;
const CELL = 9;
const GAP = 1;

/** Pages as small squares, row by row; `classes` gives each its colour. */
export function pageGridDrawing(told: Told, classes: readonly string[]): Markup {
  const rows = Math.ceil(classes.length / COLUMNS);
  const squares = classes.map((name, i) =>
    el('rect', {
      x: (i % COLUMNS) * CELL,
      y: Math.floor(i / COLUMNS) * CELL,
      width: CELL - GAP,
      height: CELL - GAP,
      class: name,
    }),
  );
  const viewBox = `0 0 ${COLUMNS * CELL - GAP} ${rows * CELL - GAP}`;
  return svg(told, { viewBox, class: 'grid-of-pages' }, ...squares);
}

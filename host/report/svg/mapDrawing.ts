import { el, type Markup } from '../html/markup.ts';
import { coordinate, svg, type Told } from './figure.ts';

/* How one mapped unit looks: the tables of its walk from the top down, then its struct pages. */

const MAP_WIDTH = 440;
const TABLE = { width: 26, height: 56, gap: 16 } as const;
const BOX = { head: 24, row: 18, foot: 8, gap: 18 } as const;
const TEXT_LEFT = 42;
const PAD = 12;
const ENTRIES = 512;

/** A word of a line, and whether it is unlike the other kernel's. */
export interface Word {
  readonly text: string;
  readonly differs?: boolean;
}

/** One table of the walk. */
export interface MapLevel {
  readonly name: string;
  readonly slot: number;
  readonly entry: Word;
  readonly flags: readonly Word[];
}

/** One struct page: a name and its fields. */
export interface MapBox {
  readonly title: string;
  readonly fields: readonly (readonly [name: string, value: Word])[];
}

function words(list: readonly Word[]): readonly Markup[] {
  return list.map(({ text, differs }, i) =>
    el('tspan', { class: differs ? 'differs' : undefined }, i === 0 ? text : ` ${text}`),
  );
}

function level({ name, slot, entry, flags }: MapLevel, top: number): Markup {
  const at = coordinate(top + 1 + (slot / ENTRIES) * (TABLE.height - 4));
  return el(
    'g',
    {},
    el('rect', { x: 1, y: top, width: TABLE.width, height: TABLE.height, class: 'table' }),
    el('rect', { x: 1, y: at, width: TABLE.width, height: 3, class: 'slot' }),
    el('text', { x: TEXT_LEFT, y: top + 12, class: 'level' }, name),
    el('text', { x: TEXT_LEFT, y: top + 31, class: 'mono' }, ...words([entry])),
    el('text', { x: TEXT_LEFT, y: top + 49, class: 'mono bits' }, ...words(flags)),
  );
}

function arrow(from: number, to: number): Markup {
  const x = 1 + TABLE.width / 2;
  return el(
    'g',
    { class: 'arrow' },
    el('line', { x1: x, x2: x, y1: from, y2: to - 2 }),
    el('polyline', { points: `${x - 4},${to - 6} ${x},${to - 1} ${x + 4},${to - 6}` }),
  );
}

function boxHeight({ fields }: MapBox): number {
  return BOX.head + fields.length * BOX.row + BOX.foot;
}

function box(drawn: MapBox, top: number): Markup {
  const { title, fields } = drawn;
  const size = { width: MAP_WIDTH - 2, height: boxHeight(drawn) };
  const rows = fields.map(([name, value], i) => {
    const y = top + BOX.head + (i + 1) * BOX.row - 4;
    return [
      el('text', { x: PAD, y, class: 'mono field' }, name),
      el('text', { x: MAP_WIDTH - PAD, y, class: 'mono end' }, ...words([value])),
    ];
  });
  return el(
    'g',
    {},
    el('rect', { x: 1, y: top, ...size, rx: 3, class: 'page' }),
    el('text', { x: PAD, y: top + 17, class: 'level' }, title),
    ...rows.flat(),
  );
}

export function mapDrawing(
  told: Told,
  levels: readonly MapLevel[],
  boxes: readonly MapBox[],
): Markup {
  const drawn: Markup[] = [];
  let top = 2;
  for (const each of levels) {
    if (drawn.length > 0) drawn.push(arrow(top - TABLE.gap, top));
    drawn.push(level(each, top));
    top += TABLE.height + TABLE.gap;
  }
  boxes.forEach((each, i) => {
    if (i === 0) drawn.push(arrow(top - TABLE.gap, top));
    drawn.push(box(each, top));
    top += boxHeight(each) + (i < boxes.length - 1 ? BOX.gap - 8 : 2);
  });
  return svg(told, { class: 'map', viewBox: `0 0 ${MAP_WIDTH} ${top}` }, ...drawn);
}

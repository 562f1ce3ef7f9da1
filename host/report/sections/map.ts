import { KERNELS } from '../../kernel.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, numbersOf, type Row } from '../html/table.ts';
import { formatNumber } from '../numbers.ts';
import type { Placed, Report } from '../report.ts';
import type { StructPageResult, WalkResult } from '../schema/walk.ts';
import type { Section } from '../section.ts';
import { type MapBox, type MapLevel, mapDrawing, type Word } from '../svg/mapDrawing.ts';

type Field = readonly [name: string, value: string];

function mappings(raw: number): string {
  const count = raw + 1;
  return `${raw} (${count} ${count === 1 ? 'mapping' : 'mappings'})`;
}

function pageFields(page: StructPageResult): readonly Field[] {
  const { refcount, mapcount, flagNames, mapping, index } = page;
  return [
    ['_refcount', String(refcount)],
    ['_mapcount', mappings(mapcount)],
    ['flags', flagNames.join(' ') || 'none'],
    ['mapping', mapping ? `set, index ${index}` : 'none'],
  ];
}

function folioFields({ folio }: StructPageResult): readonly Field[] {
  if (!folio) return [];
  return [
    ['_entire_mapcount', mappings(folio.entireMapcount)],
    ['_large_mapcount', mappings(folio.largeMapcount)],
    ['_nr_pages_mapped', `0x${folio.nrPagesMapped.toString(16)}`],
    ['_pincount', String(folio.pincount)],
    ['_nr_pages', String(folio.nrPages)],
  ];
}

interface Box {
  readonly title: string;
  readonly fields: readonly Field[];
}

function boxesOf({ page, tail }: WalkResult): readonly Box[] {
  if (!page) return [];
  const role = page.order === 0 ? 'a folio of its own' : page.tail ? 'a tail' : 'the head';
  const counters = {
    title: `struct page ${page.head + 1}: the folio's counters`,
    fields: folioFields(page),
  };
  const tailFields = tail ? pageFields(tail).slice(0, 2) : [];
  return [
    { title: `struct page ${page.page}: ${role}`, fields: pageFields(page) },
    ...(page.folio ? [counters] : []),
    ...(tail ? [{ title: `struct page ${tail.page}: a tail`, fields: tailFields }] : []),
  ];
}

/** Marks what another kernel's walk of the same unit has otherwise. */
function boxMarked(box: Box, others: readonly Box[] | undefined, i: number): MapBox {
  const fields = box.fields.map(([name, text], j): readonly [string, Word] => {
    const other = others?.[i]?.fields[j]?.[1];
    return [name, { text, differs: other !== undefined && other !== text }];
  });
  return { title: box.title, fields };
}

function levelsOf({ steps }: WalkResult, other: WalkResult | undefined): readonly MapLevel[] {
  return steps.map(({ level, table, slot, entry, kind, flags }, i) => {
    const there = other?.steps[i];
    const end = kind === 'leaf' ? ', leaf' : kind === 'none' ? ', empty' : '';
    return {
      name: `${level.toUpperCase()} at 0x${table.toString(16)}, entry ${slot}${end}`,
      slot,
      entry: {
        text: entry,
        differs: kind === 'leaf' && there !== undefined && there.entry !== entry,
      },
      flags: flags.map((text) => ({
        text,
        differs: there !== undefined && !there.flags.includes(text),
      })),
    };
  });
}

const COLUMNS: readonly Column[] = [
  { title: 'what', align: 'left' },
  { title: 'value', align: 'right' },
];

function numberRows({ value: { steps, page, tail }, at }: Placed<WalkResult>): readonly Row[] {
  const walked = steps.map(
    ({ level, slot, entry, flags }): Row => ({
      cells: [`${level.toUpperCase()} entry ${slot}`, `${entry} ${flags.join(' ')}`],
    }),
  );
  const number = (name: string, value: number | undefined, path: string): Row => ({
    cells: [name, numberCell(value, formatNumber, `${at}/${path}`)],
  });
  if (!page) return walked;
  const { folio } = page;
  return [
    ...walked,
    number('_refcount', page.refcount, 'page/refcount'),
    number('_mapcount', page.mapcount, 'page/mapcount'),
    number("_refcount of the folio's head", page.headRefcount, 'page/headRefcount'),
    ...(folio
      ? [
          number('_entire_mapcount', folio.entireMapcount, 'page/folio/entireMapcount'),
          number('_large_mapcount', folio.largeMapcount, 'page/folio/largeMapcount'),
          number('_nr_pages_mapped', folio.nrPagesMapped, 'page/folio/nrPagesMapped'),
          number('_pincount', folio.pincount, 'page/folio/pincount'),
        ]
      : []),
    ...(tail ? [number('_refcount of a tail', tail.refcount, 'tail/refcount')] : []),
  ];
}

function drawing(walk: Placed<WalkResult>, walks: Report['walks'], index: number): Markup {
  const { kernel, device, address } = walk.value;
  const alike = (each: WalkResult): boolean =>
    each.device.align === device.align && each.address === address && each.kernel !== kernel;
  const other = walks.find((each) => alike(each.value))?.value;
  const others = other && boxesOf(other);
  const told = {
    id: `map-${index + 1}`,
    title: `A mapped ${device.align} unit on ${KERNELS[kernel].title}`,
    description: `The page-table walk of ${address} from the top table to the leaf, each entry with its value and decoded bits, and the struct pages behind it with their counters. What the other kernel has otherwise is set in bold.`,
  };
  return figure(
    fragment(
      el('strong', {}, `${device.align} unit, ${KERNELS[kernel].title}`),
      el('br', {}),
      `address ${address}`,
    ),
    mapDrawing(
      told,
      levelsOf(walk.value, other),
      boxesOf(walk.value).map((box, i) => boxMarked(box, others, i)),
    ),
    numbersOf(COLUMNS, numberRows(walk)),
  );
}

function html({ walks }: Report): Markup | undefined {
  if (walks.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'One unit, mapped and written to, as the emulated machine holds it: the tables of the walk (the coloured line is the entry), the decoded bits of each entry, the struct pages behind the leaf. Bold: not so on the other kernel.',
    ),
    el('div', { class: 'pair' }, ...walks.map((walk, i) => drawing(walk, walks, i))),
  );
}

export const mapSection: Section = {
  id: 'map',
  title: 'What a mapped unit looks like',
  html,
};

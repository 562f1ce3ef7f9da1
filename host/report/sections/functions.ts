import { COMPARED, type ComparedKernel, KERNELS } from '../../kernel.ts';
import { MEANINGS } from '../explain.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, numbersOf, type Row, table } from '../html/table.ts';
import { markdownTable } from '../markdown.ts';
import { formatNumber, formatRatio, NONE, signed } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ExplanationResult } from '../schema/explain.ts';
import type { Section } from '../section.ts';
import { bar, type Mark, ROW_RANGE } from '../svg/rowChart.ts';
import { linearScale, linearTicks } from '../svg/scale.ts';

type Pair = { readonly devmap?: number | undefined; readonly refcount?: number | undefined };

const COLUMNS = (first: string): readonly Column[] => [
  { title: first, align: 'left' },
  ...COMPARED.map((kernel): Column => ({ title: KERNELS[kernel].release, align: 'right' })),
  { title: 'change', align: 'right' },
];

function change({ devmap, refcount }: Pair): string {
  return devmap === undefined || refcount === undefined ? NONE : signed(refcount - devmap);
}

/** One bar a kernel, the older above. */
function bars(pair: Pair): readonly Mark[] {
  return COMPARED.flatMap((kernel, i) => {
    const value = pair[kernel];
    return value ? [bar(0, value, `kernel-${kernel}`, 7, i * 0.32 - 0.16)] : [];
  });
}

function pairRow(name: string, pair: Pair, at: string): Row {
  return {
    cells: [
      name,
      ...COMPARED.map((kernel) => numberCell(pair[kernel], formatNumber, `${at}/${kernel}`)),
      change(pair),
    ],
    marks: bars(pair),
  };
}

function functionRows({ value, at }: Placed<ExplanationResult>): readonly Row[] {
  return eachPlaced(value.families, `${at}/families`).flatMap(({ value: family, at: from }) => [
    { heading: family.family },
    ...eachPlaced(family.functions, `${from}/functions`).map((each) =>
      pairRow(each.value.name, each.value.instructions, `${each.at}/instructions`),
    ),
  ]);
}

function split({ value, at }: Placed<ExplanationResult>, index: number): Markup {
  const { op, align, families, user, rest, total, ratio } = value;
  const rows: readonly Row[] = [
    ...eachPlaced(families, `${at}/families`).map((family) =>
      pairRow(family.value.family, family.value.instructions, `${family.at}/instructions`),
    ),
    ...(user.devmap + user.refcount > 0 ? [pairRow('the program itself', user, `${at}/user`)] : []),
    pairRow('smaller functions', rest, `${at}/rest`),
  ];
  const pairs = [...families.map(({ instructions }) => instructions), user, rest];
  const most = Math.max(...pairs.flatMap(({ devmap, refcount }) => [devmap ?? 0, refcount ?? 0]));
  const domain = [0, most] as const;
  const name = `${MEANINGS[op] ?? op}, ${align} units`;
  const told = {
    id: `functions-${index + 1}`,
    title: `Recorded instructions by kernel function: ${name}`,
    description:
      'Two bars a family of functions, 6.12 above 7.3, in instructions. The table beside them has the numbers.',
  };
  const axis = {
    scale: linearScale(domain, ROW_RANGE),
    ticks: linearTicks(domain, 3),
    label: formatNumber,
  };
  const totals = `${formatNumber(total.devmap)} → ${formatNumber(total.refcount)} instructions, ${formatRatio(ratio)}`;
  return figure(
    fragment(el('strong', {}, name), el('br', {}), totals),
    table(COLUMNS('family'), rows, { told, axis, title: 'instructions' }),
    numbersOf(COLUMNS('function'), functionRows({ value, at }), 'function by function'),
  );
}

function html({ explanations }: Report): Markup | undefined {
  if (explanations.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'The same instructions by kernel function, in families. Only the fourteen largest functions of each kernel were recorded: a dash is not among them (it may be there, be inlined or have another name), so a family compares only as far as its functions are listed on both sides.',
    ),
    el('p', { class: 'legend' }, ...COMPARED.map(key)),
    el('div', { class: 'pair' }, ...explanations.map(split)),
  );
}

/** A kernel's colour and name. */
function key(kernel: ComparedKernel): Markup {
  return el('span', { class: `key kernel-${kernel}` }, KERNELS[kernel].title);
}

/** A letter has room for one operation, not for all of them. */
const LETTER_MAX = 2;

function markdown({ explanations }: Report): string | undefined {
  if (explanations.length === 0 || explanations.length > LETTER_MAX) return undefined;
  return explanations
    .map(({ value: { op, align, families, rest, total } }) => {
      const row = (name: string, pair: Pair): readonly string[] => [
        name,
        ...COMPARED.map((kernel) => formatNumber(pair[kernel])),
        change(pair),
      ];
      const rows = [
        ...families.map(({ family, instructions }) => row(family, instructions)),
        row('smaller functions', rest),
        row('total', total),
      ];
      return `${MEANINGS[op] ?? op}, ${align} units\n\n${markdownTable(COLUMNS('family'), rows)}`;
    })
    .join('\n\n');
}

export const functionsSection: Section = {
  id: 'functions',
  title: 'Where the instructions go',
  kind: 'recorded',
  html,
  markdown,
};

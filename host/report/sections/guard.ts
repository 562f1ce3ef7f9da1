import { DAMAGES, type Damage } from '../../hazard/guard.ts';
import { pageGrid } from '../../hazard/picture.ts';
import { KERNELS } from '../../kernel.ts';
import { formatCount } from '../../units.ts';
import { MEANINGS, sayDamage, sayPages } from '../guard.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, numbersOf, type Row } from '../html/table.ts';
import { formatNumber } from '../numbers.ts';
import type { Placed, Report } from '../report.ts';
import type { GuardResult, GuardRunResult } from '../schema/guard.ts';
import type { Section } from '../section.ts';
import { pageGridDrawing } from '../svg/pageGridDrawing.ts';

const COLUMNS: readonly Column[] = [
  { title: 'struct pages', align: 'left' },
  { title: 'references at the end, less those when bound', align: 'right' },
  { title: 'what is wrong', align: 'left' },
];

function verb({ grab }: GuardRunResult): string {
  return grab === 'pin' ? 'pinned and unpinned' : 'got and put';
}

function rows({ value: { ranges }, at }: Placed<GuardRunResult>): readonly Row[] {
  return ranges.map((range, i) => ({
    cells: [
      sayPages(range),
      numberCell(range.refcountDelta, formatNumber, `${at}/ranges/${i}/refcountDelta`),
      sayDamage(range),
    ],
  }));
}

/** What the run's colours mean: of those that are in it. */
function legend(damages: ReadonlySet<Damage>): Markup {
  const keys = DAMAGES.filter((damage) => damages.has(damage)).map((damage) =>
    el('span', { class: `key damage-${damage}` }, MEANINGS[damage]),
  );
  return el('p', { class: 'legend' }, ...keys);
}

function drawing(
  { align, firstPage, pages, unitPages }: GuardResult,
  run: Placed<GuardRunResult>,
  id: string,
): Markup {
  const { cells, pagesPerCell } = pageGrid(run.value.ranges, unitPages);
  const { title } = KERNELS[run.value.kernel];
  const guard = run.value.kernel === 'devmap' ? '' : ', guard taken out';
  const each =
    pagesPerCell > 1 ? `one square for ${formatCount(pagesPerCell)} pages` : 'one square a page';
  const told = {
    id,
    title: `Struct pages of a ${align} leaf on ${title}${guard}`,
    description: `${formatCount(unitPages)} pages, ${each}, coloured by what is wrong with each after pages ${firstPage} to ${firstPage + pages - 1} were ${verb(run.value)} and the leaf was unmapped.`,
  };
  return figure(
    fragment(
      el('strong', {}, `${title}${guard}`),
      el('br', {}),
      `pages ${firstPage}..${firstPage + pages - 1} ${verb(run.value)}; ${each}`,
    ),
    fragment(
      pageGridDrawing(
        told,
        cells.map((damage) => `damage-${damage}`),
      ),
      legend(new Set(cells)),
    ),
    numbersOf(COLUMNS, rows(run)),
  );
}

function guardHtml({ value, at }: Placed<GuardResult>, index: number): Markup {
  const { align, refusal, runs } = value;
  return fragment(
    el(
      'p',
      {},
      `A ${align} leaf over struct pages that nobody made a compound page of. ${KERNELS[refusal.kernel].title} refuses it: the first touch ends in ${refusal.signal}, with one WARN, and no counter moved. With the guard compiled out, this is what it prevents; the devmap kernel never looks, and counts page by page.`,
    ),
    ...runs.map((run, i) =>
      drawing(value, { value: run, at: `${at}/runs/${i}` }, `guard-${index + 1}-${i + 1}`),
    ),
  );
}

function html({ guards }: Report): Markup | undefined {
  return guards.length === 0 ? undefined : fragment(...guards.map(guardHtml));
}

export const guardSection: Section = {
  id: 'guard',
  title: 'What the order guard prevents',
  kind: 'counted',
  html,
};

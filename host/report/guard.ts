import {
  DAMAGES,
  type Damage,
  type DamagedRange,
  GUARD_STEPS,
  type GuardReport,
  type GuardRun,
  type Refusal,
} from '../hazard/guard.ts';
import { OWN, type PageHistory } from '../hazard/history.ts';
import { pageGrid } from '../hazard/picture.ts';
import { KERNELS } from '../kernel.ts';
import { formatCount } from '../units.ts';
import { type Column, formatTable } from './table.ts';

/** A warning as the kernel's log would have it, or what the emulator says in its place. */
export const WARNING_WORDS: Readonly<Record<string, string>> = {
  order: 'WARN_ON_ONCE in vmf_insert_folio_pmd or _pud: folio_order is not the leaf’s',
  negativeCount: 'WARN_ON_ONCE in try_get_folio: a count below 0',
  countNotPositive: 'WARN_ON_ONCE in try_grab_folio: a count that is not above 0',
  unalignedOffset:
    'no WARN, no error: the emulator’s own trap, a huge leaf at an unaligned file offset',
};

/** `page 1`, `pages 2..511`. */
export function sayPages({ first, last }: Omit<PageHistory, 'fields'>): string {
  return first === last ? `page ${first}` : `pages ${first}..${last}`;
}

const SIGNS: Readonly<Record<Damage, string>> = {
  overwritten: '#',
  underflow: '-',
  leaked: '+',
  repaired: 'r',
  none: '.',
};

export const MEANINGS: Readonly<Record<Damage, string>> = {
  overwritten: 'fields overwritten by a folio’s counters',
  underflow: 'references put that were never taken: the count is below what it was',
  leaked: 'references taken that are never put',
  repaired: 'count put to 0, silently set back to 1',
  none: 'as it should be',
};

const CELLS_PER_LINE = 64;

/** The leaf's pages, a character each or a character for equally many. */
function picture(run: GuardRun, unitPages: number): readonly string[] {
  const { cells, pagesPerCell } = pageGrid(run.ranges, unitPages);
  if (cells.every((damage) => damage === 'none')) return ['  every page is as it should be'];
  const width = String(unitPages).length;
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += CELLS_PER_LINE) {
    const signs = cells.slice(at, at + CELLS_PER_LINE).map((damage) => SIGNS[damage]);
    lines.push(`  ${String(at * pagesPerCell).padStart(width)} ${signs.join('')}`);
  }
  const legend = DAMAGES.filter((damage) => cells.includes(damage)).map(
    (damage) => `  ${SIGNS[damage]} ${MEANINGS[damage]}`,
  );
  const scale = pagesPerCell > 1 ? [`  one sign for ${formatCount(pagesPerCell)} pages`] : [];
  return [...lines, ...scale, ...legend];
}

/** What is wrong with a range, in words. */
export function sayDamage({
  damage,
  refcountDelta,
  zeroPuts,
  overwrittenAs,
}: Omit<DamagedRange, 'fields'>): string {
  const parts: string[] = [];
  if (overwrittenAs.length > 0) parts.push(`overwritten as ${overwrittenAs.join(', ')}`);
  if (refcountDelta > 0) parts.push(`${formatCount(refcountDelta)} references leaked`);
  if (refcountDelta < 0) parts.push(`${formatCount(-refcountDelta)} references too few`);
  if (zeroPuts > 0) parts.push('1 → 0 → 1: repaired');
  return damage === 'none' ? 'nothing' : parts.join('; ');
}

function valueText(value: string): string {
  return value === OWN ? 'its own' : value;
}

/** Rows of one range: a field each, of those that changed after dax_set_mapping, flags apart. */
function rangeRows(range: DamagedRange): readonly (readonly string[])[] {
  const told = range.fields.filter(
    ({ field, values }) => field !== 'flags' && new Set(values.slice(1)).size > 1,
  );
  const head = [sayPages(range), sayDamage(range)];
  if (told.length === 0)
    return [[head[0] as string, '', ...GUARD_STEPS.map(() => ''), sayDamage(range)]];
  return told.map(({ field, values }, i) => [
    i === 0 ? (head[0] as string) : '',
    field,
    ...values.map(valueText),
    i === 0 ? (head[1] as string) : '',
  ]);
}

function runTitle({ kernel, grab }: GuardRun, { firstPage, pages }: GuardReport): string {
  const guard = kernel === 'devmap' ? 'which has no guard and needs none' : 'without the guard';
  const what = grab === 'pin' ? 'pinned and unpinned' : 'got and put';
  return `${KERNELS[kernel].title}, ${guard}: mapped, pages ${firstPage}..${firstPage + pages - 1} ${what}, unmapped`;
}

function againLine({ grab, again }: GuardRun): string {
  const verb = grab === 'pin' ? 'pinning' : 'getting';
  const result = again.grabbed ? 'works' : 'is refused (-ENOMEM)';
  const said = again.warnings.map((name) => WARNING_WORDS[name] ?? name);
  return `  afterwards ${verb} page ${again.page} once more ${result}${said.length ? `; ${said.join('; ')}` : ''}`;
}

function formatRun(run: GuardRun, report: GuardReport): string {
  const left = (title: string): Column => ({ title, align: 'left' });
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns = [
    left('struct pages'),
    left('field'),
    ...GUARD_STEPS.map(right),
    left('at the end'),
  ];
  return [
    runTitle(run, report),
    `  leaf ${run.leaf}, ${formatCount(run.grabbed)} pages from one call`,
    formatTable(columns, run.ranges.flatMap(rangeRows)).replace(/^/gm, '  '),
    againLine(run),
    ...picture(run, report.unitPages),
  ].join('\n');
}

function formatRefusal({ kernel, signal, warnings, leaf, filePages, ranges }: Refusal): string {
  const changed = ranges.map((range) => {
    const fields = range.fields.map(
      ({ field, values: [before = '', after = ''] }) =>
        `${field} ${before} → ${after === OWN ? 'its own number' : after}`,
    );
    return `  ${sayPages(range)}: ${fields.join(', ')} (dax_set_mapping comes before the guard)`;
  });
  return [
    `${KERNELS[kernel].title}, with the guard, as it is: the first touch ends in ${signal}`,
    ...warnings.map((name) => `  ${WARNING_WORDS[name] ?? name}`),
    `  ${leaf ? 'a leaf was put in' : 'no leaf'}, ${formatCount(filePages)} pages charged, no counter moved; of the struct pages there changed`,
    ...(changed.length ? changed : ['  nothing']),
  ].join('\n');
}

/** What the order guard refuses, and what it prevents, page by page. */
export function formatGuard(report: GuardReport): string {
  const { align, unitPages, refusal, runs } = report;
  return [
    `${align} leaves on a device whose ${formatCount(unitPages)} struct pages a leaf are order-0 folios: nobody set vmemmap_shift`,
    formatRefusal(refusal),
    ...runs.map((run) => formatRun(run, report)),
    'Every value is read from the emulated struct pages before and after, byte for byte; flags, which differ as on any\ndevice, are left out. No driver binds such a device: dev_dax_probe sets vmemmap_shift for every unit above 4K, and the guard is in every refcounted kernel.',
  ].join('\n\n');
}

import type { Errors, FamilyErrors } from '../cost/crossValidation.ts';
import { type Model, RECORDED_RELEASES, type Release } from '../cost/model.ts';
import { PARAMETERS } from '../cost/parameters.ts';
import type { PredictedRow, RatioRow, UnpricedRow, Validation } from '../cost/validation.ts';
import { formatNumber, formatRatio, NONE } from './numbers.ts';
import { type Column, formatTable } from './table.ts';

/** A ratio further off than this is listed; a row further off than this is marked. */
const RATIO_LIMIT = 0.1;
const ROW_LIMIT = 0.05;
const ROW_LIMIT_HARD = 0.15;

function left(title: string): Column {
  return { title, align: 'left' };
}

function right(title: string, group?: string): Column {
  return { title, align: 'right', ...(group === undefined ? {} : { group }) };
}

/** `+0.7 %`. */
function formatError(error: number): string {
  const text = (100 * error).toFixed(1);
  return `${error >= 0 && !text.startsWith('-') ? '+' : ''}${text} %`;
}

function formatShare(share: number | undefined): string {
  return share === undefined || Number.isNaN(share) ? NONE : `${(100 * share).toFixed(1)} %`;
}

/** `0.9 / 7.0`: median and largest, in per cent. */
function medianMax(errors: Errors | undefined): string {
  if (!errors) return NONE;
  const digits = (value: number): string => (100 * value).toFixed(value >= 9.995 ? 0 : 1);
  return `${digits(errors.median)} / ${digits(errors.max)}`;
}

function remark({ error, standing }: PredictedRow): string {
  const size = Math.abs(error);
  const far = size > ROW_LIMIT_HARD ? '!!' : size > ROW_LIMIT ? '!' : '';
  return [far, standing === 'fitted' ? '' : standing].filter((part) => part !== '').join(' ');
}

function rowTable(release: Release, rows: readonly PredictedRow[]): string {
  const columns = [
    left('unit size'),
    left('operation'),
    left('per'),
    right('observed'),
    right('predicted'),
    right('error'),
    left(''),
  ];
  const cells = rows.map((row) => [
    row.align,
    row.op,
    row.unit,
    formatNumber(row.observed),
    formatNumber(row.predicted),
    formatError(row.error),
    remark(row),
  ]);
  return `Linux ${release}: instructions, observed and predicted\n\n${formatTable(columns, cells)}`;
}

/** Rows without a prediction, those of one reason together. */
function unpricedText(rows: readonly UnpricedRow[]): string {
  const byReason = new Map<string, { releases: Set<string>; ops: Set<string> }>();
  for (const { release, op, reason } of rows) {
    const entry = byReason.get(reason) ?? { releases: new Set(), ops: new Set() };
    entry.releases.add(release);
    entry.ops.add(op);
    byReason.set(reason, entry);
  }
  const lines = [...byReason].map(([reason, { releases, ops }]) => {
    const names = [...ops];
    const shown = names.length > 6 ? [...names.slice(0, 4), `and ${names.length - 4} more`] : names;
    return `  ${reason}\n    ${shown.join(', ')} (${[...releases].join(', ')})`;
  });
  return ['Recorded, but not predicted', ...lines].join('\n');
}

/** What an event costs in every release: the whole model. */
function formatPrices(models: readonly Model[]): string {
  const columns = [
    left('parameter'),
    ...models.map(({ release }) => right(release)),
    left('one of these is'),
  ];
  const rows = PARAMETERS.map(({ name, meaning }, i) => [
    name,
    ...models.map(({ prices }) => formatNumber(prices[i])),
    meaning,
  ]);
  return [
    'Instructions per event, fitted by non-negative least squares of relative errors',
    '',
    formatTable(columns, rows),
    '',
    `${NONE} no recording of that release has the event. 6.16 and 6.18 have no GUP recordings and few rows at`,
    'all: their total is sound, how it is shared out among parameters is not. mprotect was not recorded',
    'on device-DAX: pteProtect is fitted to the memfd rows, hugeProtect is that plus what a PMD takes',
    'more to clear than a PTE on a devmap kernel: a guess.',
  ].join('\n');
}

const FAMILY_NOTE = [
  'Left out: predicted by a fit that has not seen the operation (at any unit size), or none of its family.',
  "The second is the harder test: an event that one family alone has then costs nothing, so a program's",
  'access, the exception entry of a fault or the longterm check cannot be had from other families.',
].join('\n');

function formatFamilies(release: Release, families: readonly FamilyErrors[]): string {
  const columns = [
    left('family'),
    right('rows'),
    right('fitted'),
    right('operation left out'),
    right('family left out'),
    right('same as memfd'),
  ];
  const rows = families.map((each) => [
    each.family,
    String(each.fitted?.rows ?? 0),
    medianMax(each.fitted),
    medianMax(each.withoutOperation),
    medianMax(each.withoutFamily),
    medianMax(each.baseline),
  ]);
  return `Linux ${release}: errors by family, median / largest in %\n\n${formatTable(columns, rows)}`;
}

function stepTable({ steps }: Validation): string {
  const columns = [
    left('unit size'),
    left('operation'),
    right('observed', '6.12 → 6.16'),
    right('predicted', '6.12 → 6.16'),
    right('observed', '6.16 → 7.3'),
    right('predicted', '6.16 → 7.3'),
  ];
  const rows = steps.map((row) => [
    row.align,
    row.op,
    formatRatio(row.toRefcount),
    formatRatio(row.predictedToRefcount),
    formatRatio(row.since),
    formatRatio(row.predictedSince),
  ]);
  return [
    'The step to references (6.12 → 6.16) apart from what came later (6.16 → 7.3); memfd is the control',
    '',
    formatTable(columns, rows),
  ].join('\n');
}

function ratioText({ ratios, summary }: Validation): string {
  if (ratios.length === 0) return 'No operation is there on both 6.12 and 7.3: no ratio.';
  const far = ratios.filter(({ error }) => Math.abs(error) > RATIO_LIMIT);
  const line = ({ align, op, observed, predicted, error }: RatioRow): string =>
    `  ${align} ${op}: ${formatRatio(observed)} observed, ${formatRatio(predicted)} predicted, ${formatError(error)}`;
  const within = formatShare(summary.ratiosWithin10);
  const head = `Ratios 7.3 ÷ 6.12: ${ratios.length}, median error ${formatShare(summary.ratios?.median)}, largest ${formatShare(summary.ratios?.max)}, within 10 %: ${within}`;
  return [head, ...far.map(line)].join('\n');
}

function errorLine(name: string, errors: Errors | undefined): readonly string[] {
  if (!errors) return [];
  const { rows, median, max, within5, within15 } = errors;
  return [
    `${name}: ${rows}, median error ${formatShare(median)}, largest ${formatShare(max)}, within 5 %: ${formatShare(within5)}, within 15 %: ${formatShare(within15)}`,
  ];
}

function summaryText(validation: Validation): string {
  const { rows, summary } = validation;
  const far = rows
    .filter(({ error }) => Math.abs(error) > ROW_LIMIT)
    .sort((a, b) => Math.abs(b.error) - Math.abs(a.error))
    .slice(0, 8)
    .map((row) => `  ${row.release} ${row.align} ${row.op}: ${formatError(row.error)}`);
  return [
    ...errorLine('Predicted rows', summary.all),
    ...errorLine('  unseen by the fit', summary.unseen),
    ...errorLine('  extrapolated', summary.extrapolated),
    ratioText(validation),
    ...(far.length > 0 ? ['Furthest off:', ...far] : []),
  ].join('\n');
}

export interface ValidateReport {
  readonly validation: Validation;
  readonly models: readonly Model[];
  readonly families: readonly (readonly [Release, readonly FamilyErrors[]])[];
}

/** Every row, then the model, how it does on rows it has not seen, the steps, and the summary. */
export function formatValidation({ validation, models, families }: ValidateReport): string {
  const tables = RECORDED_RELEASES.flatMap((release) => {
    const rows = validation.rows.filter((row) => row.release === release);
    return rows.length > 0 ? [rowTable(release, rows)] : [];
  });
  return [
    ...tables,
    ...(validation.unpriced.length > 0 ? [unpricedText(validation.unpriced)] : []),
    formatPrices(models),
    ...families.map(([release, each]) => formatFamilies(release, each)),
    FAMILY_NOTE,
    ...(validation.steps.length > 0 ? [stepTable(validation)] : []),
    summaryText(validation),
  ].join('\n\n');
}

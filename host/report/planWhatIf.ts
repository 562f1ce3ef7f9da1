import type { Change, Figure, Side, WhatIf } from '../plan/whatIf.ts';
import { formatBytes, formatCount } from '../units.ts';
import { formatNumber, formatRatio, NONE } from './numbers.ts';
import { sayHost } from './plan.ts';
import { formatSeconds, markOf, sayRate } from './planNumbers.ts';
import { formatTable } from './table.ts';
import { wrap } from './wrap.ts';

/** Times and counts that differ by less are shown as the same. */
const SAME_SHARE = 0.005;

function cell(figure: Figure | undefined, unit: Change['unit']): string {
  if (!figure) return NONE;
  const { value, basis } = figure;
  const text =
    unit === 'bytes' && value > 0
      ? formatBytes(value)
      : unit === 'seconds'
        ? formatSeconds(value)
        : formatCount(value);
  return `${markOf(basis)}${text}`;
}

function difference({ before, after, unit, id }: Change): string {
  if (!before || !after) return id === 'mappings' && !before && after ? 'now counted' : NONE;
  if (before.value === after.value) return 'same';
  if (unit === 'bytes') {
    const more = after.value - before.value;
    return `${more > 0 ? '+' : '−'}${formatBytes(Math.abs(more))}`;
  }
  const ratio = after.value / before.value;
  if (Math.abs(ratio - 1) < SAME_SHARE) return 'same';
  return ratio < 0.1 ? `÷ ${formatNumber(1 / ratio)}` : formatRatio(ratio);
}

function sideName({ release, align, map, rate }: Side): string {
  return `Linux ${release}, ${align} units, map=${map}, ${sayRate(rate)} instructions a second`;
}

const COLUMNS = (['', 'before', 'after', 'change'] as const).map((title) => ({
  title,
  align: title === '' ? ('left' as const) : ('right' as const),
}));

/** One comparison: a row a quantity that differs, then the names of those that do not. */
function formatWhatIf({ before, after, changes }: WhatIf): string {
  const known = changes.filter((change) => change.before ?? change.after);
  const differ = known.filter((change) => difference(change) !== 'same');
  const same = known.filter((change) => !differ.includes(change));
  const rows = differ.map((change) => [
    change.title,
    cell(change.before, change.unit),
    cell(change.after, change.unit),
    difference(change),
  ]);
  const kept = same.map(({ title, before: figure, unit }) => `${title} ${cell(figure, unit)}`);
  return [
    `before: ${sideName(before)}`,
    `after:  ${sideName(after)}`,
    ...(rows.length > 0 ? [formatTable(COLUMNS, rows)] : ['nothing changes']),
    ...(kept.length > 0
      ? [wrap(`the same, times and counts to half a percent: ${kept.join('; ')}`)]
      : []),
  ].join('\n');
}

const NOTES = [
  'Bytes and counts are arithmetic. Times are instructions of one process over all it maps: unmarked',
  'recorded, ~ predicted, ? extrapolated from other unit sizes. A change between two kernels includes',
  'everything else that changed between them (daxstorm compare has the control).',
].join('\n');

/** Several comparisons of one question. */
export function formatWhatIfs(all: readonly WhatIf[]): string {
  const [first] = all;
  if (!first) return '';
  const { before, after } = first;
  const arch = (side: Side): string => side.host.arch ?? 'x86-64';
  const same = JSON.stringify(before.host) === JSON.stringify(after.host);
  const head = same
    ? [sayHost(before.host, arch(before))]
    : [
        sayHost(before.host, arch(before), 'before: '),
        sayHost(after.host, arch(after), 'after:  '),
      ];
  return [...head, '', all.map(formatWhatIf).join('\n\n'), '', NOTES].join('\n');
}

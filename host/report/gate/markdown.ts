import type { GateRow } from '../../gate/confirm.ts';
import type { GateResult, TimeLayer } from '../../gate/gate.ts';
import { formatCount } from '../../units.ts';
import { formatP, formatPercent } from '../numbers.ts';
import { eventSource } from './events.ts';
import {
  geomean,
  groupMoves,
  resolutionWarning,
  sayDelta,
  sayResult,
  sayShare,
  sayTime,
  sayVerdict,
} from './words.ts';

/** Rows a comment shows at most; the rest is counted. */
const ROWS_MAX = 50;

function escapeCell(text: string): string {
  return text.replace(/[|\\`*_<>]/g, (mark) => (mark === '<' ? '&lt;' : `\\${mark}`));
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const shown = rows.slice(0, ROWS_MAX).map((cells) => line(cells.map(escapeCell)));
  const rest = rows.length - ROWS_MAX;
  const more = rest > 0 ? ['', `and ${rest} more`] : [];
  return [line(titles), line(titles.map(() => '---')), ...shown, ...more].join('\n');
}

function countPart({ counts }: GateResult): string {
  if (typeof counts === 'string') return `**Counts**: ${escapeCell(counts)}`;
  const { compared, baseline, moves } = counts;
  const against = `${formatCount(compared)} against \`${baseline}\``;
  if (moves.length === 0) return `**Counts**: ${against}, all equal`;
  const rows = groupMoves(moves).map((group) => [
    group.title,
    group.from,
    group.to,
    group.change,
    group.scope,
    group.allowed === undefined ? 'fails' : `passes: ${group.allowed}`,
    eventSource(group.event, group.operation) ?? '',
  ]);
  const titles = ['what moved', 'baseline', 'now', 'change', 'where', '', 'in the kernel'];
  return `**Counts**: ${against}, ${moves.length} moved\n\n${table(titles, rows)}`;
}

/** What decides first. */
const ORDER: readonly GateRow['verdict'][] = [
  'regression',
  'inconclusive',
  'unresolved',
  'improved',
  'ok',
];

function timePart(timing: TimeLayer | string): string {
  if (typeof timing === 'string') return `**Emulated time**: ${escapeCell(timing)}`;
  const head = `**Emulated time**: ${escapeCell(timing.base)} → ${escapeCell(timing.head)}`;
  if (timing.rows.length === 0) return `${head}: nothing was measured`;
  const rows = timing.rows
    .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))
    .map((row) => [
      row.path,
      sayTime(row.baseNs),
      sayTime(row.headNs),
      sayDelta(row.ratio),
      formatPercent(row.margin),
      formatP(row.p),
      String(row.pairs),
      sayVerdict(row),
    ]);
  const titles = ['operation', 'base ns', 'head ns', 'Δ [95 %]', 'margin', 'p', 'n', ''];
  const mean = `geometric mean ${sayShare(geomean(timing.rows))}`;
  const warning = resolutionWarning(timing.rows);
  const note = warning === undefined ? '' : `\n\n> ${escapeCell(warning)}`;
  return `${head}, ${mean}\n\n${table(titles, rows)}${note}`;
}

/** A gate's result as a pull request's comment or a step summary. */
export function gateMarkdown(result: GateResult, machine: string): string {
  return [
    `### daxstorm gate: ${escapeCell(sayResult(result))}`,
    countPart(result),
    timePart(result.timing),
    `<sub>seed ${result.seed}, machine ${machine}. Counts are exact; emulated time is the cost of the emulated steps on that machine, no claim about kernel time.</sub>`,
    '',
  ].join('\n\n');
}

import type { CountLayer, GateResult, TimeLayer } from '../../gate/gate.ts';
import { formatCount } from '../../units.ts';
import { formatP, formatPercent } from '../numbers.ts';
import { type Column, formatTable } from '../table.ts';
import { eventSource } from './events.ts';
import {
  geomean,
  groupMoves,
  type MoveGroup,
  resolutionWarning,
  sayDelta,
  sayResult,
  sayShare,
  sayTime,
  sayVerdict,
} from './words.ts';

/** Lines of moves on a terminal; JSON and Markdown have more. */
const GROUPS_MAX = 25;

function moveTable(groups: readonly MoveGroup[]): string {
  const columns: readonly Column[] = [
    { title: 'what moved', align: 'left' },
    { title: 'baseline', align: 'right' },
    { title: '', align: 'left' },
    { title: 'now', align: 'left' },
    { title: 'change', align: 'right' },
    { title: 'where', align: 'left' },
    { title: '', align: 'left' },
  ];
  const rows = groups
    .slice(0, GROUPS_MAX)
    .map(({ title, from, to, change, scope, allowed }) => [
      title,
      from,
      '→',
      to,
      change,
      `(${scope})`,
      allowed === undefined ? 'FAILS' : `passes: ${allowed}`,
    ]);
  const rest = groups.length - rows.length;
  const more = rest > 0 ? `\nand ${rest} more: --json has them all` : '';
  return formatTable(columns, rows) + more;
}

function explanation(groups: readonly MoveGroup[]): readonly string[] {
  const lines = groups.flatMap(({ title, event, operation }) => {
    const source = eventSource(event, operation);
    return source === undefined ? [] : [`  ${title}: ${source}`];
  });
  return lines.length === 0
    ? []
    : ['', 'behind what moved, in the kernel [and the core]:', ...new Set(lines)];
}

/** Failing moves first. */
function inOrder(groups: readonly MoveGroup[]): readonly MoveGroup[] {
  const failing = groups.filter(({ allowed }) => allowed === undefined);
  return [...failing, ...groups.filter(({ allowed }) => allowed !== undefined)];
}

function countLines(
  counts: CountLayer | string,
  { explain, update }: TextOptions,
): readonly string[] {
  if (typeof counts === 'string') return [`counts   ${counts}`];
  const { compared, baseline, moves, missing } = counts;
  const groups = inOrder(groupMoves(moves));
  const says = moves.length === 0 ? 'all equal' : `${formatCount(moves.length)} moved`;
  const scenarios = counts.counts.scenarios.length;
  const head = `counts   ${formatCount(compared)} of ${scenarios} scenarios against ${baseline}: ${says}`;
  const left =
    missing.length === 0
      ? []
      : [
          `         ${formatCount(missing.length)} are not in it and were not compared: ${missing[0]}, …`,
        ];
  if (groups.length === 0) return [head, ...left];
  const fails = groups.some(({ allowed }) => allowed === undefined);
  const remedy = fails
    ? ['', `if this is meant, put it into the baseline in the same commit: ${update}`]
    : [];
  const why = explain ? explanation(groups.slice(0, GROUPS_MAX)) : [];
  return [head, ...left, '', moveTable(groups), ...why, ...remedy];
}

const TIME_COLUMNS: readonly Column[] = [
  { title: 'emulated ns an operation', align: 'left' },
  { title: 'base', align: 'right' },
  { title: 'head', align: 'right' },
  { title: 'Δ [95 %]', align: 'right' },
  { title: 'margin', align: 'right' },
  { title: 'p', align: 'right' },
  { title: 'n', align: 'right' },
  { title: 'base/base [95 %]', align: 'right' },
  { title: '', align: 'left' },
];

function timeTable({ rows }: TimeLayer): string {
  const cells = rows.map((row) => [
    row.path,
    sayTime(row.baseNs),
    sayTime(row.headNs),
    sayDelta(row.ratio),
    formatPercent(row.margin),
    formatP(row.p),
    String(row.pairs),
    sayDelta(row.self),
    sayVerdict(row),
  ]);
  const mean = ['geometric mean', '', '', sayShare(geomean(rows))];
  return formatTable(TIME_COLUMNS, [...cells, mean]);
}

function timeLines(timing: TimeLayer | string, { replay }: TextOptions): readonly string[] {
  if (typeof timing === 'string') return [`timing   ${timing}`];
  const { base, head, rows, seed } = timing;
  const again = seed === undefined ? '' : `, confirmed in a fresh process with seed ${seed}`;
  const line = `timing   base ${base}, head ${head}${again}`;
  if (rows.length === 0) return [line, '         nothing was measured'];
  const warning = resolutionWarning(rows);
  const slower = rows.find(({ verdict }) => verdict === 'regression');
  return [
    line,
    '',
    timeTable(timing),
    ...(warning === undefined ? [] : ['', `warning: ${warning}`]),
    ...(slower === undefined ? [] : ['', `to see it again: ${replay(slower.path)}`]),
  ];
}

export interface TextOptions {
  /** Id of the machine it was made on. */
  readonly machine: string;
  /** Name what is behind each move. */
  readonly explain: boolean;
  /** The command that takes the counts into the baseline. */
  readonly update: string;
  /** The command that times one operation again. */
  readonly replay: (path: string) => string;
}

/** A gate's result for a terminal. */
export function formatGate(result: GateResult, options: TextOptions): string {
  const { counts, timing, seed } = result;
  return [
    `gate: seed ${seed}, machine ${options.machine}`,
    ...countLines(counts, options),
    ...(typeof timing === 'string' ? [] : ['']),
    ...timeLines(timing, options),
    '',
    sayResult(result),
  ].join('\n');
}

import type { GateRow } from '../../gate/confirm.ts';
import type { Verdict } from '../../gate/decide.ts';
import type { GateResult } from '../../gate/gate.ts';
import { failures, type Move } from '../../gate/moves.ts';
import type { Estimate } from '../../measure/stats.ts';
import { formatNumber, formatPercent } from '../numbers.ts';
import { eventTitle } from './events.ts';

/** Moves that are one change seen in several scenarios. */
export interface MoveGroup {
  /** `_refcount RMWs / fault`, `page-table bytes alive, fault`, or a build's measure. */
  readonly title: string;
  /** An operation's count before and now. */
  readonly from: string;
  readonly to: string;
  /** `+100.0 %`. */
  readonly change: string;
  /** `refcount, 4K sequential and 3 more`. */
  readonly scope: string;
  readonly event: string;
  readonly operation: string;
  readonly allowed: string | undefined;
  readonly moves: readonly Move[];
}

function plain(value: number): string {
  const short = Number.isInteger(value) ? value : Number(value.toPrecision(4));
  return short.toLocaleString('en-US', { maximumFractionDigits: 8 });
}

/** Both counts of one operation, with as many digits as it takes to tell them apart. */
function fromTo({ base, head, times }: Move): readonly [string, string] {
  const short = [plain(base / times), plain(head / times)] as const;
  if (short[0] !== short[1]) return short;
  const total = (value: number): string => `${value.toLocaleString('en-US')} in all`;
  return [total(base), total(head)];
}

function sayChange({ base, head }: Move): string {
  if (base === 0) return 'new';
  if (head === base) return 'as before';
  const share = (head - base) / base;
  const digits = Math.abs(share) < 0.001 ? 4 : 1;
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(digits)} %`;
}

/** Scenario, kernel and operation of a place; a build's name has none. */
function partsOf(place: string): { scenario: string; kernel: string; operation: string } {
  const [scenario = '', kernel = '', operation = ''] = place.split('/');
  return { scenario, kernel, operation };
}

/** `/ fault` is of one fault, `, fault` of them all. */
function titleOf({ event, times }: Move, operation: string): string {
  if (operation === '') return eventTitle(event);
  return `${eventTitle(event)}${times === 1 ? ',' : ' /'} ${operation}`;
}

/** `4K sequential`, `4K sequential and 3 more`. */
function few(names: readonly string[]): string {
  const rest = names.length - 1;
  return rest > 0 ? `${names[0]} and ${rest} more` : (names[0] ?? '');
}

/** `devmap and refcount`, each once. */
function together(names: readonly string[]): string {
  return [...new Set(names)].join(' and ');
}

/** Moves by what changed: the same step in several scenarios or kernels is one line. */
export function groupMoves(moves: readonly Move[]): readonly MoveGroup[] {
  const groups = new Map<string, Move[]>();
  for (const move of moves) {
    const { operation } = partsOf(move.place);
    const key = [move.event, operation, ...fromTo(move), move.allowed ?? ''].join('\0');
    groups.set(key, [...(groups.get(key) ?? []), move]);
  }
  return [...groups.values()].map((own): MoveGroup => {
    const [first] = own as [Move, ...Move[]];
    const { operation } = partsOf(first.place);
    const [from, to] = fromTo(first);
    const parts = own.map(({ place }) => partsOf(place));
    const kernels = together(parts.map(({ kernel }) => kernel));
    const scenarios = few([...new Set(parts.map(({ scenario }) => scenario))]);
    return {
      title: titleOf(first, operation),
      from,
      to,
      change: sayChange(first),
      scope: kernels === '' ? scenarios : `${kernels}, ${scenarios}`,
      event: first.event,
      operation,
      allowed: first.allowed,
      moves: own,
    };
  });
}

/** `20.9 ± 1 %`. */
export function sayTime({ value, low, high }: Estimate): string {
  const spread = Math.max(high - value, value - low) / value;
  return `${formatNumber(value)} ± ${(spread * 100).toFixed(0)} %`;
}

/** `+1.3 %`. */
export function sayShare(ratio: number): string {
  const percent = ((ratio - 1) * 100).toFixed(1);
  return `${ratio > 1 ? '+' : ''}${percent} %`;
}

/** `+10.3 % [+9.1, +11.4]`, or `~` where the interval holds no change. */
export function sayDelta({ value, low, high }: Estimate): string {
  const bounds = [low, high].map((each) => sayShare(each).replace(' %', '')).join(', ');
  const shown = low <= 1 && high >= 1 ? '~' : sayShare(value);
  return `${shown} [${bounds}]`;
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  ok: 'ok',
  improved: 'improved',
  regression: 'REGRESSION',
  inconclusive: 'inconclusive',
  unresolved: 'cannot resolve',
};

/** What more a row has to say than its numbers. */
export function sayVerdict({ verdict, confirmation, morePairs }: GateRow): string {
  const word = VERDICTS[verdict];
  if (confirmation) {
    const second = sayDelta(confirmation.ratio);
    return verdict === 'regression' ? `${word}, again ${second}` : `${word}: not again, ${second}`;
  }
  if (verdict !== 'inconclusive') return word;
  return morePairs === undefined
    ? `${word}: too near the margin`
    : `${word}: about ${morePairs.toLocaleString('en-US')} more pairs`;
}

/** The geometric mean of all rows' ratios. */
export function geomean(rows: readonly GateRow[]): number {
  return Math.exp(rows.reduce((sum, { ratio }) => sum + Math.log(ratio.value), 0) / rows.length);
}

/** A margin beyond this would see nothing. */
const MARGIN_SENSIBLE = 0.5;

/** What the rows that this runner cannot judge have in common, and what to do; undefined: none. */
export function resolutionWarning(rows: readonly GateRow[]): string | undefined {
  const poor = rows.filter(({ verdict }) => verdict === 'unresolved');
  if (poor.length === 0) return undefined;
  const reach = ({ self: { low, high, value } }: GateRow): number =>
    Math.max(Math.log(high) - Math.log(low), 2 * Math.abs(Math.log(value)));
  const share = Math.expm1(Math.max(...poor.map(reach)));
  const wider = share < MARGIN_SENSIBLE ? `, or --margin ${Math.ceil(share * 100)}%` : '';
  const margins = [...new Set(poor.map(({ margin }) => formatPercent(margin)))];
  return (
    `this runner cannot resolve ${margins.join(' or ')} on ${poor.length} of ${rows.length} operations: ` +
    'base against base alone spreads too far, so these warn and do not fail; use a quieter runner, a longer ' +
    `--max-time${wider}`
  );
}

/** The whole in one line. */
export function sayResult(result: GateResult): string {
  const { verdict, counts, timing, violation } = result;
  const moved = typeof counts === 'string' ? 0 : groupMoves(failures(counts)).length;
  const slower =
    typeof timing === 'string'
      ? 0
      : timing.rows.filter((row) => row.verdict === 'regression').length;
  switch (verdict) {
    case 'violation':
      return `invariant violated: ${violation?.text} after ${violation?.path}`;
    case 'regression':
      return moved > 0
        ? `regression: ${moved === 1 ? 'a count' : `${moved} counts`} moved`
        : `regression: ${slower === 1 ? 'an operation is' : `${slower} operations are`} slower by more than the margin, twice`;
    case 'inconclusive':
      return 'inconclusive: no regression was shown, nor ruled out everywhere';
    case 'interrupted':
      return 'interrupted';
    case 'ok':
      return 'ok';
  }
}

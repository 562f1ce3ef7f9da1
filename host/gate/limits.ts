import { DaxError } from '../error.ts';
import { names } from './name.ts';

/** How far a count may move from its baseline before it fails. */
export interface Limit {
  /** What it is on, as a user wrote it: name.ts. */
  readonly name: string;
  /** Largest rise and fall as a share of the baseline; Infinity: any. */
  readonly rise: number;
  readonly fall: number;
  /** The count of one operation (of a build: its whole number) must stay below this. */
  readonly below: number | undefined;
  /** As it was written. */
  readonly text: string;
}

function syntaxError(text: string): DaxError {
  return new DaxError(
    'E_VALUE',
    `limit '${text}' is none of NAME=+2%, NAME=-2%, NAME=2% and NAME=<1000`,
    "write it like --limit 'ptRead=+2%,rmwRefcount=<3'",
  );
}

function parseOne(text: string): Limit {
  const found = /^(.+?)=(?:([+-]?)(\d+(?:\.\d+)?)%|<(\d+(?:\.\d+)?))$/.exec(text.trim());
  const [, name, sign, percent, below] = found ?? [];
  if (name === undefined || name.startsWith('/') || name.endsWith('/')) throw syntaxError(text);
  if (below !== undefined) {
    return { name, rise: Infinity, fall: Infinity, below: Number(below), text: text.trim() };
  }
  const share = Number(percent) / 100;
  return {
    name,
    rise: sign === '-' ? Infinity : share,
    fall: sign === '+' ? Infinity : share,
    below: undefined,
    text: text.trim(),
  };
}

/**
 * Limits as users write them, split by commas: `ptRead=+2%` (a rise of up to 2 %, any fall),
 * `leafSet=-1%`, `tableAlloc=5%` (either way), `rmwRefcount=<3` (an operation).
 *
 * Fails: E_VALUE.
 */
export function parseLimits(text: string): readonly Limit[] {
  return text.split(',').map(parseOne);
}

/** Whether a limit lets a count go from `base` to `head`, of `times` operations. */
function allows({ rise, fall, below }: Limit, base: number, head: number, times: number): boolean {
  if (below !== undefined) return head / times < below;
  const change = head - base;
  return change >= 0 ? change <= rise * base : -change <= fall * base;
}

/**
 * What the limits on a path say of a count that moved: the ones it keeps within, or undefined where
 * there is none or one is broken. Of soft limits the last one on a path counts; of hard ones all.
 */
export function allowedBy(
  limits: readonly Limit[],
  path: string,
  base: number,
  head: number,
  times: number,
): string | undefined {
  const own = limits.filter(({ name }) => names(name, path));
  const soft = own.filter(({ below }) => below === undefined).slice(-1);
  const binding = [...own.filter(({ below }) => below !== undefined), ...soft];
  if (binding.length === 0) return undefined;
  if (!binding.every((limit) => allows(limit, base, head, times))) return undefined;
  return binding.map(({ text }) => text).join(', ');
}

/** A hard limit that a count breaks, moved or not. */
export function brokenHardLimit(
  limits: readonly Limit[],
  path: string,
  head: number,
  times: number,
): string | undefined {
  return limits.find(
    (limit) => limit.below !== undefined && names(limit.name, path) && head / times >= limit.below,
  )?.text;
}

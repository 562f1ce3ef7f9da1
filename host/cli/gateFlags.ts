import { basename } from 'node:path';
import { DaxError } from '../error.ts';
import type { Margin } from '../gate/gate.ts';
import { type Limit, parseLimits } from '../gate/limits.ts';

export interface GateFlags {
  readonly base?: string;
  readonly head?: string;
  readonly baseline?: string;
  readonly baselineLenient?: string;
  readonly saveBaseline?: string;
  readonly update?: boolean;
  readonly reason?: string;
  readonly limit: readonly Limit[];
  readonly margin: readonly Margin[];
  readonly failOn: readonly Margin[];
  readonly trace?: string;
  readonly countsOnly?: boolean;
  readonly filter: readonly string[];
  readonly list?: boolean;
  readonly dryRun?: boolean;
  readonly explain?: boolean;
  readonly strict?: boolean;
  readonly seed: number;
  readonly time: number;
  readonly maxTime: number;
  readonly json?: string | true;
  readonly junit?: string;
  readonly markdown?: string;
  readonly bmf?: string;
  readonly smallerIsBetter?: string;
}

function marginError(flag: string, text: string): DaxError {
  return new DaxError(
    'E_VALUE',
    `${flag} '${text}' is no share above 0 % and up to 1000 %`,
    flag === '--margin' ? "write it like 5%, or '4K*/fault=3%'" : "write it like 'median:5%'",
  );
}

function parseShare(flag: string, text: string, whole: string): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  const share = Number(percent ?? Number.NaN) / 100;
  if (share > 0 && share <= 10) return share;
  throw marginError(flag, whole);
}

/** `5%`, or `NAME=3%` for some operations; the last that names an operation counts. */
export function addMargin(text: string, before: readonly Margin[]): readonly Margin[] {
  const at = text.lastIndexOf('=');
  const name = at < 0 ? undefined : text.slice(0, at).trim();
  if (name === '') throw marginError('--margin', text);
  return [...before, { name, share: parseShare('--margin', text.slice(at + 1).trim(), text) }];
}

/** `median:5%`, as pytest-benchmark writes it: the same margin. */
export function addFailOn(text: string, before: readonly Margin[]): readonly Margin[] {
  const [statistic, share = ''] = text.split(':').map((part) => part.trim());
  if (statistic !== 'median') {
    throw new DaxError(
      'E_VALUE',
      `--fail-on '${text}' is on '${statistic}'; the gate judges the median of paired ratios alone`,
      "write it like --fail-on 'median:5%'",
    );
  }
  return [...before, { name: undefined, share: parseShare('--fail-on', share, text) }];
}

export function addLimits(text: string, before: readonly Limit[]): readonly Limit[] {
  return [...before, ...parseLimits(text)];
}

export function addFilter(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** `redis` of `traces/redis.perf-script.txt.gz`. */
function stemOf(file: string): string {
  return basename(file).split('.')[0] ?? 'trace';
}

/** The baseline that flags name; without any, the standard one or the trace's. */
export function baselineName({ baseline, baselineLenient, trace }: GateFlags): string {
  return baseline ?? baselineLenient ?? (trace === undefined ? 'standard' : stemOf(trace));
}

/** What to type to take the counts of a run into the baseline it was held to. */
export function updateCommand({ trace, baseline, baselineLenient }: GateFlags): string {
  const named = baseline ?? baselineLenient;
  const parts = [
    ...(trace === undefined ? [] : [`--trace '${trace}'`]),
    ...(named === undefined ? [] : [`--baseline '${named}'`]),
  ];
  return ['daxstorm gate', ...parts, "--update --reason 'why'"].join(' ');
}

/** What to type to time one operation again as a run did. */
export function replayCommand(flags: GateFlags, path: string): string {
  const { trace, base, head, seed, time, maxTime } = flags;
  const named = Object.entries({ trace, base, head }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} '${value}'`],
  );
  const times = [`--seed ${seed}`, `--time ${time}`, `--max-time ${maxTime}`];
  return ['daxstorm gate', ...named, `--filter '${path}'`, ...times].join(' ');
}

function usage(message: string, hint: string): DaxError {
  return new DaxError('E_USAGE', message, hint);
}

/** Flags that make no sense together, refused before anything runs. Fails: E_USAGE. */
export function checkFlags(flags: GateFlags): void {
  const { update, reason, filter, saveBaseline, baseline, baselineLenient, maxTime, time } = flags;
  const writes = update || saveBaseline !== undefined;
  if (update && (reason === undefined || reason.trim() === ''))
    throw usage('--update wants to know why', "add --reason 'why the counts moved'");
  if (!writes && reason !== undefined)
    throw usage(
      '--reason is of --update and --save-baseline alone',
      'add --update, or leave it out',
    );
  if (writes && filter.length > 0)
    throw usage('a baseline is written whole or not at all', 'leave --filter out');
  if (update && saveBaseline !== undefined)
    throw usage('--update and --save-baseline both write', 'use one of them');
  if (writes && flags.base !== undefined)
    throw usage('a baseline holds counts, and no --base has any part in them', 'leave --base out');
  if (baseline !== undefined && baselineLenient !== undefined)
    throw usage('--baseline and --baseline-lenient both name a baseline', 'use one of them');
  if (flags.countsOnly && flags.base !== undefined)
    throw usage('--counts-only times nothing, so no --base', 'leave one of them out');
  if (maxTime < time)
    throw usage(`--max-time ${maxTime} is below --time ${time}`, `use --max-time ${time} or more`);
}

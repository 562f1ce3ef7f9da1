import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type { OnProgress } from '../progress.ts';
import type { Result } from '../report/schema/result.ts';
import { cannotWrite, writeWhole } from '../wholeFile.ts';
import { emphasised, isAnimated, isStyled, tinted } from './style.ts';

/** A one-line progress text on stderr: only where somebody watches, gone when the work is done. */
export interface Progress {
  /** What is being done, and how many seconds the part in hand takes yet. */
  say: OnProgress;
  /** How many seconds the parts after the one in hand take. */
  later(seconds: number): void;
  clear(): void;
}

/** Takes away what is drawn on the terminal now; nothing where nothing is. */
let takeAway = (): void => {};

/** `8 s`, `2 min 5 s`; never less than a second. */
export function sayLeft(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** One line of at most so many columns; the time left stays whole. */
export function progressLine(text: string, left: number | undefined, columns: number): string {
  const time = left === undefined ? '' : `, ${sayLeft(left)} left`;
  const room = Math.max(1, columns - 1 - time.length);
  return (text.length > room ? `${text.slice(0, room - 1)}…` : text) + time;
}

/** Of a terminal that does not say. */
const COLUMNS_DEFAULT = 80;

export function makeProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let laterSeconds = 0;
  const clear = (): void => {
    stream.write('\r\x1b[K');
    takeAway = () => {};
  };
  return {
    say(text, leftSeconds) {
      if (!isAnimated(stream)) return;
      const known = leftSeconds !== undefined || laterSeconds > 0;
      const left = known ? (leftSeconds ?? 0) + laterSeconds : undefined;
      stream.write(`\r\x1b[K${progressLine(text, left, stream.columns || COLUMNS_DEFAULT)}`);
      takeAway = clear;
    },
    later(seconds) {
      laterSeconds = seconds;
    },
    clear() {
      takeAway();
    },
  };
}

/** Prints a result and a line end on stdout, with headings told apart where somebody watches. */
export function print(text: string): void {
  takeAway();
  process.stdout.write(`${isStyled(process.stdout) ? emphasised(text) : text}\n`);
}

/** Says on stderr what is odd, but stops nothing. */
export function warn(text: string): void {
  takeAway();
  process.stderr.write(`${tinted(process.stderr, 'yellow', 'warning:')} ${text}\n`);
}

/** Before the work rather than after it: can the file that an option names be written? Fails: E_FILE. */
export function checkTarget(target: string | true | undefined): void {
  if (target === undefined || target === true || target === '-') return;
  try {
    accessSync(dirname(target), constants.W_OK);
  } catch (error) {
    throw cannotWrite(target, error);
  }
}

/** Prints a result as JSON on stdout, or writes it to the file that --json names. */
export function emitJson(target: string | true, result: Result): void {
  emitText(target, `${JSON.stringify(result, null, 2)}\n`);
}

/** Prints a text on stdout, or writes it to a file, whole or not at all. Fails: E_FILE. */
export function emitText(target: string | true, text: string): void {
  takeAway();
  if (target === true || target === '-') process.stdout.write(text);
  else writeWhole(target, text);
}

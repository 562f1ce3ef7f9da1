import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type { Result } from '../report/schema/result.ts';
import { cannotWrite, writeWhole } from '../wholeFile.ts';

/** A one-line progress text on stderr: only where somebody watches, gone when the work is done. */
export interface Progress {
  say(text: string): void;
  clear(): void;
}

export function makeProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let shown = false;
  return {
    say(text) {
      if (!stream.isTTY) return;
      stream.write(`\r\x1b[K${text}`);
      shown = true;
    },
    clear() {
      if (shown) stream.write('\r\x1b[K');
      shown = false;
    },
  };
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
  if (target === true || target === '-') process.stdout.write(text);
  else writeWhole(target, text);
}

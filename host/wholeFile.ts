import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { DaxError } from './error.ts';

export function cannotWrite(file: string, error: unknown): DaxError {
  const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new DaxError('E_FILE', `cannot write '${file}': ${why}`, 'name a file you may write');
}

/** Writes a whole file or none of it. Fails: E_FILE. */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw cannotWrite(file, error);
  }
}

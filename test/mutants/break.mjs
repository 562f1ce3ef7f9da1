import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../build/sources.mjs';

/** @typedef {import('./list.mjs').Mutant} Mutant */

/**
 * A copy of the core with one change.
 * @param {Mutant} mutant
 * @param {string} folder
 */
export function breakCore({ file, find, replace, name }, folder) {
  cpSync(join(ROOT, 'assembly'), join(folder, 'assembly'), { recursive: true });
  cpSync(join(ROOT, 'asconfig.json'), join(folder, 'asconfig.json'));
  const path = join(folder, 'assembly', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) {
    throw new Error(`mutant '${name}': its text is not in ${file} exactly once`);
  }
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
}

// Ways to break the core that the gate must answer, each in its own way.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUILDS } from '../../build/builds.mjs';
import { compileFrom } from '../../build/compile.mjs';
import { breakCore } from '../mutants/break.mjs';

/** @typedef {import('../mutants/list.mjs').Mutant} Mutant */

/**
 * One more atomic on _refcount a 4K fault; the state it leaves is the same.
 * @type {Mutant}
 */
export const EXTRA_REFCOUNT = {
  name: 'one more refcount atomic a fault',
  file: 'fault.ts',
  find: '  if (REFERENCES) token += refAdd(record, 1);',
  replace: '  if (REFERENCES) token += refAdd(record, 1) + refAdd(record, 0);',
};

/**
 * Every 4K fault takes two references and gives one back at most.
 * @type {Mutant}
 */
export const LEAKED_REFERENCE = {
  name: 'a fault takes two references',
  file: 'fault.ts',
  find: '  if (REFERENCES) token += refAdd(record, 1);',
  replace: '  if (REFERENCES) token += refAdd(record, 2);',
};

/**
 * A fault of a huge leaf that spins: the same counts, more time. Atomic loads, for no compiler may drop them.
 * @param {number} rounds
 * @returns {Mutant}
 */
export function slowFault(rounds) {
  return {
    name: `a fault that spins ${rounds} rounds`,
    file: 'fault.ts',
    find: '  if (REFERENCES) token += refAdd(head, 1);',
    replace: `  for (let i = 0; i < ${rounds}; i++) atomic.load<u32>(head);\n  if (REFERENCES) token += refAdd(head, 1);`,
  };
}

/**
 * Compiles the builds of a broken core into `folder`/wasm; answers that folder.
 * @param {Mutant} mutant
 * @param {string} folder an empty one
 * @param {(build: import('../../build/builds.mjs').Build) => boolean} wanted
 */
export async function buildMutant(mutant, folder, wanted) {
  breakCore(mutant, folder);
  const out = join(folder, 'wasm');
  mkdirSync(out);
  for (const build of BUILDS.filter(wanted)) {
    await compileFrom(build, folder, join(out, `${build.name}.wasm`));
  }
  return out;
}

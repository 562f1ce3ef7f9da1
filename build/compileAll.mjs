// Compiles builds of the core that are not those of last time, several at once.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { isFresh } from './compile.mjs';

/** @typedef {import('./builds.mjs').Build} Build */

/** Each takes some hundred megabytes. */
const COMPILERS_MAX = 4;

export function newCompiler() {
  return new Worker(new URL('compiler.mjs', import.meta.url));
}

/**
 * Takes builds off the list until there are none.
 * @param {Build[]} left
 */
async function compileThem(left) {
  const compiler = newCompiler();
  try {
    for (let build = left.shift(); build; build = left.shift()) {
      compiler.postMessage({ build });
      const [error] = await once(compiler, 'message');
      if (error) throw new Error(error);
      process.stderr.write(`built dist/wasm/${build.name}.wasm\n`);
    }
  } finally {
    // After an error the others stop too.
    left.length = 0;
    await compiler.terminate();
  }
}

/** @param {readonly Build[]} builds */
export async function compileAll(builds) {
  const left = builds.filter((build) => !isFresh(build));
  const compilers = Math.min(left.length, availableParallelism(), COMPILERS_MAX);
  await Promise.all(Array.from({ length: compilers }, () => compileThem(left)));
}

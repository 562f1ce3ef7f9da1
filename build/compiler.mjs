// A thread that compiles builds of the core: two compiles beside each other use two processors. Told a
// build, it makes it; told a root and a file too, it makes it from that core into that file. Answers what
// went wrong, in words, or an empty text.
import { parentPort } from 'node:worker_threads';
import { compile, compileFrom } from './compile.mjs';

/** @typedef {{build: import('./builds.mjs').Build, root?: string, out?: string}} Order */

parentPort?.on('message', async (/** @type {Order} */ { build, root, out }) => {
  try {
    if (root !== undefined && out !== undefined) await compileFrom(build, root, out);
    else await compile(build);
    parentPort?.postMessage('');
  } catch (error) {
    parentPort?.postMessage(error instanceof Error ? error.message : `${error}`);
  }
});

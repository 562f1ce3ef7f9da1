// A thread that compiles builds of the core: two compiles beside each other then use two processors.
import { parentPort } from 'node:worker_threads';
import { compileFrom } from '../../build/compile.mjs';

/** @typedef {import('../../build/builds.mjs').Build} Build */

parentPort?.on(
  'message',
  async (/** @type {{build: Build, root: string, out: string}} */ order) => {
    try {
      await compileFrom(order.build, order.root, order.out);
      parentPort?.postMessage('');
    } catch (error) {
      parentPort?.postMessage(error instanceof Error ? error.message : `${error}`);
    }
  },
);

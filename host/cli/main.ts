#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { COMMANDS } from './commands.ts';
import { makeContext } from './context.ts';
import { reportFailure } from './failure.ts';
import { checkNamed, makeProgram } from './program.ts';

// A reader that has seen enough, as head(1), is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const args = process.argv.slice(2);
const context = makeContext();
try {
  checkNamed(args);
  const [first] = args;
  // Before the command's modules are there: somebody is waiting.
  if (COMMANDS.some(({ name }) => name === first)) context.progress.say(`daxstorm ${first}`);
  const program = await makeProgram(context, ({ name }) => args.includes(name));
  await program.parseAsync();
  // A signal that came during the last block is heard now.
  await setImmediate();
} catch (error) {
  context.progress.clear();
  reportFailure('daxstorm', error);
}
context.progress.clear();

#!/usr/bin/env node
import { setImmediate } from 'node:timers/promises';
import { CommanderError } from 'commander';
import { DaxError } from '../error.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, makeContext } from './context.ts';
import { checkNamed, makeProgram } from './program.ts';
import { tinted } from './style.ts';

function fail(text: string, status: number): void {
  process.stderr.write(`${tinted(process.stderr, 'red', 'daxstorm:')} ${text}\n`);
  process.exitCode = status;
}

function reportFailure(error: unknown): void {
  if (error instanceof CommanderError) {
    // Help and version are shown by now; help in place of a command is a mistake all the same.
    if (error.exitCode !== 0) process.exitCode = EXIT.usage;
  } else if (DaxError.is(error))
    fail(`${error.message}; ${error.hint} [${error.code}]`, EXIT.usage);
  else fail(`internal error: ${error instanceof Error ? error.message : error}`, EXIT.internal);
}

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
  reportFailure(error);
}
context.progress.clear();

import { type Command, CommanderError } from 'commander';
import { DaxError } from '../error.ts';
import { EXIT } from './context.ts';
import { tinted } from './style.ts';

/** What the parser refused, as one line with what to type next. */
function usageError(error: CommanderError, name: string): DaxError {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return new DaxError('E_USAGE', message, `see ${name} --help`);
}

/** The command's parser prints no mistake of its own: it throws it, to be reported as all others are. */
export function quiet(command: Command, name: string): void {
  command
    .exitOverride((error) => {
      const shown = error.exitCode === 0 || error.code === 'commander.help';
      throw shown ? error : usageError(error, name);
    })
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError();
}

/** One line for every mistake, ours and the parser's, and the exit status that goes with it. */
export function reportFailure(name: string, error: unknown): void {
  const fail = (text: string, status: number): void => {
    process.stderr.write(`${tinted(process.stderr, 'red', `${name}:`)} ${text}\n`);
    process.exitCode = status;
  };
  if (error instanceof CommanderError) {
    // Help and version are shown by now; help in place of a command is a mistake all the same.
    if (error.exitCode !== 0) process.exitCode = EXIT.usage;
  } else if (DaxError.is(error))
    fail(`${error.message}; ${error.hint} [${error.code}]`, EXIT.usage);
  else fail(`internal error: ${error instanceof Error ? error.message : error}`, EXIT.internal);
}

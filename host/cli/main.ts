#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { DaxError } from '../error.ts';
import { packageVersion } from '../root.ts';
import { COMMANDS } from './commands.ts';
import { type Context, EXIT, makeContext } from './context.ts';

async function makeProgram(context: Context, args: readonly string[]): Promise<Command> {
  const program = new Command('daxstorm')
    .description('What does it cost to refcount every mapping of a device-DAX page?')
    .version(packageVersion())
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText(
      'after',
      `
Examples:
  daxstorm compare                      the A/B on 4K, 2M and 1G units
  daxstorm storm --align 2M --size 64GiB
  daxstorm run vm-vfio                  a scenario file; --list shows those that are ready
  daxstorm sweep standard --shard 3/8   many of them, on as many machines as there are
  daxstorm replay trace.txt.gz
  daxstorm walk +2MiB --align 2M
  daxstorm unbind --pin-pages 512       unbind the driver under pins
  daxstorm validate                     the cost model against the recordings
  daxstorm explain munmap               where real kernels spend it, by function
  daxstorm report --html report.html    all of it as one page
  daxstorm gate                         did any count move? for CI
  daxstorm guard                        what the order guard of refcounted kernels prevents
  daxstorm plan optane-2s --processes 64

Exit status: 0 done, 1 internal error, 2 bad usage, 130 interrupted; gate has more.`,
    );
  for (const { name, summary, load } of COMMANDS) {
    // A command that the line does not name is there for its summary alone.
    const command = args.includes(name) ? await load(context) : new Command(name);
    program.addCommand(command.summary(summary));
  }
  // One line for every mistake, ours and the parser's; the parser's own printing is off.
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .showSuggestionAfterError();
  }
  return program;
}

/** What the parser refused, as one line with what to type next. */
function usageError(error: CommanderError): DaxError {
  const message = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return new DaxError('E_USAGE', message, 'see daxstorm --help');
}

function reportFailure(error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    if (error.code === 'commander.help') {
      process.exitCode = EXIT.usage;
      return;
    }
    reportFailure(usageError(error));
  } else if (DaxError.is(error)) {
    process.stderr.write(`daxstorm: ${error.message}; ${error.hint} [${error.code}]\n`);
    process.exitCode = EXIT.usage;
  } else {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`daxstorm: internal error: ${text}\n`);
    process.exitCode = EXIT.internal;
  }
}

// A reader that has seen enough, as head(1), is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const context = makeContext();
try {
  const program = await makeProgram(context, process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  context.progress.clear();
  reportFailure(error);
}

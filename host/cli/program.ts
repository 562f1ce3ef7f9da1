import { DaxError } from '../error.ts';
import { packageVersion } from '../root.ts';
import { suggest } from '../suggest.ts';
import { Command } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import type { Context } from './context.ts';
import { quiet } from './failure.ts';

const EXAMPLES = `
  daxstorm compare                        the A/B on 4K, 2M and 1G units
  daxstorm storm --align 2M --size 64GiB  one storm, every event counted
  daxstorm scale --mm shared              more threads, on the same locks
  daxstorm run vm-vfio                    a scenario file; --list shows those that are ready
  daxstorm sweep standard --shard 3/8     many of them, on as many machines as there are
  daxstorm replay trace.txt.gz            the page faults of a program of yours
  daxstorm walk +2MiB --align 2M          one address through the page tables
  daxstorm unbind --pin-pages 512         unbind the driver under pins
  daxstorm validate                       the cost model against the recordings
  daxstorm explain munmap                 where real kernels spend it, by function
  daxstorm report --html report.html      all of it as one page
  daxstorm gate                           did any count move? for CI
  daxstorm guard                          what the order guard of refcounted kernels prevents
  daxstorm plan optane-2s --processes 64  what a host takes, and which unit to choose
  daxstorm doctor                         what this machine can resolve and hold`;

const NOTES = `
Sizes are written 64K, 512MiB or 1.5TiB, in powers of 1024; times are seconds. --json prints a result of
schema data/schemas/result.v1.json, --json FILE writes it.
Exit status: 0 done, 1 internal error, 2 bad usage or input, 3 regression, 4 inconclusive (gate --strict),
5 invariant violated, 130 interrupted by Ctrl-C or SIGTERM.`;

/** Refuses a word that is no command, which help of it would hide. Fails: E_USAGE with the nearest. */
export function checkNamed(args: readonly string[]): void {
  const words = args.filter((word) => !word.startsWith('-'));
  const named = words[0] === 'help' ? words[1] : words[0];
  if (named === undefined || COMMANDS.some(({ name }) => name === named)) return;
  const names = COMMANDS.flatMap(({ name, hidden }) => (hidden ? [] : [name]));
  throw new DaxError('E_USAGE', `unknown command '${named}'`, suggest(named, names));
}

/**
 * The program with its commands, those that `wanted` names whole and each other by its summary alone.
 *
 * Why: a command brings the emulator, the cost model or the schemas with it.
 */
export async function makeProgram(
  context: Context,
  wanted: (entry: CommandEntry) => boolean,
): Promise<Command> {
  const program = new Command('daxstorm')
    .description('What does it cost to refcount every mapping of a device-DAX page?')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'help on a command')
    .option('--no-color', 'no colour in any command, as with NO_COLOR')
    .examples(EXAMPLES)
    .notes(NOTES);
  quiet(program, 'daxstorm');
  for (const entry of COMMANDS) {
    const { name, summary, hidden = false, load } = entry;
    const command = wanted(entry) ? await load(context) : new Command(name);
    command.summary(summary).helpOption('-h, --help', 'print this help');
    quiet(command, `daxstorm ${name}`);
    program.addCommand(command, { hidden });
  }
  return program;
}

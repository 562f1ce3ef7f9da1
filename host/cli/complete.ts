import type { Argument, Option } from 'commander';
import { Command } from './command.ts';
import type { CommandEntry } from './commands.ts';
import type { Context } from './context.ts';

/** What can stand where the cursor is. */
export interface Completion {
  readonly words: readonly { readonly word: string; readonly what: string }[];
  /** Whether the name of a file can stand there too. */
  readonly files: boolean;
}

const NOTHING: Completion = { words: [], files: false };

/** A place for a value: an option's, or an argument. */
function valuesOf(command: Command, place: Option | Argument, name: string): Completion {
  const known = [...(place.argChoices ?? []), ...command.candidates(name)];
  const shown = 'flags' in place ? place.flags : name;
  return {
    words: known.map((word) => ({ word, what: '' })),
    files: /file|dir|core|change/i.test(shown) && place.argChoices === undefined,
  };
}

function optionAt(command: Command, word: string): Option | undefined {
  return command.options.find(({ long, short }) => word === long || word === short);
}

/** The option whose value comes next: the last word, or one before it that takes several. */
function openOption(command: Command, typed: readonly string[]): Option | undefined {
  const last = typed.findLastIndex((word) => word.startsWith('-'));
  const option = optionAt(command, typed[last] ?? '');
  return option?.variadic || last === typed.length - 1 ? option : undefined;
}

function flagsOf(command: Command, typed: readonly string[]): Completion {
  const free = command.options.filter(
    ({ long, variadic }) => variadic || !typed.some((word) => word === long),
  );
  const flags = free.map(({ long, description }) => ({ word: long ?? '', what: description }));
  return { words: [...flags, { word: '--help', what: 'print this help' }], files: false };
}

/** The arguments among the words of a command that are typed already. */
function argumentsIn(command: Command, typed: readonly string[]): number {
  let count = 0;
  typed.forEach((word, i) => {
    const before = optionAt(command, typed[i - 1] ?? '');
    if (!word.startsWith('-') && !before?.required) count += 1;
  });
  return count;
}

/** What completes the last of a command's words, of which the others are typed. */
export function completeWords(
  command: Command,
  typed: readonly string[],
  current: string,
): Completion {
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(current) ?? [];
  if (flag !== undefined && value !== undefined) {
    const option = optionAt(command, flag);
    const { words, files } = option ? valuesOf(command, option, flag) : NOTHING;
    return { words: words.map(({ word, what }) => ({ word: `${flag}=${word}`, what })), files };
  }
  const option = openOption(command, typed);
  if (option?.required && !current.startsWith('-'))
    return valuesOf(command, option, option.long ?? '');
  if (current.startsWith('-')) return flagsOf(command, typed);
  if (option?.optional) return valuesOf(command, option, option.long ?? '');
  const places = command.registeredArguments;
  const at = argumentsIn(command, typed);
  const place = places[at] ?? places.findLast(({ variadic }) => variadic);
  const named = place && valuesOf(command, place, place.name());
  const nothing = !named || (named.words.length === 0 && !named.files);
  return nothing ? flagsOf(command, typed) : named;
}

/** The same for a line of the whole program, `daxstorm` itself left out. */
async function completeLine(
  words: readonly string[],
  entries: readonly CommandEntry[],
  context: Context,
): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const typed = words.slice(0, -1);
  const at = typed.findIndex((word) => !word.startsWith('-'));
  const shown = entries.filter(({ hidden }) => !hidden);
  if (at < 0 || typed[at] === 'help') {
    const names = shown.map(({ name, summary }) => ({ word: name, what: summary }));
    const program = ['--help', '--version', '--no-color'].map((word) => ({ word, what: '' }));
    return { words: current.startsWith('-') ? program : names, files: false };
  }
  const entry = entries.find(({ name }) => name === typed[at]);
  const command = await entry?.load(context);
  return command instanceof Command
    ? completeWords(command, typed.slice(at + 1), current)
    : NOTHING;
}

/* What the scripts of completion.ts read: a word a line, a tab, what it means; last whether files fit. */
export function completeCommand(context: Context): Command {
  return new Command('__complete')
    .description('Prints what can stand for the last of the words of a line, for the shells.')
    .argument('<words...>')
    .action(async (words: readonly string[]) => {
      // A list that includes this module: known by the time anything is asked.
      const { COMMANDS } = await import('./commands.ts');
      const { words: found, files } = await completeLine(words, COMMANDS, context);
      const current = words.at(-1) ?? '';
      const lines = found
        .filter(({ word }) => word.startsWith(current))
        .map(({ word, what }) => `${word}\t${what}\n`);
      process.stdout.write(`${lines.join('')}${files ? ':files\n' : ''}`);
    });
}

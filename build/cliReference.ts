// docs/cli.md, made of what the commands say of themselves: the tables that --help prints.
import type { Help } from 'commander';
import { Command, DaxHelp } from '../host/cli/command.ts';

const HEAD = `# The command line

Made from the commands' own tables by \`npm run docs\`; \`daxstorm COMMAND --help\` prints the same.`;

/** A text in a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');
}

function table(
  titles: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): readonly string[] {
  if (rows.length === 0) return [];
  return [
    '',
    `| ${titles.join(' | ')} |`,
    '|---|---|',
    ...rows.map(([term, text]) => `| \`${cell(term)}\` | ${cell(text)} |`),
  ];
}

function examples({ listed }: Command): readonly string[] {
  const width = Math.max(0, ...listed.map(({ line }) => line.length));
  const lines = listed.map(({ line, what }) =>
    what === '' ? line : `${line.padEnd(width)}  # ${what}`,
  );
  return lines.length === 0 ? [] : ['', '```sh', ...lines, '```'];
}

/** What of a command's help a page has, in the order of the help. */
function section(command: Command, helper: Help): readonly string[] {
  const { remarks } = command;
  const args = helper.visibleArguments(command);
  return [
    `\`${helper.commandUsage(command)}\``,
    '',
    helper.commandDescription(command),
    ...examples(command),
    ...table(
      ['argument', 'meaning'],
      args.map((each) => [helper.argumentTerm(each), helper.argumentDescription(each)]),
    ),
    ...table(
      ['option', 'meaning'],
      helper
        .visibleOptions(command)
        .map((each) => [helper.optionTerm(each), helper.optionDescription(each)]),
    ),
    ...(remarks === '' ? [] : ['', '```', remarks, '```']),
  ];
}

/** The reference of a program of which every command is loaded. */
export function cliReference(program: Command): string {
  const helper = new DaxHelp();
  const shown = helper.visibleCommands(program).filter((each) => each instanceof Command);
  const list = table(
    ['command', 'what it is for'],
    shown.map((each) => [each.name(), each.summary()]),
  );
  const parts = shown.flatMap((each) => ['', `## ${each.name()}`, '', ...section(each, helper)]);
  return [HEAD, '', ...section(program, helper), ...list, ...parts, ''].join('\n');
}

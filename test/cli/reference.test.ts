// docs/cli.md is made of the commands' own tables, and those are what --help prints.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cliReference } from '../../build/cliReference.ts';
import { Command } from '../../host/cli/command.ts';
import { COMMANDS } from '../../host/cli/commands.ts';
import type { Context } from '../../host/cli/context.ts';
import { makeProgram } from '../../host/cli/program.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { daxstorm } from './spawn.ts';

const CONTEXT: Context = {
  progress: { say: () => {}, later: () => {}, clear: () => {} },
  signal: new AbortController().signal,
};

test('docs/cli.md is what the commands say (npm run docs writes it)', async () => {
  const program = await makeProgram(CONTEXT, () => true);
  await expect(cliReference(program)).toMatchFileSnapshot(join(PACKAGE_ROOT, 'docs', 'cli.md'));
});

const SHOWN = COMMANDS.filter(({ hidden }) => !hidden);

test.each(SHOWN.map((entry) => [entry.name, entry] as const))(
  '%s --help prints what the page says: examples first, every option',
  async (name, { load }) => {
    const command = await load(CONTEXT);
    if (!(command instanceof Command)) throw new Error(`${name} is not of host/cli/command.ts`);
    const { stdout, status } = await daxstorm([name, '--help']);
    expect(status).toBe(0);
    const titles = [...stdout.matchAll(/^(\w+):/gm)].map(([, title]) => title);
    const arguments_ = command.registeredArguments.length > 0 ? ['Arguments'] : [];
    expect(titles.slice(0, 3 + arguments_.length)).toEqual([
      'Usage',
      'Examples',
      ...arguments_,
      'Options',
    ]);
    const words = stdout.replace(/\s+/g, ' ');
    expect(words.startsWith(command.description())).toBe(true);
    for (const { line, what } of command.listed)
      expect(words).toContain(` ${`${line} ${what}`.trim()} `);
    for (const { flags, description } of command.options)
      expect(words).toContain(` ${flags} ${description}`);
    expect(words).not.toContain('undefined');
  },
);

test('the program too: examples before commands before options', async () => {
  const { stdout } = await daxstorm(['--help']);
  const titles = [...stdout.matchAll(/^(\w+):$/gm)].map(([, title]) => title);
  expect(titles).toEqual(['Examples', 'Commands', 'Options']);
});

test.each(SHOWN.map((entry) => [entry.name, entry] as const))(
  '%s: its examples are commands that there are, with options that they take',
  async (_, { load }) => {
    const { listed } = (await load(CONTEXT)) as Command;
    const lines = listed.flatMap(({ line }) => line.split(/ && | \| /));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines.filter((each) => each.startsWith('daxstorm '))) {
      const [, name = '', ...words] = line.replace(/ > .*|['"]/g, '').split(/\s+/);
      const entry = COMMANDS.find((each) => each.name === name);
      expect(entry, line).toBeDefined();
      const command = await entry?.load(CONTEXT);
      expect(command?.parseOptions(words).unknown, line).toEqual([]);
    }
  },
);

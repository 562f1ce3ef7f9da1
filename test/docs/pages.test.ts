// Everything that README.md and docs/ show is done: commands with the built program, scenario and host
// files, programs that use the library. What they are shown to print is what they print.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { ALL } from '../all.ts';
import { pageNames, readPage } from './page.ts';
import { commandsOf, type Reading, workThrough } from './reader.ts';
import { REFRESHES } from './refresh.ts';
import { EXCEPTIONS, GENERATED } from './rules.ts';
import { firstDifference } from './shape.ts';
import { Workplace } from './shell.ts';

/* Every page takes minutes: in the quick suite it is the one that is read first. */
const PAGES = pageNames()
  .filter((name) => GENERATED[name] === undefined && (ALL || name === 'README.md'))
  .map(readPage);
const LIMIT_MS = REFRESHES ? 3_600_000 : 900_000;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('what a page shows is what happens', () => {
  const readings: Reading[] = [];

  test.concurrent.each(PAGES.map((page) => [page.name, page] as const))(
    '%s',
    async (_, page) => {
      const reading = await workThrough(page, (used) => folders.push(...used));
      readings.push(reading);
      expect(reading.failures.join('\n')).toBe('');
    },
    LIMIT_MS,
  );

  afterAll(() => {
    const sum = (of: (reading: Reading) => number): number =>
      readings.reduce((total, reading) => total + of(reading), 0);
    const excepted = readings.flatMap((reading) => reading.excepted);
    const lines = EXCEPTIONS.flatMap(({ start, reason }) => {
      const at = excepted.filter((each) => each.start === start).map((each) => each.at);
      return at.length > 0 ? [`  ${start}: ${reason} (${at.join(', ')})`] : [];
    });
    process.stdout.write(
      `documentation: ${sum(({ blocksRun }) => blocksRun)} blocks worked through, ${sum(
        ({ commandsRun }) => commandsRun,
      )} commands run; not run:\n${lines.join('\n')}\n`,
    );
  });
});

test.runIf(ALL)('every exception is needed', () => {
  const shown = PAGES.flatMap(({ blocks }) =>
    blocks.flatMap(({ text }) => [text, ...commandsOf(text), ...text.split(/^\$ /m)]),
  );
  const idle = EXCEPTIONS.filter(({ start }) => !shown.some((text) => text.startsWith(start)));
  expect(idle.map(({ start }) => start)).toEqual([]);
});

test('programs have the types that the library promises', () => {
  const workplace = new Workplace();
  folders.push(...workplace.folders);
  const programs = PAGES.flatMap(({ blocks }) => blocks).filter(
    ({ language }) => language === 'js',
  );
  expect(programs.length).toBeGreaterThan(ALL ? 2 : 0);
  const files = programs.map(({ page, line, text }) => {
    const file = `${page.replace(/\W/g, '-')}-${line}.js`;
    workplace.write(file, text);
    return file;
  });
  const modules = join(PACKAGE_ROOT, 'node_modules');
  const flags = '--allowJs --checkJs --noEmit --strict --ignoreConfig --skipLibCheck';
  const target = '--target es2023 --module nodenext --types node';
  const args = [...flags.split(' '), ...target.split(' '), '--typeRoots', join(modules, '@types')];
  const tsc = join(modules, 'typescript', 'bin', 'tsc');
  const cwd = workplace.folder;
  const { stdout } = spawnSync(process.execPath, [tsc, ...args, ...files], {
    cwd,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
});

describe('the comparison of outputs', () => {
  const TABLE = [
    'unit         counted     ─ emulated here: ns ─',
    'operation     devmap      devmap  ratio [95 %]',
    'write fault    1,024        1.23  1.20× [1.1, 1.3]',
    'in all 7',
  ].join('\n');

  test.each([
    ['a count that differs', TABLE.replace('1,024', '1,025'), 'write fault 1,024'],
    [
      'a heading that differs',
      TABLE.replace('devmap  ratio', 'refcount  ratio'),
      'operation devmap',
    ],
    ['a line that is gone', TABLE.replace('\nin all 7', ''), 'in all 7'],
    ['a line more', `${TABLE}\nand 8`, 'nothing more'],
    ['other words', TABLE.replace('in all', 'in sum'), 'in all 7'],
  ])('finds %s', (_, printed, expected) => {
    expect(firstDifference(TABLE, printed)).toContain(expected);
  });

  test('takes other times for the same', () => {
    const other = TABLE.replace('1.23', '   77').replace('1.20× [1.1, 1.3]', '0.9× [0.8, 1.0]');
    expect(firstDifference(TABLE, other)).toBeUndefined();
  });

  test('… leaves out lines, at the end of one the rest of it, and nothing else', () => {
    expect(firstDifference('…\nin all…', TABLE)).toBeUndefined();
    expect(firstDifference('…\nin all 8', TABLE)).toContain('in all 8');
    expect(firstDifference(TABLE.split('\n').slice(0, 3).join('\n'), TABLE)).toContain(
      'nothing more',
    );
  });
});

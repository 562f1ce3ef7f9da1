// The Markdown report, as a mail shows it; and the commands that make reports.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain } from '../../host/measure/functionFamilies.ts';
import { hotPairs } from '../../host/measure/hotFunctions.ts';
import { htmlReport } from '../../host/report/html/page.ts';
import { envelope, replayCommandLine } from '../../host/report/json.ts';
import { markdownReport } from '../../host/report/letter.ts';
import { ascii, markdownTable, wrap } from '../../host/report/markdown.ts';
import { makeReport } from '../../host/report/report.ts';
import type { Result } from '../../host/report/schema/result.ts';
import { daxstorm } from '../cli/spawn.ts';
import { type Saved, saveResults } from './results.ts';

const COMMANDS = [
  ['report', '--align', '2M', '--time', '0.2'],
  ['replay', '--align', '2M', '--time', '0.1'],
];

let saved: Saved;
beforeAll(async () => {
  saved = await saveResults(COMMANDS);
}, 300_000);
afterAll(() => rm(saved.folder, { recursive: true }));

describe('a cover letter', () => {
  let letter = '';
  beforeAll(() => {
    letter = markdownReport(makeReport(saved.results));
  });

  test('ASCII, 80 columns but for commands', () => {
    const lines = letter.split('\n').filter((line) => !line.startsWith('    '));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(letter).toMatch(/^[\x20-\x7e\n]*$/);
  });

  test('the kinds of number apart, recorded first', () => {
    const heads = letter.split('\n').filter((line) => line.startsWith('#'));
    expect(heads).toEqual([
      '# Device-DAX: devmap bit against refcounts',
      '## What refcounting costs (recorded)',
      '## Where refcounting wins (recorded)',
      '## How far predictions are off (predicted)',
      '## A recorded trace (recorded)',
      '## Page reference counting (counted)',
      '## A/B of the emulated steps (emulated here)',
      '## The emulated difference, step by step (emulated here)',
      '## Latency percentiles (emulated here)',
      '## Several threads (emulated here)',
      '## How it was made',
    ]);
    const emulated = letter.split('## A/B')[1] ?? '';
    expect(emulated.replaceAll('\n', ' ')).toContain('No claim about kernel time');
  });

  test('numbers, break-even, machine and the command that makes it again', () => {
    expect(letter).toMatch(
      /\| 2M {3}\| munmap, a 2M leaf +\| +214 \| +750 \| +3\.51x \| 1\.25x \|/,
    );
    expect(letter).toContain('2M unit, 1 page a pin call: equal at 2 pins per mapping');
    expect(letter).toMatch(/fingerprint\s[0-9a-f]{8}/);
    expect(letter).toContain('    daxstorm report --align 2M --time 0.2\n');
  });

  test('the split of one operation has room, of all of them has not', () => {
    expect(letter).not.toContain('struct page and rmap');
    const explanations = hotPairs('munmap', '2M').map(explain);
    const one = markdownReport(makeReport([{ ...envelope('explain'), explanations }]));
    expect(one).toMatch(/\| struct page and rmap \| +4\.50 \| +172 \| +\+167 \|/);
    expect(one).toMatch(/\| total +\| +223 \| +750 \| +\+527 \|/);
  });

  test('of a ladder the step that weighs most, in both orders', () => {
    expect(letter).toMatch(/\| 2M +\| fault +\| +50 \| +40 \| no look-up +\| +-20, -18 \|/);
  });

  test('tables line up as plain text', () => {
    for (const block of letter.split('\n\n').filter((each) => each.startsWith('|'))) {
      expect(new Set(block.split('\n').map((line) => line.length)).size).toBe(1);
    }
  });
});

describe('pieces', () => {
  test('tables escape bars and keep to ASCII', () => {
    const columns = [
      { title: 'a', align: 'left' },
      { title: 'ratio', align: 'right' },
    ] as const;
    expect(
      markdownTable(columns, [
        ['x|y', '1.5×'],
        ['z', '—'],
      ]),
    ).toBe(
      ['| a    | ratio |', '| ---- | ----: |', '| x\\|y |  1.5x |', '| z    |     - |'].join('\n'),
    );
    expect(ascii('6.12 → 7.3 ÷ −1')).toBe('6.12 -> 7.3 / -1');
  });

  test('wrapping keeps words whole', () => {
    expect(wrap('aa bb cc', 5)).toBe('aa bb\ncc');
    expect(wrap('abcdefgh ij', 5)).toBe('abcdefgh\nij');
  });

  test.each([
    [['compare', '--align', '2M', '--json', 'x.json'], 'daxstorm compare --align 2M'],
    [['compare', '--json', '--seed', '3'], 'daxstorm compare --seed 3'],
    [['compare', '--json', '-', '--time', '1'], 'daxstorm compare --time 1'],
    [['report', 'a b.json', '--html=x', '--markdown', 'y'], "daxstorm report 'a b.json'"],
    [['walk', '+3MiB'], 'daxstorm walk +3MiB'],
  ])('%j is typed again as %s', (args, typed) => {
    expect(replayCommandLine(args)).toBe(typed);
  });
});

describe('commands', () => {
  test('report of files, without an option: Markdown on stdout', async () => {
    const { status, stdout, stderr } = await daxstorm(['report', ...saved.files]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(markdownReport(makeReport(saved.results)));
  });

  test('a report as JSON is reported on like what it was made of', async () => {
    const [first = ''] = saved.files;
    const again = join(saved.folder, 'again.json');
    await daxstorm(['report', first, '--json', again]);
    const { stdout } = await daxstorm(['report', again]);
    expect(stdout).toBe((await daxstorm(['report', first])).stdout);
  });

  test('compare --markdown and --html write files beside the table', async () => {
    const [letter, page] = ['letter.md', 'page.html'].map((name) => join(saved.folder, name));
    const args = ['compare', '--align', '2M', '--size', '64MiB', '--time', '0.1'];
    const { status, stdout } = await daxstorm([
      ...args,
      ...['--markdown', letter as string, '--html', page as string],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2M units, 64 MiB device/);
    expect(readFileSync(letter as string, 'utf8')).toContain(`    daxstorm ${args.join(' ')}\n`);
    expect(readFileSync(page as string, 'utf8')).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  test('what was interrupted is marked', () => {
    const cut = saved.results.map((each) =>
      JSON.parse(JSON.stringify(each).replaceAll('"interrupted":false', '"interrupted":true')),
    ) as Result[];
    expect(htmlReport(makeReport(cut))).toContain('A/B, 2M units (interrupted)');
    expect(htmlReport(makeReport(saved.results))).not.toContain('(interrupted)');
  });
});

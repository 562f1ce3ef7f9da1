// What a terminal gets that a pipe does not: headings in colour, progress with the time left.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { progressLine, sayLeft } from '../../host/cli/output.ts';
import { emphasised, isStyled } from '../../host/cli/style.ts';
import { makePace } from '../../host/progress.ts';
import { MAIN } from './spawn.ts';

const ESC = '\u001b';
const hasScript = spawnSync('script', ['--version']).status === 0;

/** Runs a shell line on a pseudo-terminal; what the terminal got. */
function onTerminal(line: string, env: Readonly<Record<string, string>> = {}): string {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...clean } = process.env;
  const { stdout, status } = spawnSync('script', ['-qec', line, '/dev/null'], {
    encoding: 'utf8',
    env: { ...clean, TERM: 'xterm', ...env },
    timeout: 60_000,
  });
  expect(status).toBe(0);
  return stdout;
}

const daxstorm = (args: string): string => `'${process.execPath}' '${MAIN}' ${args}`;

describe.skipIf(!hasScript)('on a pseudo-terminal (needs script of util-linux)', () => {
  const EXPLAIN = 'explain munmap --align 2M';

  test('headings are bold, and so are those of help', () => {
    expect(onTerminal(daxstorm(EXPLAIN))).toContain(`${ESC}[1m`);
    expect(onTerminal(daxstorm('--help'))).toContain(`${ESC}[1mExamples:${ESC}[22m`);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, EXPLAIN],
    ['TERM=dumb', { TERM: 'dumb' }, EXPLAIN],
    ['--no-color', {}, `${EXPLAIN} --no-color`],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, EXPLAIN],
    ['--no-color, help', {}, '--no-color --help'],
  ])('none with %s', (_, env: Record<string, string>, args) => {
    expect(onTerminal(daxstorm(args), env)).not.toContain(`${ESC}[1m`);
  });

  test('an empty NO_COLOR says nothing', () => {
    expect(onTerminal(daxstorm(EXPLAIN), { NO_COLOR: '' })).toContain(`${ESC}[1m`);
  });

  test('each stream by itself: one piped, the other not', () => {
    expect(onTerminal(`${daxstorm(EXPLAIN)} | cat`)).not.toContain(`${ESC}[1m`);
    // Standard error is the terminal still.
    const line = `${daxstorm('storm --sise 1')} | cat`;
    expect(onTerminal(line)).toContain(`${ESC}[31mdaxstorm:${ESC}[39m`);
    expect(onTerminal(`${daxstorm('storm --sise 1')} 2>&1 >/dev/null | cat`)).not.toContain(ESC);
  });

  test('progress says what is done and the time left, and goes away', () => {
    const args = 'storm --align 2M --size 64MiB --time 1.2';
    const shown = onTerminal(`${daxstorm(args)} >/dev/null`);
    expect(shown).toMatch(/timing, \d+ turns of blocks, 1 s left/);
    expect(shown.endsWith(`\r${ESC}[K`)).toBe(true);
    expect(onTerminal(`${daxstorm(args)} >/dev/null`, { TERM: 'dumb' })).toBe('');
    expect(onTerminal(`${daxstorm(args)} 2>&1 >/dev/null | cat`)).toBe('');
  });

  test('several tables: the time left is that of all of them', () => {
    const args = 'compare --size 1GiB --align 2M --time 1 --latency';
    expect(onTerminal(`${daxstorm(args)} >/dev/null`)).toMatch(/2M: counting, \d s left/);
    const all = onTerminal(`${daxstorm('replay --time 1')} >/dev/null`);
    expect(all).toMatch(/replay 4K: counting, 3 s left/);
    expect(all).toMatch(/replay 1G: counting, 1 s left/);
  });
});

describe('rules', () => {
  const terminal = { isTTY: true };
  test.each<[string, boolean, boolean, Record<string, string>, readonly string[]]>([
    ['a terminal', true, true, {}, []],
    ['a pipe', false, false, {}, []],
    ['NO_COLOR', false, true, { NO_COLOR: '1' }, []],
    ['an empty NO_COLOR', true, true, { NO_COLOR: '' }, []],
    ['a dumb terminal', false, true, { TERM: 'dumb' }, []],
    ['FORCE_COLOR on a pipe', true, false, { FORCE_COLOR: '1' }, []],
    ['FORCE_COLOR=0', false, true, { FORCE_COLOR: '0' }, []],
    ['FORCE_COLOR before NO_COLOR', true, false, { FORCE_COLOR: '1', NO_COLOR: '1' }, []],
    ['--no-color before all', false, true, { FORCE_COLOR: '1' }, ['--no-color']],
  ])('%s: %s', (_, styled, isTTY, env, args) => {
    expect(isStyled(isTTY ? terminal : {}, { env, args })).toBe(styled);
  });

  test('only headings and rules are emphasised', () => {
    const text = 'title\n── a ──  ─── b ───\nx  1\n\nnext\ny';
    const plain = emphasised(text).replaceAll(new RegExp(`${ESC}\\[\\d+m`, 'g'), '');
    expect(plain).toBe(text);
    expect(emphasised(text)).toContain(`${ESC}[1mtitle${ESC}[22m`);
    expect(emphasised(text)).toContain('\nx  1\n');
  });

  test('seconds as people say them', () => {
    expect([0.2, 59.4, 60, 125].map(sayLeft)).toEqual(['1 s', '59 s', '1 min 0 s', '2 min 5 s']);
  });

  test('a line fits its terminal, the time left whole', () => {
    const line = progressLine('a long text about what is being done', 12, 30);
    expect(line).toHaveLength(29);
    expect(line.endsWith('…, 12 s left')).toBe(true);
    expect(progressLine('short', undefined, 30)).toBe('short');
  });

  test('the pace of equal parts', () => {
    let now = 0;
    const pace = makePace(4, () => now);
    expect(pace(0)).toBeUndefined();
    now = 2000;
    expect(pace(1)).toBe(6);
    now = 8000;
    expect(pace(4)).toBe(0);
  });
});

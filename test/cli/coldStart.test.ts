// What a command loads before it can answer: help waits for no emulator, no schema, no data.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../host/cli/commands.ts';
import { daxstorm } from './spawn.ts';

/** Scripts and Wasm that a command loads, as V8's own coverage lists them. */
async function loads(args: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-coverage-'));
  try {
    const { status } = await daxstorm(args, undefined, { env: { NODE_V8_COVERAGE: folder } });
    expect(status).toBe(0);
    const [file = ''] = readdirSync(folder);
    const { result } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
      readonly result: readonly { readonly url: string }[];
    };
    return result.map(({ url }) => url).filter((url) => !url.startsWith('node:'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([[['--help']], [['--version']]])(
  '%s loads a handful of modules and no Wasm',
  async (args) => {
    const urls = await loads(args);
    const own = urls.flatMap((url) => /\/dist\/host\/(.+)\.js$/.exec(url)?.[1] ?? []);
    expect(own.sort()).toEqual([
      'cli/command',
      'cli/commands',
      'cli/context',
      'cli/failure',
      'cli/main',
      'cli/output',
      'cli/program',
      'cli/style',
      'error',
      'root',
      'suggest',
      'wholeFile',
    ]);
    const packages = urls.flatMap((url) => /\/node_modules\/([^/]+)\//.exec(url)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual(['commander', 'fastest-levenshtein']);
    expect(urls.filter((url) => url.startsWith('wasm:'))).toEqual([]);
  },
);

test('a command loads no module of another command', async () => {
  const urls = await loads(['storm', '--align', '2M', '--size', '4MiB', '--time', '0.01']);
  expect(urls.filter((url) => url.includes('/cli/')).length).toBeGreaterThan(5);
  expect(urls.filter((url) => url.endsWith('/cli/gate.js'))).toEqual([]);
});

test('every command says what its entry in the list says', async () => {
  const { stdout } = await daxstorm(['--help']);
  const words = stdout.replace(/\s+/g, ' ');
  for (const { name, summary, hidden } of COMMANDS)
    expect(words.includes(` ${name} ${summary} `), name).toBe(!hidden);
});

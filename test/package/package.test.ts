// The package as people get it: packed, installed in an empty folder with the npm cache as the only
// source, its command and its library run there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { readPage } from '../docs/page.ts';
import { pack, writeConsumer } from './consumer.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'daxstorm-package-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function run(command: string, args: readonly string[]) {
  const env = { ...process.env, NODE_PATH: '' };
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: FOLDER,
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

const packed = pack(FOLDER);
writeConsumer(FOLDER, packed);
const installed = run('npm', ['ci', '--offline', '--no-audit', '--no-fund']);
const cacheLacks = /ENOTCACHED/.test(installed.stderr);
if (cacheLacks) {
  process.stderr.write('the npm cache lacks dependencies: the package is not installed (npm ci)\n');
}

describe('the tarball', () => {
  const paths = packed.files.map(({ path }) => path);

  test('holds what its exports, its bin and its builds on demand name, and the licences', () => {
    const needed = ['host/index.js', 'host/index.d.ts', 'host/browser.d.ts', 'host/cli/main.js'];
    const kernels = ['devmap', 'refcount', 'refcount-6.15'];
    const wasm = kernels.flatMap((kernel) =>
      ['counted', 'timed-line', 'timed-packed', 'unshared'].map(
        (kind) => `wasm/${kernel}-${kind}.wasm`,
      ),
    );
    const browser = ['browser/daxstorm.js', 'browser/LICENCES.txt'];
    const sources = [
      'asconfig.json',
      'assembly/index.ts',
      'build/compile.mjs',
      'build/sources.mjs',
    ];
    const all = [...[...needed, ...wasm, ...browser].map((path) => `dist/${path}`), ...sources];
    expect(all.filter((path) => !paths.includes(path))).toEqual([]);
    expect(paths.filter((path) => path.endsWith('.wasm')).length).toBe(wasm.length);
  });

  test('holds no test, no benchmark, nothing left of a source that is gone', () => {
    expect(paths.filter((path) => /(^|\/)(test|bench)\/|\.(map|wat|hash|tgz)$/.test(path))).toEqual(
      [],
    );
    const compiled = paths.filter((path) => /^dist\/host\/.*\.js$/.test(path));
    const source = (path: string): string =>
      join(PACKAGE_ROOT, path.replace('dist/', '').replace(/js$/, 'ts'));
    expect(compiled.length).toBeGreaterThan(100);
    expect(compiled.filter((path) => !existsSync(source(path)))).toEqual([]);
  });

  test('is below 1 MiB', () => {
    expect(packed.size).toBeLessThan(2 ** 20);
  });
});

describe.skipIf(cacheLacks)('installed', () => {
  test('npm had nothing to say against it', () => {
    expect(installed.stderr).toBe('');
    expect(installed.status).toBe(0);
  });

  test('daxstorm --help', () => {
    const { status, stdout, stderr } = run('npx', ['--no', '--', 'daxstorm', '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: daxstorm/m);
  });

  test('a storm', () => {
    const args = ['storm', '--align', '2M', '--size', '16MiB', '--time', '0.01', '--json'];
    const { status, stdout } = run('npx', ['--no', '--', 'daxstorm', ...args]);
    expect(status).toBe(0);
    const { counts } = JSON.parse(stdout);
    expect([counts.fault.devmap.rmws, counts.fault.refcount.rmws]).toEqual([0, 32]);
  });

  test('the gate, against the baseline that ships', () => {
    const args = ['gate', '--filter', '2M sequential'];
    const { status, stdout } = run('npx', ['--no', '--', 'daxstorm', ...args]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('ok')]);
  });

  test('a build on demand says what it needs', () => {
    const args = ['ladder', '--align', '2M', '--size', '16MiB', '--time', '0.01'];
    const { status, stderr } = run('npx', ['--no', '--', 'daxstorm', ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/; npm install assemblyscript@0\.28 \[E_NOT_BUILT\]\n$/);
  });

  test('the first example of docs/library.md', () => {
    const { blocks } = readPage('docs/library.md');
    const first = blocks.findIndex(({ language }) => language === 'js');
    const [code = '', output = ''] = blocks.slice(first).map(({ text }) => `${text}\n`);
    expect(code).toContain("from 'daxstorm'");
    writeFileSync(join(FOLDER, 'example.js'), code);
    expect(run(process.execPath, ['example.js'])).toEqual({
      status: 0,
      stdout: output,
      stderr: '',
    });
  });

  test('types of both entries, as Node and as bundlers resolve them', () => {
    const program = `
      import { Machine, compare, plan, gate, replay, validate, countStorm, DaxError } from 'daxstorm';
      import * as page from 'daxstorm/browser';
      const machine: Machine = new Machine({ kernel: 'refcount', align: '2M', sizeBytes: 2 ** 26 });
      const pins: number = machine.page(0).folio?.pincount ?? 0;
      const only: number | undefined = countStorm({ align: '4K' }, ['devmap']).phases[0]?.counts.devmap.rmws;
      // @ts-expect-error refcount was not asked for
      countStorm({ align: '4K' }, ['devmap']).phases[0]?.counts.refcount;
      // @ts-expect-error no such unit
      new Machine({ kernel: 'devmap', align: '3M', sizeBytes: 1 });
      // @ts-expect-error Node's alone
      page.compare;
      export const all = [pins, only, compare, plan, gate, replay, validate, DaxError, page.loadCores];`;
    writeFileSync(join(FOLDER, 'consumer.ts'), program);
    const tsc = join(PACKAGE_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const common = ['--noEmit', '--strict', '--target', 'es2023', '--ignoreConfig', 'consumer.ts'];
    for (const [module, resolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ] as const) {
      const args = [tsc, '--module', module, '--moduleResolution', resolution, ...common];
      const { status, stdout } = run(process.execPath, args);
      expect([status, stdout]).toEqual([0, '']);
    }
  });
});

// House rules that no linter knows: sizes, who imports whom, what must never be committed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../host/root.ts';
import { ALL_MUTANTS } from './mutants/list.mjs';

const FILE_LINES_MAX = 400;
const LINE_MAX = 100;
const FUNCTION_LINES_MAX = 70;

/** Files git tracks or would: what is ignored is not the project. */
function projectFiles(): readonly string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: PACKAGE_ROOT, encoding: 'utf8' });
  return listed.split('\n').filter((name) => name !== '' && existsSync(join(PACKAGE_ROOT, name)));
}

function read(name: string): string {
  return readFileSync(join(PACKAGE_ROOT, name), 'utf8');
}

const FILES = projectFiles();
const CODE = FILES.filter((name) => /\.(ts|mjs)$/.test(name));
const ASSEMBLY = CODE.filter((name) => name.startsWith('assembly/'));

/** `import` and `export ... from` targets of a file. */
function imports(name: string): readonly string[] {
  return [...read(name).matchAll(/\bfrom '([^']+)'/g)].map(([, target = '']) => target);
}

/** Top-level functions and methods longer than the limit, as `name: lines`. */
function longFunctions(name: string): readonly string[] {
  const found: string[] = [];
  const lines = read(name).split('\n');
  lines.forEach((line, i) => {
    const start =
      /^( *)(?:@inline )?(?:export )?(?:async )?(?:function \w+|[\w#]+\(.*\).*\{$)/.exec(line);
    if (!start || /^\s*(if|for|while|switch|return|describe|test|expect|table)\b/.test(line))
      return;
    const end = lines.findIndex((each, j) => j > i && each === `${start[1]}}`);
    if (end - i + 1 > FUNCTION_LINES_MAX)
      found.push(`${name}: ${line.trim()}: ${end - i + 1} lines`);
  });
  return found;
}

describe('sizes', () => {
  test(`no code file over ${FILE_LINES_MAX} lines`, () => {
    expect(CODE.filter((name) => read(name).split('\n').length > FILE_LINES_MAX + 1)).toEqual([]);
  });

  test(`no line of the core over ${LINE_MAX} columns (the formatter sees to the rest)`, () => {
    const long = ASSEMBLY.flatMap((name) =>
      read(name)
        .split('\n')
        .flatMap((line, i) => ([...line].length > LINE_MAX ? [`${name}:${i + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  test(`no function over ${FUNCTION_LINES_MAX} lines`, () => {
    expect(CODE.flatMap(longFunctions)).toEqual([]);
  });
});

/* From the bottom up: a folder imports itself and those before it. */
const LAYERS = [
  ['host/wasm'],
  ['host/syscall'],
  ['host/proc'],
  ['host/measure', 'host/storm', 'host/trace'],
  ['host/scenario'],
  ['host/compare', 'host/cost', 'host/hazard'],
  ['host/gate', 'host/plan', 'host/doctor'],
  ['host/report'],
  ['host/sweep'],
  ['host/cli', 'host/library'],
];

function layerOf(path: string): number {
  return LAYERS.findIndex((folders) => folders.some((folder) => path.startsWith(`${folder}/`)));
}

describe('walls', () => {
  test('the core imports nothing outside itself', () => {
    const outside = ASSEMBLY.flatMap((name) =>
      imports(name).filter((from) => !/^\.\/\w+$/.test(from)),
    );
    expect(outside).toEqual([]);
  });

  test('host folders import downwards only', () => {
    const upward = CODE.filter((name) => name.startsWith('host/')).flatMap((name) =>
      imports(name)
        .filter((from) => from.startsWith('.'))
        .map((from) => join(name, '..', from))
        .filter((target) => layerOf(target) > layerOf(name) && layerOf(name) >= 0)
        .map((target) => `${name} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('only host/wasm and host/syscall know bank addresses', () => {
    const knows = CODE.filter((name) => name.startsWith('host/')).filter((name) =>
      imports(name).some((from) => from.endsWith('/abi.ts')),
    );
    expect(knows.filter((name) => !/^host\/(wasm|syscall)\//.test(name))).toEqual([]);
  });

  test('the reference model imports neither the core nor the host', () => {
    const model = CODE.filter((name) => name.startsWith('test/model/reference/'));
    const wrong = model.filter((name) => imports(name).some((from) => /assembly|host/.test(from)));
    expect(wrong).toEqual([]);
  });

  test('no code outside test reads a fixture', () => {
    const wrong = CODE.filter((name) => !name.startsWith('test/') && /fixtures/.test(read(name)));
    expect(wrong).toEqual([]);
  });
});

describe('mutants', () => {
  test('the text that each changes is in the core once', () => {
    const lost = ALL_MUTANTS.filter(
      ({ file, find }) => read(`assembly/${file}`).split(find).length !== 2,
    );
    expect(lost.map(({ name }) => name)).toEqual([]);
  });
});

describe('what is committed', () => {
  test('nothing generated', () => {
    expect(
      FILES.filter((name) => /\.(wasm|wat|tsbuildinfo)$|(^|\/)dist\/|wasm\/abi\.ts$/.test(name)),
    ).toEqual([]);
  });

  test('no unfinished note without an issue number', () => {
    const note = /\b(TODO|FIXME|XXX)\b(?!.*#\d)/;
    expect(CODE.filter((name) => name !== 'test/tidy.test.ts' && note.test(read(name)))).toEqual(
      [],
    );
  });

  test('the lockfile names no host', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"/);
  });

  test('every folder at the top is in the README', () => {
    const folders = new Set(
      FILES.flatMap((name) => (name.includes('/') ? [name.split('/')[0]] : [])),
    );
    const readme = read('README.md');
    expect([...folders].filter((name) => !readme.includes(`\`${name}/\``))).toEqual([]);
  });
});

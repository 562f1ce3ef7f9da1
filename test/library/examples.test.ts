// What the docstrings show is what happens; test/docs does so for docs/library.md. Runs the built package
// by its own name, as a program that has it installed would.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';

/** Runs a module in the package's folder, where `daxstorm` is the package itself. */
function run(source: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-'], {
    cwd: PACKAGE_ROOT,
    input: source,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Examples of docstrings: a line `x; // → y` says what x is, in words after a colon. */
function docstrings(): readonly { readonly file: string; readonly lines: readonly string[] }[] {
  const folder = join(PACKAGE_ROOT, 'host', 'library');
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return [...text.matchAll(/@example\n((?: \* .*\n)+)/g)].map(([, block = '']) => ({
      file,
      lines: block
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^ \* /, '')),
    }));
  });
}

describe('docstrings', () => {
  const examples = docstrings();

  test('each function and Machine has an example', () => {
    expect(examples.map(({ file }) => file)).toEqual([
      'compare.ts',
      'gate.ts',
      'machine.ts',
      'plan.ts',
      'storm.ts',
    ]);
  });

  test.each(examples)('$file', ({ lines }) => {
    let claims = 0;
    const checked = lines.map((line) => {
      const claim = /^(.+); \/\/ → ([^:]+)(:.*)?$/.exec(line);
      if (!claim) return line;
      claims += 1;
      return `assert.deepEqual(${claim[1]}, ${claim[2]});`;
    });
    expect(claims).toBeGreaterThan(0);
    const imports = `import assert from 'node:assert/strict';
      import { compare, countStorm, gate, Machine, MIB, plan } from 'daxstorm';`;
    expect(run([imports, ...checked].join('\n'))).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

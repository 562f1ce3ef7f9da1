// What developers run by npm run NAME --: bad input is one line and exit status 2 there too.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';

const { scripts } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));

const CASES: readonly (readonly [script: string, args: string, says: string])[] = [
  ['bench:native', '--align 3K', "align '3K' is not a device-DAX unit of x86-64"],
  ['conformance', '--truth /nowhere', "'/nowhere' holds no matrix-*.jsonl"],
  ['fuzz', '--kernel refcont', 'did you mean refcount?'],
  ['fuzz', '--ops nothing', '--ops is not JSON'],
  ['gate:proof', '--time 0', "--time '0' is not a number above 0"],
  ['mutants', '--jobs 0', "--jobs '0' is not a whole number from 1 to 64"],
  ['race', '--thread 2', 'Did you mean --threads?'],
  ['race', '--threads 17', "--threads '17' is not a whole number from 1 to 16"],
  ['selfcheck', '--frobnicate', 'see npm run selfcheck -- --help'],
];

test.each(CASES)('npm run %s -- %s', (script, args, says) => {
  // Without the set-up that the script begins with: it is done.
  const program = scripts[script].split('&& node ').at(-1);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args.split(' ')], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toContain(says);
  expect(stderr).toMatch(new RegExp(`^npm run ${script}: .+ \\[E_[A-Z_]+\\]\n$`));
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});

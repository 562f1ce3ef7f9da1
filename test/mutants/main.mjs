// npm run mutants [-- --only TEXT]: breaks the core in each of the listed ways, and runs the tests that
// look at counted builds on it. A mutant that they do not notice survives: exit status 1.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILDS, KERNELS } from '../../build/builds.mjs';
import { compileFrom } from '../../build/compile.mjs';
import { ROOT } from '../../build/sources.mjs';
import { breakCore } from './break.mjs';
import { MUTANTS } from './list.mjs';

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** The builds that the tests run, and those that host/wasm/made.ts would make for them. */
const COUNTED = BUILDS.filter(({ count }) => count).flatMap((build) => {
  if (build.kernel === 0) return [build];
  const name = `made-${KERNELS[build.kernel]}-full-steps${build.steps}-plain-counted-unguarded`;
  return [build, { ...build, name, guard: /** @type {const} */ (0) }];
});

/** Tests of counted builds alone: those that also run timed builds would see any difference at all. */
const TESTS = [
  'test/unit/events',
  'test/unit/leaf.test.ts',
  'test/unit/identity.test.ts',
  'test/unit/mmap.test.ts',
  'test/unit/mremap.test.ts',
  'test/unit/looks.test.ts',
  'test/unit/syscalls.test.ts',
  'test/unit/cases',
  'test/unit/guard.test.ts',
  'test/unit/overflow.test.ts',
  'test/fault',
  'test/conformance',
  'test/model/model.test.ts',
  'test/scenario/program.test.ts',
];

/** A mutant may loop for ever: that is noticed too. */
const LIMIT_MS = 120_000;

/** Ends what is under way: vitest and its workers, which a looping mutant would outlive. */
let endTests = () => {};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endTests();
    process.exit(130);
  });
}

/**
 * @param {string} folder
 * @returns {Promise<boolean>} whether the tests pass on the builds in the folder
 */
function testsPass(folder) {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--bail', '1', '--reporter', 'dot', ...TESTS];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: 'ignore',
      env: { ...process.env, DAXSTORM_WASM_DIR: folder },
      // A process group of its own, so that one signal reaches the workers.
      detached: true,
    });
    endTests = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    const timer = setTimeout(endTests, LIMIT_MS);
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      endTests();
      resolve(status === 0);
    });
  });
}

/**
 * @param {Mutant | undefined} mutant none: the core as it is, on which the tests must pass
 * @returns {Promise<boolean>} whether the tests pass on it
 */
async function survives(mutant) {
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-mutant-'));
  try {
    if (mutant) breakCore(mutant, folder);
    for (const build of COUNTED) {
      await compileFrom(build, mutant ? folder : ROOT, join(folder, `${build.name}.wasm`));
    }
    return await testsPass(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const chosen = MUTANTS.filter(({ file, name }) => `${file}: ${name}`.includes(values.only));
if (!(await survives(undefined))) {
  process.stdout.write('the tests fail on the core as it is; mend that first\n');
  process.exit(1);
}
let killed = 0;
for (const mutant of chosen) {
  const alive = await survives(mutant);
  if (!alive) killed += 1;
  process.stdout.write(`${alive ? 'SURVIVED' : 'killed  '}  ${mutant.file}: ${mutant.name}\n`);
}
process.stdout.write(`${killed} of ${chosen.length} mutants killed\n`);
process.exitCode = killed === chosen.length ? 0 : 1;

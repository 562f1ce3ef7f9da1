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
import { ALL_MUTANTS, RUN_MUTANTS, THREAD_MUTANTS } from './list.mjs';

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** The builds that the tests run, and those that host/wasm/made.ts would make for them. */
const COUNTED = BUILDS.filter(({ count }) => count).flatMap((build) => {
  if (build.kernel === 0) return [build];
  const name = `made-${KERNELS[build.kernel]}-full-steps${build.steps}-plain-counted-unguarded`;
  return [build, { ...build, name, guard: /** @type {const} */ (0) }];
});

/** The counted builds beside those of packed records, for mutants of these alone. */
const PACKED = BUILDS.filter(({ count }) => count).flatMap((build) => {
  const name = `made-${KERNELS[build.kernel]}-full-steps${build.steps}-plain-packed-counted`;
  return [build, { ...build, name, records: /** @type {const} */ (1) }];
});

/**
 * Tests of counted builds alone: those that also run timed builds would see any difference at all. The
 * quick ones first: what they notice need not wait for the others.
 */
const QUICK_TESTS = [
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
  'test/scenario/program.test.ts',
];
const SLOW_TESTS = ['test/fault', 'test/conformance', 'test/model/model.test.ts'];
const PACKED_TESTS = ['test/model/packed.test.ts'];
/**
 * Of mutants that one thread cannot see: with more operations than in a quick test, some timed. On a
 * machine that does other work as well the races may not come, and a mutant survives by chance.
 */
const RACE_TESTS = ['test/race'];
const RACE_OPS = '1000000';

/**
 * @typedef {{
 *   readonly builds: readonly import('../../build/builds.mjs').Build[],
 *   readonly tests: readonly (readonly string[])[],
 * }} Suite builds that are broken, and the tests that must notice, in turn
 */

/** @type {Suite} */
const ONE_THREAD = { builds: COUNTED, tests: [QUICK_TESTS, SLOW_TESTS] };
/** @type {Suite} */
const PACKED_RECORDS = { builds: PACKED, tests: [PACKED_TESTS] };
/** Timed builds beside counted ones, which have no runs of faults and so stay whole. */
const RUN_TESTS = ['test/unit/run.test.ts'];
/** @type {Suite} */
const RUNS = { builds: BUILDS, tests: [RUN_TESTS] };
/** @type {Suite} */
const THREADS = { builds: BUILDS, tests: [RACE_TESTS] };

/**
 * @param {Mutant} mutant
 * @returns {Suite}
 */
function suiteOf(mutant) {
  if (mutant.packed) return PACKED_RECORDS;
  if (RUN_MUTANTS.includes(mutant)) return RUNS;
  return THREAD_MUTANTS.includes(mutant) ? THREADS : ONE_THREAD;
}

/**
 * A mutant may loop for ever: that is noticed too. It gets so many times what the unbroken core took,
 * for a test run beside other work is slower, and slowness kills no mutant.
 */
const LIMIT_TIMES = 4;
const LIMIT_MS_MIN = 120_000;

/** Ends what is under way: vitest and its workers, which a looping mutant would outlive. */
let endTests = () => {};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    endTests();
    process.exit(130);
  });
}

/** @typedef {'pass' | 'fail' | 'overrun'} Outcome */

/**
 * Runs tests on the builds in the folder.
 * @param {string} folder
 * @param {readonly string[]} tests
 * @param {number} limitMs ends them after so long, if it is not 0
 * @returns {Promise<Outcome>}
 */
function runTests(folder, tests, limitMs) {
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--bail', '1', '--reporter', 'dot', ...tests];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: 'ignore',
      env: { ...process.env, DAXSTORM_WASM_DIR: folder, DAXSTORM_RACE_OPS: RACE_OPS },
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
    let overrun = false;
    const end = () => {
      overrun = true;
      endTests();
    };
    const timer = limitMs ? setTimeout(end, limitMs) : undefined;
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      endTests();
      resolve(overrun ? 'overrun' : status === 0 ? 'pass' : 'fail');
    });
  });
}

/**
 * @param {Mutant | undefined} mutant none: the core as it is, on which the tests must pass
 * @param {Suite} suite
 * @param {number} limitMs
 */
async function outcome(mutant, suite, limitMs) {
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-mutant-'));
  try {
    if (mutant) breakCore(mutant, folder);
    for (const build of suite.builds) {
      await compileFrom(build, mutant ? folder : ROOT, join(folder, `${build.name}.wasm`));
    }
    for (const tests of suite.tests) {
      const end = await runTests(folder, tests, limitMs);
      if (end !== 'pass') return end;
    }
    return 'pass';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
/** @param {Mutant} mutant */
const isChosen = ({ file, name }) => `${file}: ${name}`.includes(values.only);
const chosen = ALL_MUTANTS.filter(isChosen);
const began = performance.now();
for (const suite of new Set(chosen.map(suiteOf))) {
  if ((await outcome(undefined, suite, 0)) === 'pass') continue;
  process.stdout.write('the tests fail on the core as it is; mend that first\n');
  process.exit(1);
}
const limitMs = Math.max(LIMIT_MS_MIN, LIMIT_TIMES * (performance.now() - began));
const WORDS = { pass: 'SURVIVED', fail: 'killed  ', overrun: 'overran ' };
const ends = { pass: 0, fail: 0, overrun: 0 };
for (const mutant of chosen) {
  const end = await outcome(mutant, suiteOf(mutant), limitMs);
  ends[end] += 1;
  process.stdout.write(`${WORDS[end]}  ${mutant.file}: ${mutant.name}\n`);
}
const seconds = Math.round(limitMs / 1000);
const overran = ends.overrun ? `, ${ends.overrun} of them by running over ${seconds} s` : '';
process.stdout.write(`${chosen.length - ends.pass} of ${chosen.length} mutants killed${overran}\n`);
process.exitCode = ends.pass === 0 ? 0 : 1;

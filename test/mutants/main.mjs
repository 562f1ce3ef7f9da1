// npm run mutants [-- --only TEXT] [--jobs N]: breaks the core in each of the listed ways, and runs the
// tests that must notice on it. A mutant that they do not notice survives, one that no longer
// compiles tests nothing: exit status 1. So many mutants at once as processors are there; those of threads
// one by one at the end, for they need an idle machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCompiler } from '../../build/compileAll.mjs';
import { ROOT } from '../../build/sources.mjs';
import { countOption } from '../../dist/host/cli/options.js';
import { makeTool, runTool } from '../../dist/host/cli/tool.js';
import { breakCore } from './break.mjs';
import { ALL_MUTANTS, THREAD_MUTANTS } from './list.mjs';
import { RACE_OPS, suiteOf } from './suites.mjs';

/** @typedef {import('./list.mjs').Mutant} Mutant */
/** @typedef {import('./suites.mjs').Suite} Suite */
/** @typedef {import('node:worker_threads').Worker} Worker */

/**
 * A mutant may loop for ever: that is noticed too. It gets so many times what the unbroken core took,
 * for a test run beside other work is slower, and slowness kills no mutant.
 */
const LIMIT_TIMES = 4;
const LIMIT_MS_MIN = 120_000;

/** Each ends what is under way: vitest and its workers, which a looping mutant would outlive. */
/** @type {Set<() => void>} */
const enders = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const end of enders) end();
    process.exit(130);
  });
}

/** @typedef {'pass' | 'fail' | 'overrun' | 'unbuilt'} Outcome unbuilt: it does not compile */

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
    const endTests = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    enders.add(endTests);
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
      enders.delete(endTests);
      resolve(overrun ? 'overrun' : status === 0 ? 'pass' : 'fail');
    });
  });
}

/**
 * Compiles the builds of a suite, one after the other; answers what the compiler says against it.
 * @param {Worker} compiler
 * @param {Suite} suite
 * @param {string} root of the core's sources
 * @param {string} folder of the builds
 */
async function compileAll(compiler, suite, root, folder) {
  for (const build of suite.builds) {
    compiler.postMessage({ build, root, out: join(folder, `${build.name}.wasm`) });
    const [error] = await once(compiler, 'message');
    if (error) return String(error);
  }
  return '';
}

/**
 * @param {Worker} compiler
 * @param {Mutant | undefined} mutant none: the core as it is, on which the tests must pass
 * @param {Suite} suite
 * @param {number} limitMs
 */
async function outcome(compiler, mutant, suite, limitMs) {
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-mutant-'));
  try {
    if (mutant) breakCore(mutant, folder);
    const error = await compileAll(compiler, suite, mutant ? folder : ROOT, folder);
    if (error) {
      process.stderr.write(`${error}\n`);
      return 'unbuilt';
    }
    // The core as it is must pass once.
    for (let run = 0; run < (mutant ? suite.runs : 1); run++) {
      for (const tests of suite.tests) {
        const end = await runTests(folder, tests, limitMs);
        if (end !== 'pass') return end;
      }
    }
    return 'pass';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {readonly Mutant[]} chosen */
async function failingOnTheCore(chosen) {
  const compiler = newCompiler();
  for (const suite of new Set(chosen.map(suiteOf))) {
    if ((await outcome(compiler, undefined, suite, 0)) === 'pass') continue;
    await compiler.terminate();
    return suite;
  }
  await compiler.terminate();
  return undefined;
}

const WORDS = { pass: 'SURVIVED', fail: 'killed  ', overrun: 'overran ', unbuilt: 'NO BUILD' };

/**
 * Breaks the core in each way, so many at once, and prints how each ended; how many ended in which way.
 * @param {readonly Mutant[]} chosen
 * @param {number} jobs
 * @param {number} limitMs
 */
async function breakAll(chosen, jobs, limitMs) {
  const left = [...chosen];
  const ends = { pass: 0, fail: 0, overrun: 0, unbuilt: 0 };
  const work = async () => {
    const compiler = newCompiler();
    for (let mutant = left.shift(); mutant; mutant = left.shift()) {
      const end = await outcome(compiler, mutant, suiteOf(mutant), limitMs);
      ends[end] += 1;
      process.stdout.write(`${WORDS[end]}  ${mutant.file}: ${mutant.name}\n`);
    }
    await compiler.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(jobs, chosen.length) }, work));
  return ends;
}

/** @param {{ only: string, jobs: number }} flags */
async function mutants({ only, jobs }) {
  const chosen = ALL_MUTANTS.filter(({ file, name }) => `${file}: ${name}`.includes(only));
  const began = performance.now();
  const failing = await failingOnTheCore(chosen);
  if (failing) {
    const tests = failing.tests.flat().join(' ');
    process.stdout.write(`${tests} fail on the core as it is; mend that first\n`);
    process.exitCode = 1;
    return;
  }
  const limitMs = Math.max(LIMIT_MS_MIN, LIMIT_TIMES * (performance.now() - began));
  /** @param {Mutant} mutant */
  const isOfThreads = (mutant) => THREAD_MUTANTS.includes(mutant);
  const others = await breakAll(
    chosen.filter((mutant) => !isOfThreads(mutant)),
    jobs,
    limitMs,
  );
  const ofThreads = await breakAll(chosen.filter(isOfThreads), 1, limitMs);
  const overruns = others.overrun + ofThreads.overrun;
  const killed = others.fail + ofThreads.fail + overruns;
  const seconds = Math.round(limitMs / 1000);
  const overran = overruns ? `, ${overruns} of them by running over ${seconds} s` : '';
  process.stdout.write(`${killed} of ${chosen.length} mutants killed${overran}\n`);
  process.exitCode = killed === chosen.length ? 0 : 1;
}

await runTool(
  makeTool('mutants')
    .option('--only <text>', 'those alone whose file or name has it', '')
    .addOption(countOption('jobs', 'mutants at once', 64).default(availableParallelism()))
    .action(mutants),
);

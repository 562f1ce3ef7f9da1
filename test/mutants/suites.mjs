// Which tests must notice a mutant, and on which builds.
import { BUILDS, KERNELS } from '../../build/builds.mjs';
import { RUN_MUTANTS, THREAD_MUTANTS } from './list.mjs';

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
/** Of mutants that one thread cannot see: with more operations than in a quick test, some timed. */
const RACE_TESTS = ['crew', 'gather', 'history', 'race'].map((name) => `test/race/${name}`);
export const RACE_OPS = '1000000';
/** A race comes by chance: a mutant survives when so many runs have passed. */
const RACE_RUNS = 3;

/**
 * @typedef {{
 *   readonly builds: readonly import('../../build/builds.mjs').Build[],
 *   readonly tests: readonly (readonly string[])[],
 *   readonly runs: number,
 * }} Suite builds that are broken, and the tests that must notice, in turn, in one of so many runs
 */

/** @type {Suite} */
const ONE_THREAD = { builds: COUNTED, tests: [QUICK_TESTS, SLOW_TESTS], runs: 1 };
/** @type {Suite} */
const PACKED_RECORDS = { builds: PACKED, tests: [PACKED_TESTS], runs: 1 };
/** Timed builds beside counted ones, which have no runs of faults and so stay whole. */
const RUN_TESTS = ['test/unit/run.test.ts'];
/** @type {Suite} */
const RUNS = { builds: BUILDS, tests: [RUN_TESTS], runs: 1 };
/** @type {Suite} */
const THREADS = { builds: BUILDS, tests: [RACE_TESTS], runs: RACE_RUNS };

/**
 * @param {Mutant} mutant
 * @returns {Suite}
 */
export function suiteOf(mutant) {
  if (mutant.packed) return PACKED_RECORDS;
  if (RUN_MUTANTS.includes(mutant)) return RUNS;
  return THREAD_MUTANTS.includes(mutant) ? THREADS : ONE_THREAD;
}

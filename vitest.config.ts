import { configDefaults, defineConfig } from 'vitest/config';
import { ALL } from './test/all.ts';

/** Whole files that are for `npm run test:all` alone. */
const SLOW = [
  'test/cli/completion.test.ts',
  'test/cli/cost.test.ts',
  'test/cli/interrupt.test.ts',
  'test/cli/plan.test.ts',
  'test/cli/scale.test.ts',
  'test/cli/terminal.test.ts',
  'test/sweep/cli.test.ts',
  'test/sweep/docs.test.ts',
];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(ALL ? [] : SLOW)],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that must finish in time.
    maxWorkers: 2,
  },
});

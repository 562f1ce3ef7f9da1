import { z } from 'zod';
import { PER } from '../../scenario/program.ts';
import * as common from './common.ts';

const id = z
  .string()
  .regex(/^[0-9a-f]{12}$/)
  .describe('of a scenario: a hash of what it says and of its seed, the same in every file');

const shard = z
  .object({ index: z.int().min(1), count: z.int().min(1) })
  .meta({ id: 'shard', description: 'which part of a sweep: index of count, from 1' });

const perKernel = <T extends z.ZodType>(value: T) => z.partialRecord(common.kernel, value);

const instructions = z.object({
  kernels: perKernel(z.number()).describe('guest instructions an operation'),
  ratios: perKernel(z.number()).describe("each further kernel's over the first's"),
});

const row = z.object({
  phase: common.phase,
  title: z.string(),
  per: z.enum(PER).describe('what an operation is'),
  counted: perKernel(common.kernelCount.extend({ events: common.seenEvents })),
  recorded: instructions.optional().describe('where just this was recorded in real kernels'),
  predicted: instructions
    .extend({ family: z.string(), error: common.errors.optional() })
    .optional()
    .describe('where it was not: what the cost model makes of the counts'),
});

const counted = z
  .object({
    id,
    title: z.string(),
    name: z.string().describe('the title without the combination'),
    combination: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .describe('of the matrix'),
    seed: common.seed,
    device: common.device,
    kernels: common.list(common.kernel),
    processes: z.number(),
    forks: z.number(),
    workload: common.workload,
    rows: common.list(row),
  })
  .meta({ id: 'countedScenario', description: 'one scenario, counted: the same on every machine' });

const time = z
  .object({
    ns: perKernel(common.ns).describe('median emulated nanoseconds an operation'),
    ratios: perKernel(common.estimate).describe('each further kernel over the first'),
    self: common.estimate.describe('the first kernel over itself'),
    p: z.number().optional().describe('signed-rank test of no difference, adjusted over the rows'),
  })
  .meta({ id: 'sweepTime', description: 'emulated steps alone: no claim about kernel time' });

const timing = z.object({
  seconds: z.number(),
  turns: z.number(),
  placements: z.number(),
  rows: common.list(time.nullable()).describe('of each row of the scenario; null: nothing to time'),
  whole: time.optional().describe('one round of all phases'),
});

const failure = z.object({ code: z.string(), message: z.string() });

const core = z
  .string()
  .describe('hash of the builds of the core: results of different cores are never put together');

const plan = {
  name: z.string(),
  files: common.list(z.string()).describe('the sweep as it was named'),
  seed: common.seed.optional().describe("in place of the files' own"),
  hash: z.string().describe('of all ids and titles together: equal sweeps, equal hashes'),
};

/** What a sweep is made of: sweep.json of its folder, and what --list and --status print. */
export const planBody = {
  ...plan,
  scenarios: common.list(
    z.object({
      id,
      title: z.string(),
      shard: shard.optional().describe('where it was asked for'),
      state: z.enum(['done', 'failed', 'left']).optional().describe('in the folder of results'),
    }),
  ),
};

/** One scenario of a sweep, done or failed: a file of its folder. */
export const partBody = {
  id,
  title: z.string(),
  shard,
  core,
  scenario: counted.optional(),
  timing: timing.optional().describe('on the machine of this file'),
  failure: failure.optional().describe('why there is no scenario'),
};

/** A whole sweep, merged. */
export const sweepBody = {
  sweep: z.object(plan),
  core,
  counts: z.string().describe('hash of the scenarios: equal counts, equal hashes'),
  scenarios: common.list(counted).describe('in the order of the files'),
  failures: common.list(failure.extend({ id, title: z.string() })),
  timings: common
    .list(
      z.object({
        machine: common.machine.omit({ load: true }),
        scenarios: common.list(timing.extend({ id })),
      }),
    )
    .describe('by machine, and never compared across machines'),
};

import { z } from 'zod';
import { FAMILIES } from '../../cost/operation.ts';
import * as common from './common.ts';

const per = z.enum(['touch', 'unit', 'call', 'leaf']).describe('what an operation is');

const byKernel = z.partialRecord(common.kernel, z.number());

const instructions = {
  kernels: byKernel.describe('guest instructions an operation'),
  ratios: byKernel.describe('each further kernel over the first'),
};

const time = z
  .object({
    ns: z.partialRecord(common.kernel, common.ns),
    ratios: z.partialRecord(common.kernel, common.estimate).describe('over the first kernel'),
    self: common.estimate.describe('the first kernel over itself'),
    p: z.number().optional().describe("Wilcoxon's, of no difference, Holm-adjusted"),
  })
  .meta({ id: 'scenarioTime', description: 'emulated time of one operation, or of a whole round' });

const row = z.object({
  phase: common.phase,
  title: z.string(),
  per,
  counted: z.partialRecord(common.kernel, common.kernelCount),
  recorded: z.object(instructions).optional().describe('in real kernels; absent if never recorded'),
  predicted: z
    .object({
      ...instructions,
      family: z.enum(FAMILIES),
      error: common.errors.optional().describe('of operations that the model has not seen'),
    })
    .optional()
    .describe('what the cost model makes of the counts, where nothing was recorded'),
  emulated: time.optional(),
});

const made = {
  title: z.string(),
  device: common.device,
  kernels: common.list(common.kernel),
  processes: z.int(),
  forks: z.int(),
  workload: common.workload,
  seed: common.seed,
};

/** Measured scenarios, a case each. */
export const runBody = {
  scenarios: common.list(
    z.object({
      ...made,
      description: z.string(),
      rows: common.list(row),
      whole: time.optional().describe('one round of all phases'),
      seconds: z.number(),
      turns: z.number(),
      placements: z.number(),
      interrupted: z.boolean(),
    }),
  ),
};

/** What would be measured. */
export const dryRunBody = {
  scenarios: common.list(
    z.object({
      ...made,
      phases: common.list(
        z.object({
          phase: common.phase,
          title: z.string(),
          operations: z.number(),
          per,
          streams: z.int().describe('op streams that it is made of'),
        }),
      ),
    }),
  ),
};

/** The scenarios that come with daxstorm. */
export const scenariosBody = {
  scenarios: common.list(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      description: z.string().optional(),
      cases: common.list(z.string()).describe('titles'),
    }),
  ),
};

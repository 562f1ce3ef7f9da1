import { z } from 'zod';
import { baselineSchema } from '../../gate/baseline.ts';
import { list } from './common.ts';

const estimate = z
  .object({ value: z.number(), low: z.number(), high: z.number() })
  .describe('with the bounds of its 95 % interval');

const rowFields = {
  path: z.string().describe('SCENARIO/KERNEL/OPERATION'),
  margin: z.number().describe('share by which head may be slower'),
  baseNs: estimate.describe('median emulated nanoseconds an operation, on this machine'),
  headNs: estimate,
  ratio: estimate.describe('head ÷ base'),
  self: estimate.describe('base ÷ base'),
  p: z.number().describe("Wilcoxon's, of no difference, Holm-adjusted"),
  pairs: z.number().int(),
  verdict: z.enum(['ok', 'improved', 'regression', 'inconclusive', 'unresolved']),
  morePairs: z.number().int().optional().describe('about how many more pairs would decide'),
};

const scenario = baselineSchema.shape.scenarios.element.shape;

const skipped = z.object({ skipped: z.string().describe('why this layer did not run') });

/** A gate's result as JSON, without the envelope. */
export const gateBody = {
  verdict: z.enum(['ok', 'inconclusive', 'regression', 'violation', 'interrupted']),
  seed: z.number().int(),
  violation: z.object({ path: z.string(), text: z.string() }).optional(),
  counts: z.union([
    skipped,
    z.object({
      baseline: z.string(),
      compared: z.number().int(),
      missing: list(z.string()).describe('not in the baseline, so not compared'),
      moves: list(
        z.object({
          path: z.string(),
          place: z.string(),
          event: z.string(),
          base: z.number().describe('total in the baseline'),
          head: z.number().describe('total now'),
          times: z.number().int().describe('operations that the totals are over'),
          allowed: z.string().optional().describe('what lets it pass; without it, it fails'),
        }),
      ),
      artifacts: baselineSchema.shape.artifacts.readonly(),
      scenarios: list(z.object({ ...scenario, operations: scenario.operations.readonly() })),
    }),
  ]),
  timing: z.union([
    skipped,
    z.object({
      base: z.string(),
      head: z.string(),
      doublings: z.number().int(),
      confirmSeed: z.number().int().optional(),
      rows: list(
        z.object({
          ...rowFields,
          confirmation: z
            .object(rowFields)
            .optional()
            .describe('the second run of a regression, in a fresh process'),
        }),
      ),
    }),
  ]),
};

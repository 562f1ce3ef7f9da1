import { z } from 'zod';
import { RECORDED_RELEASES } from '../../cost/model.ts';
import * as common from './common.ts';

const release = z.enum(RECORDED_RELEASES);
const error = z.number().describe('predicted ÷ observed − 1');

const predicted = z.object({
  release,
  align: common.align,
  op: z.string(),
  unit: z.string(),
  observed: z.number(),
  predicted: z.number(),
  error,
  standing: z.enum(['fitted', 'unseen', 'extrapolated']),
});

const unpriced = z.object({
  release: z.string(),
  align: z.string(),
  op: z.string(),
  reason: z.string(),
});

const ratio = z.object({
  align: common.align,
  op: z.string(),
  observed: z.number(),
  predicted: z.number(),
  error,
});

const step = z.object({
  align: z.string(),
  op: z.string(),
  toRefcount: z.number().describe('observed 6.16 ÷ 6.12'),
  since: z.number().describe('observed 7.3 ÷ 6.16'),
  predictedToRefcount: z.number().optional(),
  predictedSince: z.number().optional(),
});

const familyErrors = z.object({
  family: z.string(),
  fitted: common.errors.optional(),
  withoutOperation: common.errors.optional(),
  withoutFamily: common.errors.optional(),
  baseline: common.errors.optional(),
});

export const validateBody = {
  rows: common.list(predicted),
  unpriced: common.list(unpriced),
  ratios: common.list(ratio),
  steps: common.list(step),
  summary: z.object({
    all: common.errors.optional(),
    unseen: common.errors.optional(),
    extrapolated: common.errors.optional(),
    ratios: common.errors.optional(),
    ratiosWithin10: z.number().nullable().describe('share; null: there is no ratio'),
  }),
  parameters: common.list(z.object({ name: z.string(), meaning: z.string() })),
  models: common.list(
    z.object({
      release,
      instructions: z
        .record(z.string(), z.number().nullable())
        .describe('per event; null: no recording of that release has it'),
    }),
  ),
  crossValidation: common.list(z.object({ release, families: common.list(familyErrors) })),
};

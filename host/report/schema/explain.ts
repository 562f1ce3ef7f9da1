import { z } from 'zod';
import * as common from './common.ts';

const known = z
  .object({ devmap: z.number().optional(), refcount: z.number().optional() })
  .describe("absent: not among that kernel's fourteen largest functions");
const each = common.both(z.number());

const family = z.object({
  family: z.string(),
  instructions: known,
  functions: common.list(z.object({ name: z.string(), instructions: known })),
});

const explanation = z
  .object({
    op: z.string(),
    align: z.string(),
    families: common.list(family),
    user: each.describe("the program's own instructions"),
    rest: each.describe('not among the fourteen largest functions'),
    total: each,
    smallest: each.describe('the most that a function without a number can have'),
    ratio: z.number().describe('refcount ÷ devmap of the totals'),
  })
  .meta({ id: 'explanation', description: 'recorded instructions of one operation by function' });

export type ExplanationResult = z.infer<typeof explanation>;

export const explainBody = {
  operations: common
    .list(z.object({ op: z.string(), aligns: common.list(common.align) }))
    .optional()
    .describe('what can be explained; without an operation'),
  explanations: common.list(explanation).optional(),
};

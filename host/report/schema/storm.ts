import { z } from 'zod';
import { scenarioSchema } from '../../storm/scenario.ts';
import { OVERLAPS } from '../../wasm/core.ts';
import * as common from './common.ts';
import { latency } from './latency.ts';

const time = z.object({
  phase: common.phase,
  operations: z.number(),
  nsPerOperation: common.ns,
});

export const stormBody = {
  scenario: scenarioSchema,
  device: common.device,
  kernels: common.list(common.kernel),
  overlap: z.enum(OVERLAPS),
  workload: common.workload,
  counts: z
    .record(z.string(), z.partialRecord(common.kernel, common.kernelCount))
    .describe('by phase and kernel'),
  times: z.partialRecord(common.kernel, common.list(time)),
  turns: z.number(),
  memory: z.object({
    banks: z.number(),
    bytes: z.number().describe('of struct pages, page tables and what goes with them, touched'),
    prefaultSeconds: z.number().describe('touching it, before anything is timed'),
  }),
  seed: common.seed,
  interrupted: z.boolean(),
  latency: latency.optional(),
};

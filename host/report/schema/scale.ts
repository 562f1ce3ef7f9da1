import { z } from 'zod';
import { CREW_PATTERNS, MM_KINDS } from '../../storm/crewStorm.ts';
import * as common from './common.ts';

const point = z.object({
  threads: z.number(),
  nsPerOperation: common.ns.describe('of all threads together'),
  scaling: common.estimate.describe(
    'how many times the operations of one thread, in the same time',
  ),
  operations: z.number().describe('of the counted run'),
  casRetries: z.number().describe('races that struct-page counters lost in it'),
  lockWaits: z.number().describe('locks waited for in it'),
});

const curve = z.object({
  phase: common.phase,
  title: z.string(),
  kernel: common.kernel,
  points: common.list(point).describe('one a number of threads, from 1 on'),
});

const scale = z
  .object({
    device: common.device,
    mm: z.enum(MM_KINDS).describe('one address space together, or one each'),
    pattern: z.enum(CREW_PATTERNS).describe('which units the threads work on'),
    threads: z.number().describe('the most'),
    pinPages: z.number(),
    detail: z.enum(['pages', 'full']).describe('whether the timed builds emulate locks'),
    workload: common.workload,
    curves: common.list(curve),
    turns: z.number(),
    placements: z.number(),
    seed: common.seed,
    interrupted: z.boolean(),
  })
  .meta({ id: 'scale', description: 'what more threads do, emulated' });

export type ScaleResult = z.infer<typeof scale>;
export type ScaleCurveResult = z.infer<typeof curve>;

export const scaleBody = { scales: common.list(scale) };

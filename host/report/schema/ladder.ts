import { z } from 'zod';
import * as common from './common.ts';

const rung = z.object({
  step: z.string(),
  forwardNs: z.number().describe('what the step adds in the first order'),
  backwardNs: z.number().describe('and in the opposite one'),
  lowNs: z.number().describe("least over both orders' 95 % intervals"),
  highNs: z.number().describe('and most'),
});

const ladderPhase = z.object({
  phase: common.phase,
  title: z.string(),
  devmapNs: common.ns,
  refcountNs: common.ns,
  rungs: common.list(rung),
  wholeNs: z.number().describe('refcount less devmap: the sum of the rungs in either order'),
  spreadNs: z.number().describe('how far the two orders disagree: the widest rung'),
});

const verdict = z.object({
  phase: common.phase,
  title: z.string(),
  ratios: common.list(common.estimate).describe('refcount ÷ devmap, one a choice'),
  flips: common.list(z.string()).describe('choices whose sign is not that of the first sure one'),
});

const ladder = z
  .object({
    device: common.device,
    phases: common.list(ladderPhase),
    turns: z.number(),
    placements: z.number(),
    seed: common.seed,
    interrupted: z.boolean(),
    choices: common.list(z.string()).optional().describe('of modelling, the first the reference'),
    verdicts: common.list(verdict).optional(),
  })
  .meta({ id: 'ladder', description: 'the emulated difference, one step at a time' });

export type LadderResult = z.infer<typeof ladder>;
export type LadderPhaseResult = z.infer<typeof ladderPhase>;

export const ladderBody = { ladders: common.list(ladder) };

import { z } from 'zod';
import * as common from './common.ts';
import { comparison } from './compare.ts';

const priced = common.both(z.number()).optional();

const replay = z
  .object({
    align: common.align,
    sizeBytes: z.number(),
    traceFaults: z.number(),
    distinctPages: z.number(),
    placedFaults: z.number(),
    leaves: z.object({ read: z.number(), write: z.number(), written: z.number() }),
    recordedFaults: priced.describe('recorded instructions of the faults taken'),
    recordedUnmap: priced.describe('recorded instructions of unmapping the written leaves'),
    comparison,
  })
  .meta({ id: 'replay', description: 'one trace on a device of one unit size' });

export type ReplayResult = z.infer<typeof replay>;

export const replayBody = {
  trace: z.object({
    name: z.string(),
    faults: z.number(),
    skippedLines: z.number(),
    warnings: common.list(z.string()),
  }),
  replays: common.list(replay),
};

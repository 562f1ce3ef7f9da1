import { z } from 'zod';
import { PATTERNS } from '../../storm/pattern.ts';
import { RECORD_FORMATS } from '../../wasm/bank.ts';
import * as common from './common.ts';
import { latency } from './latency.ts';

const costPair = common.both(z.number());

const countedBreakEven = z
  .object({
    mapping: costPair.describe('mapping and unmapping one leaf'),
    pinning: costPair.describe('one pin call and its unpin'),
    mapDelta: z.number().describe('mapping: refcount less devmap'),
    pinGain: z.number().describe('pinning: devmap less refcount'),
    pins: z.number().optional().describe('pin calls per mapping at equal cost; absent: never'),
  })
  .meta({ id: 'breakEven' });

const breakEven = countedBreakEven.extend({
  pinPages: z.number().describe('4 KiB pages a pin call asks for'),
});

const emulated = z
  .object({
    devmapNs: common.ns,
    refcountNs: common.ns,
    ratio: common.estimate.describe('refcount ÷ devmap, each operation waiting for the one before'),
    natural: common.estimate.describe('refcount ÷ devmap, not waiting'),
    self: common.estimate.describe('devmap ÷ devmap: what this machine makes of no difference'),
    p: z.number().describe('signed-rank test of no difference, adjusted over the rows'),
    trendP: z.number().describe('trend over the second half of the run; small: never settled'),
  })
  .describe('emulated steps on this machine alone: no claim about kernel time');

const row = z.object({
  phase: common.phase,
  title: z.string(),
  operations: z.number(),
  touches: z.object({ first: z.number(), mapped: z.number() }).optional(),
  recorded: common.recordedCost.optional(),
  control: common.recordedCost.optional().describe('the same operation on memfd'),
  counted: common.both(common.kernelCount),
  emulated: emulated.optional(),
});

const shape = z
  .object({
    access: z.enum(['read', 'write']),
    pinPages: z.number(),
    pattern: z.enum(PATTERNS).optional(),
    strideUnits: z.number().optional(),
    pinCallsMax: z.number().optional(),
    namespace: z.boolean().optional(),
    ranges: z.number().optional().describe('physical ranges of the device'),
    align: common.align.optional(),
    sizeBytes: z.number().optional(),
    map: z.string().optional(),
    exponent: z.number().optional(),
    hotShare: z.number().optional(),
    touches: z.number().optional(),
    records: z.enum(RECORD_FORMATS).optional().describe('how the emulator kept struct pages'),
    seed: common.seed.optional(),
  })
  .describe("the storm's parameters");

export const comparison = z
  .object({
    device: common.device,
    shape,
    workload: common.workload,
    rows: common.list(row),
    breakEven: z.object({
      recorded: common.list(breakEven),
      counted: countedBreakEven.optional().describe('in read-modify-writes of struct pages'),
    }),
    seed: common.seed,
    seconds: z.number(),
    turns: z.number(),
    placements: z.number().describe('places in the bank that the turns were spread over'),
    interrupted: z.boolean(),
    latency: latency.optional(),
  })
  .meta({ id: 'comparison', description: 'one storm under both kernels' });

export type ComparisonResult = z.infer<typeof comparison>;
export type RowResult = z.infer<typeof row>;

export const compareBody = { comparisons: common.list(comparison) };

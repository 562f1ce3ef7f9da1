import { z } from 'zod';
import * as common from './common.ts';

const latencyNs = z.number().describe('emulated nanoseconds of single operations');

const row = z.object({
  phase: common.phase,
  title: z.string(),
  kernel: common.kernel,
  operations: z.number(),
  p50Ns: latencyNs,
  p90Ns: latencyNs,
  p99Ns: latencyNs,
  p999Ns: latencyNs,
  p9999Ns: latencyNs,
  maxNs: latencyNs,
  buckets: common.list(z.object({ belowNs: z.number(), count: z.number() })),
});

export const latency = z
  .object({
    device: common.device.optional(),
    clock: z.string().describe('what was read around each operation'),
    resolutionNs: z.number(),
    overheadNs: z.number().describe('of reading the clock'),
    rows: common.list(row),
  })
  .meta({ id: 'latency', description: 'how long single emulated operations took' });

export type LatencyResult = z.infer<typeof latency>;
export type LatencyRowResult = z.infer<typeof row>;

export const latencyBody = { latencies: common.list(latency) };

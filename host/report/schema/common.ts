import { z } from 'zod';
import { KERNEL_IDS, type KernelId } from '../../kernel.ts';
import { PHASE_NAMES } from '../../storm/phase.ts';
import { ALIGN_NAMES, type AlignName } from '../../units.ts';
import { RECORD_FORMATS } from '../../wasm/bank.ts';

/* What several kinds of result have. Objects are open: within a version fields are only ever added. */

export function list<T extends z.ZodType>(item: T) {
  return z.array(item).readonly();
}

/** One value for each of the two kernels that are compared. */
export function both<T extends z.ZodType>(value: T) {
  return z.object({ devmap: value, refcount: value });
}

export const align = z
  .enum(ALIGN_NAMES as [AlignName, ...AlignName[]])
  .describe('unit of the device');
export const kernel = z
  .enum(KERNEL_IDS as [KernelId, ...KernelId[]])
  .describe('kernel: a build of the core');
export const phase = z.enum(PHASE_NAMES);
export const seed = z.int().min(0).describe('seed of everything drawn at random');
export const workload = z
  .string()
  .describe('hash of the op streams: equal workloads, equal hashes');
export const ns = z.number().describe('emulated nanoseconds an operation, on this machine');

export const device = z
  .object({
    align,
    sizeBytes: z.number(),
    map: z.enum(['mem', 'dev']).describe('where struct pages live'),
    records: z
      .enum(RECORD_FORMATS)
      .optional()
      .describe('how the emulator kept struct pages; without it, as the kernel does: line'),
  })
  .meta({ id: 'device', description: 'the emulated device-DAX device' });

export const estimate = z
  .object({ value: z.number(), low: z.number(), high: z.number() })
  .meta({ id: 'estimate', description: 'an estimate with its 95 % interval' });

export const errors = z
  .object({
    rows: z.number(),
    median: z.number(),
    max: z.number(),
    within5: z.number().describe('share of rows within 5 %'),
    within15: z.number().describe('share of rows within 15 %'),
  })
  .meta({ id: 'errors', description: 'sizes of relative errors' });

export const recordedCost = z
  .object({ op: z.string(), devmap: z.number(), refcount: z.number(), ratio: z.number() })
  .meta({
    id: 'recordedCost',
    description: 'median guest instructions an operation, as recorded on real kernels',
  });

export const seenEvents = z
  .record(z.string(), z.number())
  .describe('events of the ledger, by name; those left out are 0');

export const kernelCount = z
  .object({
    operations: z.number(),
    failed: z.number(),
    events: z.record(z.string(), z.number()).describe('every event of the ledger, by name'),
    rmws: z.number().describe('lock-prefixed read-modify-writes of struct pages'),
  })
  .meta({ id: 'kernelCount', description: 'what one phase did on one kernel: exact' });

export const machine = z
  .object({
    id: z.string().describe('eight hex digits; times of different ids are never compared'),
    cpu: z.string(),
    cpus: z.number(),
    memoryBytes: z.number(),
    governor: z.string(),
    os: z.string(),
    node: z.string(),
    v8: z.string(),
    flags: list(z.string()),
    load: z.number().describe('load average over the last minute'),
  })
  .meta({ id: 'machine', description: 'fingerprint of the machine a result was made on' });

import { z } from 'zod';
import * as common from './common.ts';

const map = z.enum(['mem', 'dev']);
const share = z.number().describe('half-width of the 95 % interval, as a share');

const facts = z.object({
  cpu: z.string(),
  cpus: z.int().describe('processors that threads run on'),
  cores: z.int().describe('cores that they are the hardware threads of'),
  usableCpus: z.int().describe('processors that this process may use'),
  caches: common.list(z.string()),
  memoryBytes: z.number(),
  governor: z.string(),
  hugePages: z.string().describe('transparent huge pages: always, madvise or never'),
  clocksource: z.string(),
  virtual: z.boolean().describe('whether a hypervisor is below'),
  load: z.number(),
  os: z.string(),
  node: z.string(),
  flags: common.list(z.string()),
});

const resolution = z
  .object({
    align: common.align,
    sizeBytes: z.number(),
    seconds: z.number(),
    seed: common.seed,
    turns: z.number(),
    halfWidths: common.list(z.object({ operation: z.string(), share })),
    share: share.describe('the widest of the half-widths'),
  })
  .describe('one build of the core timed against itself');

export const doctorBody = {
  facts,
  clock: z.object({ resolutionNs: z.number(), costNs: z.number() }),
  limits: common.list(
    z
      .object({
        of: z.enum(['memory', 'commitment', 'addresses']),
        name: z.string(),
        freeBytes: z.number(),
        remedy: z.string(),
      })
      .describe('of memory'),
  ),
  capacities: common.list(
    z
      .object({
        align: common.align,
        map,
        records: z.enum(['line', 'packed']),
        sizeBytes: z.number(),
        banks: z.number(),
        bytes: z.number(),
        bound: z.string().describe('the name of a limit, or a bank, or a process'),
      })
      .describe('the largest device of a unit size and map'),
  ),
  builds: common.list(z.object({ name: z.string(), problem: z.string().optional() })),
  tools: common.list(
    z.object({
      name: z.string(),
      version: z.string().optional().describe('absent where it is not there'),
      neededFor: z.string(),
      remedy: z.string(),
    }),
  ),
  resolution: resolution.optional(),
  warnings: common.list(z.object({ what: z.string(), remedy: z.string() })),
};

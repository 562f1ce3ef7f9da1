import { z } from 'zod';
import * as common from './common.ts';

const hex = z.string().regex(/^0x[0-9a-f]+$/);

const step = z.object({
  level: z.enum(['pgd', 'p4d', 'pud', 'pmd', 'pte']),
  table: z.number().describe('physical address of the table'),
  slot: z.number().describe('which of its 512 entries'),
  entry: hex,
  kind: z.enum(['none', 'table', 'leaf']),
  flags: common.list(z.string()).describe('names of the bits set, low to high'),
});

const structPage = z
  .object({
    page: z.number().describe('device page number'),
    head: z.number().describe("its folio's head"),
    tail: z.boolean(),
    order: z.number(),
    refcount: z.number(),
    headRefcount: z.number(),
    mapcount: z.number().describe('raw: -1 is unmapped'),
    flags: hex,
    flagNames: common.list(z.string()),
    mapping: z.boolean(),
    index: z.number(),
    folio: z
      .object({
        entireMapcount: z.number(),
        largeMapcount: z.number(),
        nrPagesMapped: z.number(),
        pincount: z.number(),
        nrPages: z.number(),
      })
      .optional()
      .describe("the second page's counters; absent for order 0"),
  })
  .meta({ id: 'structPage' });

export const bug = z
  .object({
    code: z.string().describe('which of the bugs that the emulator reproduces'),
    kernel: common.kernel,
    process: z.number().optional(),
    address: hex.optional(),
    devicePage: z.number().optional(),
    count: z.number().describe('leaves, references or 4 KiB pages'),
    text: z.string(),
  })
  .meta({ id: 'bug', description: 'a bug of the emulated kernel that happened on the way' });

const walk = z
  .object({
    kernel: common.kernel,
    device: common.device,
    address: hex,
    steps: common.list(step),
    page: structPage.optional().describe('what the address reaches'),
    tail: structPage.optional().describe('a tail of the same folio, where `page` is its head'),
    bugs: common.list(bug),
  })
  .meta({ id: 'walk', description: 'one address through the page tables of one kernel' });

export type WalkResult = z.infer<typeof walk>;
export type StructPageResult = z.infer<typeof structPage>;

export const walkBody = { walks: common.list(walk) };

import { z } from 'zod';
import * as common from './common.ts';

const field = z.object({
  field: z.string().describe('of struct page, or a counter that a folio keeps in its second one'),
  values: common.list(z.string()).describe('after each step; own: each page has its own number'),
});

const pages = {
  first: z.number(),
  last: z.number(),
  fields: common.list(field).describe('those that some step changed'),
};

const pageRange = z
  .object(pages)
  .meta({ id: 'pageRange', description: 'neighbouring pages to which the same happened' });

const warnings = common.list(z.string()).describe('WARN_ON_ONCE of the kernel, and traps');

const guardRun = z
  .object({
    kernel: common.kernel,
    grab: z.enum(['get', 'pin']),
    leaf: z.string(),
    grabbed: z.number().describe('pages that one call answered'),
    warnings,
    ranges: common.list(
      z.object({
        ...pages,
        damage: z.enum(['overwritten', 'underflow', 'leaked', 'repaired', 'none']),
        refcountDelta: z.number().describe('_refcount at the end less what it was when bound'),
        zeroPuts: z.number().describe('puts that took the count to 0'),
        overwrittenAs: common.list(z.string()),
      }),
    ),
    again: z.object({ page: z.number(), grabbed: z.boolean(), warnings }),
  })
  .meta({ id: 'guardRun', description: 'a leaf mapped, its pages taken and given back, unmapped' });

const guard = z
  .object({
    align: common.align,
    kernel: common.kernel,
    firstPage: z.number(),
    pages: z.number(),
    unitPages: z.number(),
    refusal: z.object({
      kernel: common.kernel,
      signal: z.string(),
      warnings,
      leaf: z.boolean(),
      filePages: z.number(),
      ranges: common.list(pageRange),
    }),
    runs: common.list(guardRun),
  })
  .meta({ id: 'guard', description: 'huge leaves over order-0 folios, guarded and not' });

const compoundRun = z.object({
  kernel: common.kernel,
  guard: z.boolean(),
  tails: z.enum(['pointer', 'mask']),
  lookups: common.list(
    z.object({ page: z.number(), found: z.number(), isHead: z.boolean(), right: z.boolean() }),
  ),
  signal: z.string(),
  warnings,
  pinned: common.list(z.number()),
  ranges: common.list(pageRange),
});

const offsetRun = z.object({
  kernel: common.kernel,
  mmap: z.string(),
  touch: z.string(),
  leaf: z.string(),
  strayBits: z.string(),
  reachesByte: z.number(),
  askedByte: z.number(),
  index: z.number(),
  warnings,
});

export type GuardResult = z.infer<typeof guard>;
export type GuardRunResult = z.infer<typeof guardRun>;

export const guardBody = {
  hazard: z.enum(['order', 'compound', 'offset']).describe('which of the fields below is there'),
  order: guard.optional(),
  compound: z
    .object({
      namespaceBytes: z.object({ start: z.number(), size: z.number() }),
      dataStartBytes: z.number(),
      headsAt: common.list(z.number()),
      runs: common.list(compoundRun),
    })
    .optional()
    .describe('compound pages off their units'),
  offset: z
    .object({ align: common.align, offsetPages: z.number(), runs: common.list(offsetRun) })
    .optional()
    .describe('a huge mapping at an unaligned file offset'),
};

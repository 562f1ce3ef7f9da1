import { z } from 'zod';
import * as common from './common.ts';
import { bug } from './walk.ts';

const folio = {
  refcount: z.number(),
  mappings: z.number().describe('leaf entries that map it'),
  flags: common.list(z.string()),
  mapping: z.boolean(),
};

const answer = z.string().describe('`works`, or the errno or signal');

const unbind = z.object({
  vmas: z.number().describe('mappings that stay, empty'),
  leaves: z.number().describe('entries cleared'),
  flushes: z.number().describe('TLB flushes'),
  held: common.list(
    z.object({
      firstUnit: z.number(),
      units: z.number(),
      gets: z.number(),
      pins: z.number(),
    }),
  ),
  gets: z.number().describe('4 KiB pages still got'),
  pins: z.number().describe('4 KiB pages still pinned'),
  holders: common.list(
    z.object({
      process: z.number(),
      pin: z.boolean(),
      firstPage: z.number(),
      pages: z.number(),
    }),
  ),
});

const story = z
  .object({
    kernel: common.kernel,
    before: z.object({ ...folio, leaves: z.number(), rssBytes: z.number() }),
    unbind,
    pgmapReferences: z.number().describe('pgmap->ref: all that the unbind waits for'),
    after: z.object({
      mappings: z.number(),
      rssBytes: z.number(),
      touch: answer,
      mmap: answer,
      openHeld: answer.describe('open while the old file is held'),
      openFree: answer.describe('open after it is closed'),
    }),
    rebound: z.object({ ...folio, touch: answer }),
    bugs: common.list(bug),
  })
  .describe('what one kernel does of it');

export const unbindBody = {
  device: common.device,
  ranges: z.int(),
  pinPages: z.int(),
  stories: common.list(story),
};

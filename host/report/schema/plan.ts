import { z } from 'zod';
import { RECORDED_RELEASES } from '../../cost/model.ts';
import * as common from './common.ts';

const release = z.enum(RECORDED_RELEASES);
const map = z.enum(['mem', 'dev']).describe('where struct pages live');
const unit = z.object({ name: z.string(), bytes: z.number() });
const basis = z.enum(['recorded', 'predicted', 'extrapolated']).describe('how it is known');
const bytes = z.number().describe('bytes');

const region = z.object({
  name: z.string(),
  kind: z.enum(['pmem', 'dynamic']),
  sizeBytes: bytes,
  count: z.int(),
  interleave: z.int(),
  startBytes: bytes.optional(),
  labels: z.boolean(),
  bandwidthGBps: z.number().optional(),
});

const host = z
  .object({
    name: z.string(),
    regions: common.list(region),
    dramBytes: bytes.optional(),
    arch: z.string().optional(),
    basePage: z.string().optional(),
    processes: z.int(),
    tenants: z.int(),
    source: common.list(z.string()).describe('where a preset has its numbers from'),
    asOf: z.string().optional(),
    note: z.string().optional(),
  })
  .meta({ id: 'host', description: 'a host of device-DAX memory, and what runs on it' });

const device = z.object({
  region,
  map,
  startBytes: bytes,
  sizeBytes: bytes,
  spanBytes: bytes.describe('the part of it that has struct pages'),
  dataOffsetBytes: bytes.describe('where data begins in it'),
  usableBytes: bytes,
  pgmapReferences: z.number().optional().describe('that the driver holds on it'),
});

const layout = z.object({
  unit,
  map,
  devices: common.list(device),
  usableBytes: bytes,
  lostBytes: bytes.describe('of the regions, what no device can hand out'),
  structPages: z.object({
    dramBytes: bytes,
    deviceBytes: bytes,
    fullBytes: bytes.describe('without deduplication'),
    tableBytes: bytes.optional().describe('of the page tables over them'),
    initialised: z.number().describe('struct pages written at a bind'),
    dedup: z.boolean(),
  }),
  process: z
    .object({
      mappedBytes: bytes,
      leaves: z.number(),
      mappings: z.number(),
      tableBytes: bytes,
    })
    .describe('one process with all it maps faulted in'),
  tableBytes: bytes.describe('page tables of all processes'),
  dramBytes: bytes.describe('all DRAM that it takes'),
});

const impossible = z.object({ unit, map, refusal: z.string() });

const step = z.object({
  id: z.string(),
  instructions: z.number(),
  basis,
  error: z.number().optional().describe('as a share; absent where it is not known'),
});

const headroom = z.object({
  release,
  unit,
  references: z.number(),
  mappings: z.number().optional().describe('absent where mappings are not counted'),
  pagePins: z.number(),
  wholePins: z.number(),
});

const tenancy = z.object({
  id: z.enum(['shared', 'sliced', 'separate']),
  title: z.string(),
  usableBytes: bytes,
  lostBytes: bytes,
  mappedBytes: bytes.describe('what one process can map'),
  processTableBytes: bytes,
  tableBytes: bytes,
  dramBytes: bytes,
  folioMappings: z.number(),
});

export const planBody = {
  host,
  releases: common.list(release),
  align: z.string().optional(),
  map: map.optional(),
  rate: z.number().describe('kernel instructions a second'),
  arch: z.string(),
  basePageBytes: bytes,
  layouts: common.list(z.union([layout, impossible])),
  costs: common.list(
    z.object({
      unit: common.align,
      map,
      release,
      steps: common.list(step.nullable()).describe('null where a step cannot be priced'),
    }),
  ),
  headroom: common.list(headroom),
  folioMappings: z.number().describe('mappings of one folio when every process has all it maps'),
  tenancies: common.list(tenancy),
  commands: common.list(z.string()).describe('of ndctl or daxctl'),
  recommendation: z.object({ unit, map, overheadBytes: bytes }),
};

export const presetsBody = { presets: z.record(z.string(), host) };

const side = z.object({ host, release, align: z.string(), map, rate: z.number() });

const figure = z.object({ value: z.number(), basis: z.enum([...basis.options, 'arithmetic']) });

export const whatIfBody = {
  comparisons: common.list(
    z.object({
      before: side,
      after: side,
      changes: common.list(
        z.object({
          id: z.string(),
          title: z.string(),
          unit: z.enum(['bytes', 'seconds', 'count']),
          before: figure.optional(),
          after: figure.optional(),
        }),
      ),
    }),
  ),
};

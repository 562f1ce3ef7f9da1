import { z } from 'zod';
import { DaxError } from '../error.ts';
import { COMPARED, KERNEL_IDS, type KernelId } from '../kernel.ts';
import { SEED_MAX } from '../random.ts';
import { EXPONENT_DEFAULT, EXPONENT_MAX, HOT_SHARE_DEFAULT, PATTERNS } from '../storm/pattern.ts';
import { PIN_PAGES_DEFAULT } from '../storm/scenario.ts';
import { STAGE_PROCESSES } from '../storm/stage.ts';
import { ALIGN_NAMES, type AlignName, parseSize } from '../units.ts';
import { RECORD_FORMATS } from '../wasm/bank.ts';

/** Operations of a round's op streams, eight bytes each: 128 MiB of them. */
export const OPERATIONS_MAX = 2 ** 24;
/** Most pages one get_user_pages call may ask for: a gigabyte of them. */
const PIN_PAGES_MAX = 262_144;
/** Units from one touch to the next of a strided phase. */
export const STRIDE_DEFAULT = 16;
/** Times that one `repeat` may go round, and children that one `fork` may have. */
const REPEAT_MAX = 4096;

/** Bytes, as a number or as people write it: `64KiB`, `4GiB`. */
function size(what: string) {
  return z
    .union([z.int().min(0), z.string()])
    .transform((value, context) => {
      if (typeof value === 'number') return value;
      try {
        return parseSize(value, what);
      } catch (error) {
        const hint = DaxError.is(error) ? error.hint : '';
        const message = `is '${value}', no size of whole bytes up to 4096TiB`;
        context.addIssue({ code: 'custom', message, params: { hint } });
        return z.NEVER;
      }
    })
    .describe('bytes, or a size like 64KiB, 2MiB or 1.5GiB');
}

const access = z
  .enum(['read', 'write'])
  .default('write')
  .describe('whether pages are read or written');
const title = z.string().min(1).optional().describe('what the phase stands for, in result tables');
/** The part of the mapping that a phase is about, in whole units. */
const range = {
  offset: size('offset').default(0).describe('where the part begins, a multiple of the unit'),
  length: size('length').optional().describe('its bytes; without it, all that follows'),
};

const fault = z
  .strictObject({
    phase: z.literal('fault'),
    title,
    access,
    pattern: z.enum(PATTERNS).default('sequential').describe('which units, in which order'),
    stride: z
      .int()
      .min(1)
      .optional()
      .describe(`strided: units from one touch to the next; without it ${STRIDE_DEFAULT}`),
    exponent: z
      .number()
      .min(0)
      .max(EXPONENT_MAX)
      .optional()
      .describe(
        `zipf: the k-th most touched unit is touched in proportion to k^-exponent; without it ${EXPONENT_DEFAULT}`,
      ),
    hotShare: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe(
        `hotPage: the share of touches that go to one unit, the rest go anywhere; without it ${HOT_SHARE_DEFAULT}`,
      ),
    touches: z
      .int()
      .min(1)
      .max(OPERATIONS_MAX)
      .optional()
      .describe('zipf, hotPage: how many; without it, as many as units'),
    ...range,
  })
  .describe('loads or stores by the program: a fault where the unit is not mapped');

const populate = z
  .strictObject({ phase: z.literal('populate'), title, access, ...range })
  .describe('MADV_POPULATE_READ or MADV_POPULATE_WRITE');

const gupFields = {
  title,
  access,
  pages: z
    .int()
    .min(1)
    .max(PIN_PAGES_MAX)
    .default(PIN_PAGES_DEFAULT)
    .describe('4 KiB pages that one call asks for'),
  calls: z.int().min(1).optional().describe('how many; without it, as cover the range'),
  step: size('step')
    .optional()
    .describe("bytes from one call's first page to the next one's; without it, calls adjoin"),
  order: z
    .enum(['sequential', 'uniform'])
    .default('sequential')
    .describe('whether calls go up through the range, or to its places in a random order'),
  path: z
    .enum(['fast', 'slow'])
    .default('fast')
    .describe('GUP-fast first, or under mmap_lock at once'),
  ...range,
};

const get = z
  .strictObject({ phase: z.literal('get'), ...gupFields })
  .describe('get_user_pages: references');

const pin = z
  .strictObject({
    phase: z.literal('pin'),
    ...gupFields,
    longterm: z.boolean().default(false).describe('FOLL_LONGTERM, as VFIO and RDMA pin'),
  })
  .describe('pin_user_pages');

const put = z
  .strictObject({ phase: z.literal('put'), title })
  .describe('gives back, call by call, every reference that `get` phases took');

const unpin = z
  .strictObject({ phase: z.literal('unpin'), title })
  .describe('gives back, call by call, every pin that `pin` phases took');

const zapFields = {
  title,
  extent: size('extent').optional().describe('bytes a call; without it, one call for the range'),
  ...range,
};

const munmap = z
  .strictObject({ phase: z.literal('munmap'), ...zapFields })
  .describe('munmap; the same addresses are mapped again at once, empty');

const dontneed = z
  .strictObject({ phase: z.literal('dontneed'), ...zapFields })
  .describe('MADV_DONTNEED');

const mprotect = z
  .strictObject({
    phase: z.literal('mprotect'),
    title,
    protection: z.enum(['none', 'read', 'readWrite']).describe('of the whole mapping'),
  })
  .describe('mprotect of the whole mapping');

const exit = z
  .strictObject({ phase: z.literal('exit'), title })
  .describe('the end of every process: all is unmapped; nothing may follow');

const childPhase = z.discriminatedUnion('phase', [
  fault,
  populate,
  get,
  put,
  pin,
  unpin,
  munmap,
  dontneed,
  mprotect,
]);

const fork = z
  .strictObject({
    phase: z.literal('fork'),
    title,
    children: z.int().min(1).max(REPEAT_MAX).describe('of every process'),
    atOnce: z.int().min(1).optional().describe('how many of them live together; without it, all'),
    phases: z.array(childPhase).default([]).describe('what every child does before it exits'),
  })
  .describe('fork; children that are alive together take each phase in turns, then exit');

const simplePhase = z.discriminatedUnion('phase', [...childPhase.options, fork, exit]);

const repeat = z
  .strictObject({
    repeat: z.int().min(1).max(REPEAT_MAX).describe('how often the phases are gone through'),
    get phases(): z.ZodArray<typeof phase> {
      return z.array(phase).min(1);
    },
  })
  .describe('a group of phases, several times');

const phase = z.union([repeat, simplePhase]);

const device = z.strictObject({
  size: size('size').describe('of the device, or of the namespace'),
  align: z
    .enum(ALIGN_NAMES as [AlignName, ...AlignName[]])
    .default('2M')
    .describe('the unit of the device'),
  map: z.enum(['mem', 'dev']).default('mem').describe('where struct pages live'),
  namespace: z.boolean().default(false).describe('whether the size is a pmem namespace'),
});

/** What a matrix cell may hold. */
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const combination = z.record(z.string(), scalar);

export const matrixSchema = z
  .object({
    include: z.array(combination).optional().describe('values to add to combinations, or new ones'),
    exclude: z.array(combination).optional().describe('combinations to leave out'),
  })
  .catchall(z.array(scalar).min(1))
  .describe('names with values: a run for each combination, which templates in the file name');

/** A scenario file, after its matrix was filled in. */
export const scenarioFileSchema = z
  .strictObject({
    $schema: z.string().optional().describe('for editors'),
    name: z.string().min(1).describe('in lists and tables'),
    description: z.string().default('').describe('what it stands for'),
    device,
    kernels: z
      .array(z.enum(KERNEL_IDS as [KernelId, ...KernelId[]]))
      .min(1)
      .default([...COMPARED])
      .describe(
        'which kernels run it; the first in the order of their age is what others are held to',
      ),
    processes: z
      .int()
      .min(1)
      .max(STAGE_PROCESSES)
      .default(1)
      .describe('that map the whole device, each going through every phase'),
    records: z
      .enum(RECORD_FORMATS)
      .default('line')
      .describe('struct pages as the kernel keeps them, to measure, or what can change, to scale'),
    seed: z.int().min(0).max(SEED_MAX).default(1).describe('of everything drawn at random'),
    phases: z.array(phase).min(1).describe('in the order they run'),
    matrix: matrixSchema.optional(),
  })
  .describe('What a workload does with a device-DAX device: daxstorm run FILE');

export type ScenarioFile = z.infer<typeof scenarioFileSchema>;
export type PhaseSpec = z.infer<typeof phase>;
export type RepeatSpec = z.infer<typeof repeat>;
export type SimpleSpec = z.infer<typeof simplePhase>;
export type ChildSpec = z.infer<typeof childPhase>;
export type MatrixSpec = z.infer<typeof matrixSchema>;
export type Scalar = z.infer<typeof scalar>;

/** The phases by name, for what may stand in each. */
export const PHASE_SCHEMAS = Object.fromEntries(
  simplePhase.options.map((option) => [option.shape.phase.value, option]),
);
export const REPEAT_KEYS = Object.keys(repeat.shape);
export const FILE_KEYS = Object.keys(scenarioFileSchema.shape);
export const DEVICE_KEYS = Object.keys(device.shape);

/** A value that a matrix fills in, where a number or a word is wanted. */
const TEMPLATE = { type: 'string', pattern: '^\\$\\{\\{ *matrix\\.[A-Za-z_][\\w-]* *\\}\\}$' };
const TEMPLATED = ['number', 'boolean', 'enum'];

/** The JSON Schema of a scenario file as it is written, templates included. */
export function scenarioJsonSchema(): object {
  const made = z.toJSONSchema(scenarioFileSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (!TEMPLATED.includes(zodSchema._zod.def.type)) return;
      const plain = { ...jsonSchema };
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.anyOf = [plain, { ...TEMPLATE, type: 'string' }];
    },
  });
  return { ...made, $id: 'daxstorm/scenario.v1', title: 'daxstorm scenario' };
}

import { z } from 'zod';
import { DaxError } from '../error.ts';
import { SEED_MAX } from '../random.ts';
import {
  type Device,
  dynamicDevice,
  namespaceDevice,
  RANGES_MAX,
  withRecords,
} from '../syscall/device.ts';
import { ALIGN_NAMES, type AlignName, GIB, PAGE_BYTES } from '../units.ts';
import { RECORD_FORMATS } from '../wasm/bank.ts';
import { EXPONENT_DEFAULT, EXPONENT_MAX, HOT_SHARE_DEFAULT, PATTERNS } from './pattern.ts';

/** The pages array of one get_user_pages call in the kernel's big users (VFIO) is one page long. */
export const PIN_PAGES_DEFAULT = 512;

/** Eight bytes each in the op stream. */
export const TOUCHES_MAX = 2 ** 26;

/** A storm as data: what is mapped, in which order it is touched, how it is pinned. */
export const scenarioSchema = z.strictObject({
  align: z.enum(ALIGN_NAMES as [AlignName, ...AlignName[]]),
  sizeBytes: z.number().int().positive(),
  /** Whether the size is a persistent-memory namespace's, of which the device is what is left. */
  namespace: z.boolean().default(false),
  map: z.enum(['mem', 'dev']).default('mem'),
  /** Physical ranges of a dynamic device. */
  ranges: z.number().int().min(1).max(RANGES_MAX).default(1),
  pattern: z.enum(PATTERNS).default('sequential'),
  strideUnits: z.number().int().positive().default(16),
  /** Patterns zipf and hotPage: how skewed, and how many touches (0: as many as units). */
  exponent: z.number().min(0).max(EXPONENT_MAX).default(EXPONENT_DEFAULT),
  hotShare: z.number().min(0).max(1).default(HOT_SHARE_DEFAULT),
  touches: z.number().int().min(0).max(TOUCHES_MAX).default(0),
  access: z.enum(['read', 'write']).default('write'),
  /** 4 KiB pages a pin call asks for; 0: no pin phase. */
  pinPages: z.number().int().min(0).max(262_144).default(PIN_PAGES_DEFAULT),
  /** Most pin calls in one round. */
  pinCallsMax: z.number().int().positive().default(64),
  /** How struct pages are kept: `line` to measure, `packed` to scale. */
  records: z.enum(RECORD_FORMATS).default('line'),
  seed: z.number().int().min(0).max(SEED_MAX).default(1),
});

export type Scenario = z.infer<typeof scenarioSchema>;

/** Device sizes of the standard comparison: page records fit the cache of a common server. */
export const STANDARD_SIZE_BYTES: Readonly<Record<AlignName, number>> = {
  '4K': GIB,
  '2M': 4 * GIB,
  '1G': 256 * GIB,
};

/**
 * Checks a scenario and fills in its defaults.
 *
 * Fails: E_STORM naming the first field that does not fit.
 */
export function makeScenario(fields: z.input<typeof scenarioSchema>): Scenario {
  const result = scenarioSchema.safeParse(fields);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DaxError(
    'E_STORM',
    `storm ${issue?.path.join('.') || 'scenario'}: ${issue?.message ?? 'does not fit'}`,
    'see daxstorm storm --help for the limits',
  );
}

/** The device a scenario runs on. Fails: E_DEVICE_SIZE. */
export function scenarioDevice(scenario: Scenario): Device {
  const { align, sizeBytes, map, namespace, ranges, records } = scenario;
  if (!namespace) return withRecords(dynamicDevice(align, sizeBytes, map, ranges), records);
  if (ranges === 1) return withRecords(namespaceDevice(align, sizeBytes, map), records);
  throw new DaxError(
    'E_STORM',
    `a namespace is one physical range, not ${ranges}`,
    'leave out --namespace, or use --ranges 1',
  );
}

/** How many 4 KiB pages one unit of the device has. */
export function unitPages(device: Device): number {
  return device.unitBytes / PAGE_BYTES;
}

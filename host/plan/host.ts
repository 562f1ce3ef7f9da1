import { z } from 'zod';
import { DaxError } from '../error.ts';
import { suggest } from '../suggest.ts';
import { SUBSECTION_BYTES } from '../syscall/namespace.ts';
import { parseSize } from '../units.ts';

/** A size as people write it: bytes, or text like 3TiB. */
const size = z.union([z.string(), z.number().int().positive()]);

/** One interleave set or CXL region: a contiguous physical range. */
const regionSchema = z.strictObject({
  name: z.string().optional(),
  /** `pmem`: namespaces with an info block, by ndctl. `dynamic`: hmem or a volatile CXL region, by daxctl. */
  kind: z.enum(['pmem', 'dynamic']).default('pmem'),
  size,
  /** So many alike: sockets, modules. */
  count: z.number().int().min(1).max(1024).default(1),
  /** Modules that the region interleaves over. */
  interleave: z.number().int().min(1).max(64).default(1),
  /** Physical start; where it is not known, 1 TiB-aligned. */
  start: size.optional(),
  /** Whether the modules hold namespace labels; without, a region is one namespace. */
  labels: z.boolean().default(true),
  /** Of one region, as its vendor states it. */
  bandwidthGBps: z.number().positive().optional(),
});

export const hostSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  name: z.string().optional(),
  source: z.array(z.string().min(10)).min(1).optional(),
  asOf: z
    .string()
    .regex(/^\d{4}(-\d{2}){0,2}$/)
    .optional(),
  note: z.string().optional(),
  regions: z.array(regionSchema).min(1),
  /** DRAM of the host: struct pages and page tables come out of it. */
  dram: size.optional(),
  arch: z.string().optional(),
  basePage: z.string().optional(),
  /** Processes that map devices. */
  processes: z.number().int().min(1).max(1_000_000).default(1),
  /** Parties that each get a device of their own on every region; 1: one shared device. */
  tenants: z.number().int().min(1).max(4096).default(1),
});

/** A preset says where its numbers are from, and as of when. Numbers that are not known are absent. */
export const presetSchema = hostSchema.required({ id: true, name: true, source: true, asOf: true });

export interface Region {
  readonly name: string;
  readonly kind: 'pmem' | 'dynamic';
  readonly sizeBytes: number;
  readonly count: number;
  readonly interleave: number;
  readonly startBytes: number | undefined;
  readonly labels: boolean;
  readonly bandwidthGBps: number | undefined;
}

/** A host and what runs on it, checked. */
export interface Host {
  readonly name: string;
  readonly regions: readonly Region[];
  readonly dramBytes: number | undefined;
  readonly arch: string | undefined;
  readonly basePage: string | undefined;
  readonly processes: number;
  readonly tenants: number;
  /** Where a preset's numbers are from. */
  readonly source: readonly string[];
  readonly asOf: string | undefined;
  readonly note: string | undefined;
}

const SEE = 'see docs/planning.md for what a host file holds';

/** Keys at a path of the schema, for a key that is not one of them. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const inRegion = path[0] === 'regions' && path.length > 1;
  return Object.keys(inRegion ? regionSchema.shape : hostSchema.shape);
}

/** What does not fit, in one line. */
function refusal(issue: z.core.$ZodIssue, where: string): DaxError {
  const path = issue.path.map((each, i) =>
    typeof each === 'number' ? `[${each}]` : `${i > 0 ? '.' : ''}${String(each)}`,
  );
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const at = path.length > 0 ? ` in ${path.join('')}` : '';
    return new DaxError(
      'E_PLAN',
      `${where}: unknown key '${key}'${at}`,
      suggest(key, keysAt(issue.path)),
    );
  }
  const says = issue.message.replace(/^Invalid input: /, '');
  return new DaxError('E_PLAN', `${where}: ${path.join('') || 'the whole'}: ${says}`, SEE);
}

/** Where a region begins and how large it is: the kernel maps whole sub-sections. Fails: E_DEVICE_SIZE. */
export function wholeSections(text: string | number, what: string): number {
  const bytes = bytesOf(text, what);
  if (bytes % SUBSECTION_BYTES === 0) return bytes;
  const near = Math.max(1, Math.floor(bytes / SUBSECTION_BYTES)) * SUBSECTION_BYTES;
  throw new DaxError(
    'E_DEVICE_SIZE',
    `${what} is ${bytes} bytes, no multiple of 2MiB`,
    `use ${near}`,
  );
}

/** Bytes of a size in a host description; `what` names it. Fails: E_SIZE_SYNTAX, E_PLAN for 0. */
function bytesOf(text: string | number, what: string): number {
  const bytes = parseSize(String(text), what);
  if (bytes > 0) return bytes;
  throw new DaxError('E_PLAN', `${what} is 0`, 'give a size like 512GiB');
}

/**
 * A host from a file's or preset's fields; `where` is for messages.
 *
 * Fails: E_PLAN naming the first field that does not fit, E_SIZE_SYNTAX for a size.
 */
export function parseHost(fields: unknown, where: string): Host {
  if (fields === null) throw new DaxError('E_PLAN', `${where} is empty`, SEE);
  const result = hostSchema.safeParse(fields);
  if (!result.success) throw refusal(result.error.issues[0] as z.core.$ZodIssue, where);
  const { data } = result;
  return {
    name: data.name ?? where,
    regions: data.regions.map(({ size: text, start, name, ...rest }, i) => ({
      name: name ?? `region ${i}`,
      kind: rest.kind,
      sizeBytes: wholeSections(text, `${where}: regions[${i}].size`),
      count: rest.count,
      interleave: rest.interleave,
      startBytes:
        start === undefined ? undefined : wholeSections(start, `${where}: regions[${i}].start`),
      labels: rest.labels,
      bandwidthGBps: rest.bandwidthGBps,
    })),
    dramBytes: data.dram === undefined ? undefined : bytesOf(data.dram, `${where}: dram`),
    arch: data.arch,
    basePage: data.basePage,
    processes: data.processes,
    tenants: data.tenants,
    source: data.source ?? [],
    asOf: data.asOf,
    note: data.note,
  };
}

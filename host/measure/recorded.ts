import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DaxError } from '../error.ts';
import { KERNELS, type KernelId } from '../kernel.ts';
import { PACKAGE_ROOT } from '../root.ts';
import type { AlignName } from '../units.ts';

const recordSchema = z.object({
  align: z.string(),
  map: z.string(),
  op: z.string(),
  unit: z.string(),
  n: z.number(),
  reps: z.number(),
  median: z.number(),
  min: z.number(),
  max: z.number(),
});

/** One operation as a real kernel was seen to execute it. */
export type Recording = z.infer<typeof recordSchema>;

/** `memfd` is the control: the same operation on ordinary shared memory, in 4 KiB pages. */
export type RecordedAlign = AlignName | 'memfd';

/** Median guest instructions an operation, on the kernel that each emulated one stands for. */
export interface RecordedCost {
  /** The recorded operation. */
  readonly op: string;
  /** Instructions on Linux 6.12. */
  readonly devmap: number;
  /** Instructions on Linux 7.3. */
  readonly refcount: number;
  /** refcount ÷ devmap; includes every other change between the two releases. */
  readonly ratio: number;
}

const loaded = new Map<string, readonly Recording[]>();

/**
 * The recordings in the text of one file, a JSON object a line; `name` is for messages.
 *
 * Fails: E_RECORDING for a line that is no JSON object.
 */
function parseRecordings(text: string, name: string): readonly Recording[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    const record = recordSchema.safeParse(parseLine(line, `${name}:${i + 1}`));
    // Rows without a median are notes that a call could not be made.
    return record.success ? [record.data] : [];
  });
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    const shown = line.length > 30 ? `${line.slice(0, 30)}…` : line;
    throw new DaxError(
      'E_RECORDING',
      `${where} is no JSON object: '${shown}'`,
      'give icount-RELEASE.jsonl files as in data/recorded',
    );
  }
}

/** All instruction counts of one kernel release, such as `6.12`; data/recorded says how they came. */
export function recordings(release: string): readonly Recording[] {
  const known = loaded.get(release);
  if (known) return known;
  const file = join(PACKAGE_ROOT, 'data', 'recorded', `icount-${release}.jsonl`);
  const found = parseRecordings(readFileSync(file, 'utf8'), file);
  loaded.set(release, found);
  return found;
}

/** What the file system answers, or why it does not. Fails: E_FILE. */
function orRefuse<T>(path: string, read: (path: string) => T): T {
  try {
    return read(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    const says = why === 'ENOENT' ? 'there is no such folder' : why;
    throw new DaxError('E_FILE', `cannot read '${path}': ${says}`, 'name a folder of recordings');
  }
}

/** `6.16` before `6.18`, `7.3` after both. */
function byRelease([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * The recordings of every icount-RELEASE.jsonl in a folder, by release, oldest first.
 *
 * Fails: E_FILE where the folder cannot be read or has no such file, E_RECORDING for a bad line.
 */
export function readRecordings(folder: string): ReadonlyMap<string, readonly Recording[]> {
  const found = orRefuse(folder, (path) => readdirSync(path)).flatMap((name) => {
    const release = /^icount-(.+)\.jsonl$/.exec(name)?.[1];
    if (release === undefined) return [];
    const file = join(folder, name);
    const text = orRefuse(file, (path) => readFileSync(path, 'utf8'));
    return [[release, parseRecordings(text, file)] as const];
  });
  if (found.length > 0) return new Map(found.sort(byRelease));
  throw new DaxError(
    'E_FILE',
    `no icount-RELEASE.jsonl in '${folder}'`,
    'name a folder of recordings, like data/recorded',
  );
}

function find(kernel: KernelId, align: RecordedAlign, op: string): number | undefined {
  const { release } = KERNELS[kernel];
  return recordings(release).find((row) => row.align === align && row.op === op)?.median;
}

/**
 * What an operation costs on 6.12 and on 7.3, in instructions; undefined where it was not recorded
 * on both. `times` scales from what was recorded (a page) to what is asked (a call).
 */
export function recordedCost(
  align: RecordedAlign,
  op: string,
  times = 1,
): RecordedCost | undefined {
  const name = align === 'memfd' ? `memfd_${op}` : op;
  const devmap = find('devmap', align, name);
  const refcount = find('refcount', align, name);
  if (devmap === undefined || refcount === undefined) return undefined;
  return { op: name, devmap: devmap * times, refcount: refcount * times, ratio: refcount / devmap };
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
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
  readonly op: string;
  readonly devmap: number;
  readonly refcount: number;
  /** refcount ÷ devmap; includes every other change between the two releases. */
  readonly ratio: number;
}

const loaded = new Map<string, readonly Recording[]>();

/** All instruction counts of one kernel release, such as `6.12`; data/recorded says how they came. */
export function recordings(release: string): readonly Recording[] {
  const known = loaded.get(release);
  if (known) return known;
  const file = join(PACKAGE_ROOT, 'data', 'recorded', `icount-${release}.jsonl`);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const found = lines.flatMap((line) => {
    const record = recordSchema.safeParse(JSON.parse(line));
    // Rows without a median are notes that a call could not be made.
    return record.success ? [record.data] : [];
  });
  loaded.set(release, found);
  return found;
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

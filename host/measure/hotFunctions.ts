import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DaxError } from '../error.ts';
import { COMPARED, type ComparedKernel, KERNELS } from '../kernel.ts';
import { PACKAGE_ROOT } from '../root.ts';
import { type AlignName, parseAlign } from '../units.ts';

const hotSchema = z.object({
  align: z.string().transform(parseAlign),
  op: z.string(),
  n: z.number(),
  per_unit_total: z.number(),
  user: z.number(),
  functions: z.record(z.string(), z.number()),
});

/** Instructions of one operation by kernel function, as recorded: the fourteen largest. */
export interface HotSplit {
  readonly align: AlignName;
  readonly op: string;
  /** Units that were timed together. */
  readonly times: number;
  readonly total: number;
  /** Of the total, in the program itself. */
  readonly user: number;
  readonly functions: ReadonlyMap<string, number>;
}

const loaded = new Map<ComparedKernel, readonly HotSplit[]>();

/** Every recorded split of the release a kernel stands for; data/recorded says how they came. */
export function hotSplits(kernel: ComparedKernel): readonly HotSplit[] {
  const known = loaded.get(kernel);
  if (known) return known;
  const file = join(PACKAGE_ROOT, 'data', 'recorded', `hot-${KERNELS[kernel].release}.jsonl`);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const found = lines.map((line): HotSplit => {
    const { align, op, n, per_unit_total, user, functions } = hotSchema.parse(JSON.parse(line));
    const byName = new Map(Object.entries(functions));
    return { align, op, times: n, total: per_unit_total, user, functions: byName };
  });
  loaded.set(kernel, found);
  return found;
}

/** Operations that were split by function, with the unit sizes they were recorded at. */
export function hotOperations(): ReadonlyMap<string, readonly AlignName[]> {
  const found = new Map<string, AlignName[]>();
  for (const { op, align } of hotSplits('devmap')) {
    found.set(op, [...(found.get(op) ?? []), align]);
  }
  return found;
}

/** One operation's split on both kernels. */
export type HotPair = Readonly<Record<ComparedKernel, HotSplit>>;

/**
 * The splits of an operation, one a unit size; all recorded sizes where `align` names none.
 *
 * Fails: E_VALUE for an operation or a unit size that was not split.
 */
export function hotPairs(op: string, align?: AlignName): readonly HotPair[] {
  const operations = hotOperations();
  const aligns = operations.get(op);
  if (!aligns) {
    throw new DaxError(
      'E_VALUE',
      `operation '${op}' was not split by function`,
      `use ${[...operations.keys()].join(', ')}`,
    );
  }
  if (align && !aligns.includes(align)) {
    throw new DaxError(
      'E_VALUE',
      `operation '${op}' was not split by function for ${align} units`,
      `use --align ${aligns.join(' or ')}`,
    );
  }
  return aligns
    .filter((each) => align === undefined || each === align)
    .map((each) => {
      const [devmap, refcount] = COMPARED.map((kernel) =>
        hotSplits(kernel).find((split) => split.op === op && split.align === each),
      );
      if (!devmap || !refcount) throw new Error(`${op} ${each} is not split on both kernels`);
      return { devmap, refcount };
    });
}

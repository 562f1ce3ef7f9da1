import { KERNELS, type KernelId } from '../kernel.ts';
import { type Recording, recordings } from '../measure/recorded.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { Laboratory } from './emulate.ts';
import { nonNegativeLeastSquares } from './nnls.ts';
import { type Family, familyOf, type Operation, parseOperation } from './operation.ts';
import { countsOf, PARAMETERS } from './parameters.ts';

/** Releases that were recorded, oldest first: the fit has data of no other. */
export const RECORDED_RELEASES = ['6.1', '6.12', '6.16', '6.18', '7.3'] as const;
/** A kernel release that was recorded. */
export type Release = (typeof RECORDED_RELEASES)[number];

/** References on every mapping came with 6.15: the emulated kernel a release is like. */
export function kernelOf(release: Release): KernelId {
  if (release === '6.1' || release === '6.12') return 'devmap';
  return release === '6.16' ? 'refcount-6.15' : 'refcount';
}

/** A recorded count beside what the model counts for it. */
export interface Sample {
  readonly align: AlignName;
  readonly op: string;
  readonly family: Family;
  readonly observed: number;
  readonly counts: readonly number[];
}

/** Prices of PARAMETERS in one release; undefined where no recording has such an event. */
export interface Model {
  readonly release: Release;
  readonly prices: readonly (number | undefined)[];
}

const laboratories = new Map<string, Laboratory>();

/** What an operation counts on one kernel; laboratories are kept, for setting one up is the cost. */
export function countsFor(kernel: KernelId, align: AlignName, operation: Operation) {
  const key = `${kernel} ${align}`;
  const laboratory = laboratories.get(key) ?? new Laboratory(kernel, align);
  laboratories.set(key, laboratory);
  const { events, asked } = laboratory.work(operation);
  return countsOf({ events, asked, operation, huge: align !== '4K' });
}

export function isAlign(text: string): text is AlignName {
  return ALIGN_NAMES.some((each) => each === text);
}

function sample(release: Release, align: AlignName, op: string, observed: number): Sample[] {
  const operation = parseOperation(op);
  if (!operation) return [];
  const counts = countsFor(kernelOf(release), align, operation);
  return [{ align, op, family: familyOf(operation), observed, counts }];
}

function median(release: string, align: string, op: string): number | undefined {
  return recordings(release).find((row) => row.align === align && row.op === op)?.median;
}

/** What a PMD takes more to clear than a PTE, where clearing is all that a zap does. */
function hugeZapExtra(release: Release): number | undefined {
  const { release: newest } = KERNELS.devmap;
  const devmap = kernelOf(release) === 'devmap' ? release : newest;
  const huge = median(devmap, '2M', 'dontneed');
  const small = median(devmap, '4K', 'dontneed');
  const protect = median(devmap, 'memfd', 'memfd_mprotect_r');
  if (huge === undefined || small === undefined || protect === undefined) return undefined;
  return protect + huge - small;
}

/**
 * Rows that stand in for what was never recorded of device-DAX: mprotect. A PTE is changed alike
 * in any shared mapping, so the release's memfd rows serve; a PMD is taken to cost as much more
 * than a PTE as it does to clear, on a devmap release. The second is a guess, and reported as one.
 */
export function standIns(release: Release): readonly Sample[] {
  return ['mprotect_r', 'mprotect_rw'].flatMap((op) => {
    const small = median(release, 'memfd', `memfd_${op}`);
    const huge = hugeZapExtra(release);
    return [
      ...(small === undefined ? [] : sample(release, '4K', op, small)),
      ...(huge === undefined ? [] : sample(release, '2M', op, huge)),
    ];
  });
}

/** The device-DAX rows of a release that the emulation can repeat. */
export function samplesOf(release: Release, rows: readonly Recording[] = recordings(release)) {
  return rows.flatMap(({ align, op, median: observed }) =>
    isAlign(align) && observed > 0 ? sample(release, align, op, observed) : [],
  );
}

/** Fits prices ≥ 0 so that the squares of the relative errors are least. */
export function fitModel(release: Release, samples: readonly Sample[]): Model {
  const used = PARAMETERS.map((_, i) => samples.some(({ counts }) => (counts[i] as number) > 0));
  const columns = PARAMETERS.map((_, i) =>
    samples.map(({ counts, observed }) => (counts[i] as number) / observed),
  );
  const prices = nonNegativeLeastSquares(
    columns,
    samples.map(() => 1),
  );
  return { release, prices: prices.map((price, i) => (used[i] ? price : undefined)) };
}

/** An event this rare, a unit, is not missed where it has no price. */
const COUNTS = 1e-3;

/** Instructions a unit of the events that have a price. */
export function predictKnown({ prices }: Model, counts: readonly number[]): number {
  return counts.reduce((sum, count, i) => sum + count * (prices[i] ?? 0), 0);
}

/** Instructions a unit; undefined where the operation has an event that has no price. */
export function predict(model: Model, counts: readonly number[]): number | undefined {
  const missing = counts.some((count, i) => count > COUNTS && model.prices[i] === undefined);
  return missing ? undefined : predictKnown(model, counts);
}

const models = new Map<Release, Model>();

/** A release's model, fitted to all that data/recorded holds of it. */
export function modelOf(release: Release): Model {
  const known = models.get(release);
  if (known) return known;
  const made = fitModel(release, [...samplesOf(release), ...standIns(release)]);
  models.set(release, made);
  return made;
}

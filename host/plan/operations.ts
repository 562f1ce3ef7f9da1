import { unseenErrors } from '../cost/crossValidation.ts';
import {
  countsFor,
  kernelOf,
  modelOf,
  predict,
  predictKnown,
  RECORDED_RELEASES,
  type Release,
} from '../cost/model.ts';
import { familyOf, parseOperation } from '../cost/operation.ts';
import { PARAMETERS } from '../cost/parameters.ts';
import { DaxError } from '../error.ts';
import { KERNEL_IDS, KERNELS } from '../kernel.ts';
import { recordings } from '../measure/recorded.ts';
import { suggest } from '../suggest.ts';
import { type AlignName, PAGE_BYTES } from '../units.ts';

/** What a VFIO or iommufd pin call asks for: a page of page pointers. */
const PIN_CALL_PAGES = 512;

/** One recorded operation that a planned step is made of. */
interface Part {
  readonly op: string;
  /** What the recording counts: a leaf of the device, or a 4 KiB page. */
  readonly per: 'leaf' | 'page';
}

/** A step of a device's life, for all that one process maps. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly parts: readonly Part[];
}

const FAULT: Part = { op: 'write_fault', per: 'leaf' };
const UNMAP: Part = { op: 'munmap_written', per: 'leaf' };
const call = `b${PIN_CALL_PAGES}`;

export const STEPS: readonly PlannedStep[] = [
  { id: 'fault', title: 'fault in, store by store', parts: [FAULT] },
  {
    id: 'populateWrite',
    title: 'or MADV_POPULATE_WRITE',
    parts: [{ op: 'populate_write', per: 'leaf' }],
  },
  {
    id: 'mapPopulate',
    title: 'or MAP_POPULATE',
    parts: [{ op: 'populate_read', per: 'leaf' }],
  },
  {
    id: 'pinVfio',
    title: 'pin all for a VM, VFIO',
    parts: [{ op: `gup_pin_slow_wL_${call}_get`, per: 'page' }],
  },
  {
    id: 'pinIommufd',
    title: 'pin all for a VM, iommufd',
    parts: [{ op: `gup_pin_fast_wL_${call}_get`, per: 'page' }],
  },
  {
    id: 'unpin',
    title: 'unpin all',
    parts: [{ op: `gup_pin_slow_wL_${call}_put`, per: 'page' }],
  },
  { id: 'unmap', title: 'munmap all', parts: [UNMAP] },
  { id: 'restart', title: 'restart: unmap, fault in', parts: [UNMAP, FAULT] },
];

/**
 * How an instruction count is known: seen on the release; fitted to what was seen of this unit size;
 * or from a unit size that nobody recorded, so its error is not known.
 */
export type Basis = 'recorded' | 'predicted' | 'extrapolated';
const BASES: readonly Basis[] = ['recorded', 'predicted', 'extrapolated'];

/** Instructions of one operation on one release. */
export interface UnitCost {
  readonly basis: Basis;
  readonly perUnit: number;
  /** Once a mapping, whatever its size. */
  readonly perMapping: number;
  /** Relative: spread of the recorded repetitions, or the largest error of the fit on such rows. */
  readonly error: number | undefined;
}

/** Instructions of a step for all that one process maps. */
export interface StepCost {
  readonly id: string;
  readonly instructions: number;
  readonly basis: Basis;
  readonly error: number | undefined;
}

/** What a step is done to. */
export interface Extent {
  readonly leaves: number;
  readonly mappedBytes: number;
  readonly mappings: number;
}

/** The release a user names: one that was recorded, or a kernel's id. Fails: E_PLAN. */
export function parseRelease(text: string): Release {
  const kernel = KERNEL_IDS.find((id) => id === text);
  const name = kernel ? KERNELS[kernel].release : text;
  const found = RECORDED_RELEASES.find((each) => each === name);
  if (found) return found;
  throw new DaxError(
    'E_PLAN',
    `nothing was recorded of kernel '${text}'`,
    suggest(text, [...RECORDED_RELEASES, ...KERNEL_IDS]),
  );
}

/** Whether a release counts mappings in struct pages (Linux 6.15 and later). */
export function countsMappings(release: Release): boolean {
  return kernelOf(release) !== 'devmap';
}

const UNMAP_CALL = PARAMETERS.findIndex(({ name }) => name === 'unmapCall');
function recordedCost(release: Release, align: AlignName, op: string): UnitCost | undefined {
  const row = recordings(release).find((each) => each.align === align && each.op === op);
  if (!row) return undefined;
  const error = Math.max(row.max - row.median, row.median - row.min) / row.median;
  return { basis: 'recorded', perUnit: row.median, perMapping: 0, error };
}

function predictedCost(release: Release, align: AlignName, op: string): UnitCost | undefined {
  const operation = parseOperation(op);
  if (!operation) return undefined;
  const model = modelOf(release);
  const counts = countsFor(kernelOf(release), align, operation);
  if (predict(model, counts) === undefined) return undefined;
  // The emulated mapping has few huge units: a call's own work must not be spread over so few.
  const perUnit = predictKnown(
    model,
    counts.map((count, i) => (i === UNMAP_CALL ? 0 : count)),
  );
  const calls = (counts[UNMAP_CALL] as number) > 0;
  const perMapping = calls ? (model.prices[UNMAP_CALL] ?? 0) : 0;
  const seen = recordings(release).some((row) => row.align === align);
  return seen
    ? {
        basis: 'predicted',
        perUnit,
        perMapping,
        error: unseenErrors(release, familyOf(operation))?.max,
      }
    : { basis: 'extrapolated', perUnit, perMapping, error: undefined };
}

const known = new Map<string, UnitCost | undefined>();

/** Instructions of a recorded operation, else predicted; undefined where neither can be had. */
export function unitCost(release: Release, align: AlignName, op: string): UnitCost | undefined {
  const key = `${release} ${align} ${op}`;
  if (known.has(key)) return known.get(key);
  const found = recordedCost(release, align, op) ?? predictedCost(release, align, op);
  known.set(key, found);
  return found;
}

function partUnits({ per }: Part, { leaves, mappedBytes }: Extent): number {
  return per === 'leaf' ? leaves : mappedBytes / PAGE_BYTES;
}

/** Instructions of a step on all that a process maps; undefined where a part of it is not known. */
export function stepCost(
  step: PlannedStep,
  release: Release,
  align: AlignName,
  extent: Extent,
): StepCost | undefined {
  const costs = step.parts.flatMap((part) => {
    const cost = unitCost(release, align, part.op);
    if (!cost) return [];
    const instructions = cost.perUnit * partUnits(part, extent) + cost.perMapping * extent.mappings;
    return [{ ...cost, instructions }];
  });
  if (costs.length < step.parts.length) return undefined;
  const instructions = costs.reduce((sum, cost) => sum + cost.instructions, 0);
  const basis = BASES.findLast((each) => costs.some((cost) => cost.basis === each)) as Basis;
  const errors = costs.map(({ error }) => error);
  const error = errors.some((each) => each === undefined)
    ? undefined
    : Math.max(...(errors as number[]));
  return { id: step.id, instructions, basis, error };
}

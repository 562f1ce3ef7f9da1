import type { AlignName } from '../units.ts';
import { type RecordedCost, recordedCost } from './recorded.ts';

/** From how many pin calls per mapping on the refcounted kernel executes fewer instructions. */
export interface BreakEven {
  /** Pages a pin call asks for, of one mapping. */
  readonly pinPages: number;
  /** Mapping and unmapping one leaf; one pin call and its unpin. */
  readonly mapping: CostPair;
  readonly pinning: CostPair;
  /** refcount less devmap, for mapping and unmapping one leaf. */
  readonly mapDelta: number;
  /** devmap less refcount, for one pin call and its unpin. */
  readonly pinGain: number;
  /** Pin calls per mapping at which the two are equal: 0 where mapping is no dearer; undefined: never. */
  readonly pins: number | undefined;
}

function both(...costs: readonly (RecordedCost | undefined)[]): RecordedCost | undefined {
  const known = costs.filter((cost) => cost !== undefined);
  if (known.length < costs.length) return undefined;
  const devmap = known.reduce((sum, cost) => sum + cost.devmap, 0);
  const refcount = known.reduce((sum, cost) => sum + cost.refcount, 0);
  return {
    op: known.map((cost) => cost.op).join(' + '),
    devmap,
    refcount,
    ratio: refcount / devmap,
  };
}

/**
 * Break-even from recorded instructions: one leaf written to, `pinPages` of its pages pinned and
 * unpinned some number of times, unmapped. A pin call of more pages than the leaf has is shared out
 * over the leaves it covers.
 */
export function recordedBreakEven(align: AlignName, pinPages: number): BreakEven | undefined {
  const mapping = both(recordedCost(align, 'write_fault'), recordedCost(align, 'munmap_written'));
  // A leaf of one page bears one page of the call.
  const pagesOfLeaf = align === '4K' ? 1 : pinPages;
  const pinning = both(
    recordedCost(align, `gup_pin_fast_w_b${pinPages}_get`, pagesOfLeaf),
    recordedCost(align, `gup_pin_fast_w_b${pinPages}_put`, pagesOfLeaf),
  );
  if (!mapping || !pinning) return undefined;
  return { pinPages, ...weigh(mapping, pinning) };
}

/** A pair of costs, one a kernel, in any one unit. */
export interface CostPair {
  readonly devmap: number;
  readonly refcount: number;
}

/** Weighs what mapping costs more against what each pin costs less. */
export function weigh(map: CostPair, pin: CostPair): Omit<BreakEven, 'pinPages'> {
  const mapping = { devmap: map.devmap, refcount: map.refcount };
  const pinning = { devmap: pin.devmap, refcount: pin.refcount };
  const mapDelta = mapping.refcount - mapping.devmap;
  const pinGain = pinning.devmap - pinning.refcount;
  const weighed = { mapping, pinning, mapDelta, pinGain };
  if (mapDelta <= 0) return { ...weighed, pins: 0 };
  return { ...weighed, pins: pinGain > 0 ? mapDelta / pinGain : undefined };
}

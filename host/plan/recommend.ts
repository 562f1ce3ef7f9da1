import { type Impossible, isLayout, type Layout } from './layout.ts';

/** Struct pages and page tables above this share of the host's DRAM are not recommended. */
const DRAM_SHARE_MAX = 0.1;

/** One layout, and what speaks for and against it. */
export interface Recommendation {
  readonly layout: Layout;
  /** What is not there for anybody's data: DRAM taken, and capacity lost. */
  readonly overheadBytes: number;
  /** The best layout with another unit size. */
  readonly next: Layout | undefined;
}

/** Bytes of DRAM and device that a layout takes for itself. */
export function overheadBytes({ dramBytes, lostBytes }: Layout): number {
  return dramBytes + lostBytes;
}

function least(layouts: readonly Layout[]): Layout | undefined {
  return [...layouts].sort(
    (a, b) => overheadBytes(a) - overheadBytes(b) || b.unit.bytes - a.unit.bytes,
  )[0];
}

/**
 * The layout that takes least for itself, DRAM and device capacity counted alike; those that take more
 * than a tenth of the host's DRAM only if all do.
 */
export function recommend(
  layouts: readonly (Layout | Impossible)[],
  dramBytes: number | undefined,
): Recommendation {
  const possible = layouts.filter(isLayout);
  const limit = (dramBytes ?? Number.POSITIVE_INFINITY) * DRAM_SHARE_MAX;
  const fitting = possible.filter((layout) => layout.dramBytes <= limit);
  const pool = fitting.length > 0 ? fitting : possible;
  const layout = least(pool);
  if (!layout) throw new Error('a recommendation needs a layout that is possible');
  const next = least(pool.filter(({ unit }) => unit.name !== layout.unit.name));
  return { layout, overheadBytes: overheadBytes(layout), next };
}

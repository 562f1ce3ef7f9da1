import { COUNTER_LIMITS } from '../syscall/counters.ts';
import type { UnitSize } from '../syscall/namespace.ts';

/** How far one folio's counters are from their end. */
export interface Headroom {
  readonly unit: UnitSize;
  /** References when every planned mapping is there: idle, and one a leaf entry where counted. */
  readonly references: number;
  /** Mappings of one folio until its count turns negative; undefined where mappings are not counted. */
  readonly mappings: number | undefined;
  /** Pins of one base page of it, with the planned mappings there. */
  readonly pagePins: number;
  /** Times that all of it can be pinned at once: a VM with the whole device pins each folio so. */
  readonly wholePins: number;
}

/**
 * Headroom of one folio that `mappings` leaf entries map.
 *
 * Source: semantics 6.1, 6.2, 9.1; a small folio's pin is GUP_PIN_COUNTING_BIAS references, a large
 * one's is one a base page, and the count is a signed 32-bit number.
 */
export function headroom(
  unit: UnitSize,
  basePageBytes: number,
  counted: boolean,
  mappings: number,
): Headroom {
  const { idle, most, pinBias } = COUNTER_LIMITS;
  const references = idle + (counted ? mappings : 0);
  const room = Math.max(0, most - references);
  const pages = unit.bytes / basePageBytes;
  const perPage = pages === 1 ? pinBias : 1;
  return {
    unit,
    references,
    mappings: counted ? most - idle : undefined,
    pagePins: Math.floor(room / perPage),
    wholePins: Math.floor(room / (perPage * pages)),
  };
}

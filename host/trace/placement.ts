import { type FaultTrace, WRITE_FAULT } from './faultTrace.ts';

/** Virtual pages from here on are the kernel's. */
const KERNEL_PAGE = 2 ** 35;

/** A trace's faults on the pages of a device, in order. */
export interface Placement {
  /** Device page of each placed fault, and whether it writes. */
  readonly pages: Uint32Array;
  readonly writes: Uint8Array;
  readonly distinctPages: number;
  readonly faults: number;
  /** Faults on kernel addresses, or on pages that did not fit. */
  readonly unplacedFaults: number;
}

/** How many different user pages a trace touches. */
export function distinctPages({ pages }: FaultTrace): number {
  const seen = new Set<number>();
  for (const page of pages) if (page < KERNEL_PAGE) seen.add(page);
  return seen.size;
}

/**
 * Puts a program's pages on a device: each distinct 4 KiB page takes the next device page when it
 * is first touched, so that a 2M unit holds 512 pages the program touched one after the other.
 */
export function placeTrace(trace: FaultTrace, capacityPages: number): Placement {
  const placed = new Map<number, number>();
  const pages = new Uint32Array(trace.pages.length);
  const writes = new Uint8Array(trace.pages.length);
  let faults = 0;
  trace.pages.forEach((page, i) => {
    let at = placed.get(page);
    if (at === undefined) {
      if (page >= KERNEL_PAGE || placed.size === capacityPages) return;
      at = placed.size;
      placed.set(page, at);
    }
    pages[faults] = at;
    writes[faults] = (trace.errorCodes[i] as number) & WRITE_FAULT ? 1 : 0;
    faults += 1;
  });
  return {
    pages: pages.subarray(0, faults),
    writes: writes.subarray(0, faults),
    distinctPages: placed.size,
    faults,
    unplacedFaults: trace.pages.length - faults,
  };
}

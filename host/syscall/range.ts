import { PAGE_BYTES } from '../units.ts';
import type { Errno } from './errno.ts';
import type { Process } from './process.ts';
import type { Vma } from './vma.ts';

const PAGE = BigInt(PAGE_BYTES);

/** [start, start + length) rounded up to whole 4 KiB pages; the end. */
export function rangeEnd(start: bigint, lengthBytes: bigint): bigint {
  return start + ((lengthBytes + PAGE - 1n) / PAGE) * PAGE;
}

/** Calls `act` on each mapping's part of the range, in order; stops at the first error. */
export function eachPart(
  process: Process,
  start: bigint,
  end: bigint,
  act: (vma: Vma, from: bigint, to: bigint) => Errno | undefined,
): Errno | undefined {
  for (const vma of process.overlapping(start, end)) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    const errno = act(vma, from, to);
    if (errno) return errno;
  }
  return undefined;
}

/** Whether an address in the range is in no mapping. */
export function hasHole(process: Process, start: bigint, end: bigint): boolean {
  let at = start;
  for (const vma of process.overlapping(start, end)) {
    if (vma.start > at) return true;
    at = vma.end;
  }
  return at < end;
}

/*
 * Calls over several banks. The host runs a call's parts one after the other, each in the bank that
 * has its page tables; what the kernel does once a call - its lock, its gather, its flush - is
 * counted once. Timed builds have neither locks nor flushes: there nothing of this is left.
 */
import {
  CONTROL, CTL_SEAM, SEAM_BEGUN, SEAM_GATHER_BEGUN, SEAM_GATHER_GOES_ON, SEAM_GOES_ON,
} from './layout';

@inline function seam(bit: u32): bool {
  return COUNT != 0 && (load<u32>(CONTROL, CTL_SEAM) & bit) != 0;
}

/** Whether the call begins in this bank, and takes its lock. */
@inline export function begins(): bool {
  return !seam(SEAM_BEGUN);
}

/** Whether it ends here, and gives its lock back. */
@inline export function ends(): bool {
  return !seam(SEAM_GOES_ON);
}

/** Whether its gather begins in this bank. */
@inline export function gatherBegins(): bool {
  return !seam(SEAM_GATHER_BEGUN);
}

/** Whether its gather ends here, with the last flush. */
@inline export function gatherEnds(): bool {
  return !seam(SEAM_GATHER_GOES_ON);
}

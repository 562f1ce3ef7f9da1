/*
 * What the kernel would say in its log once, and what it should have noticed and does not.
 */
import { CONTROL, CTL_WARNINGS } from './layout';

/** WARN_ON_ONCE: `what` is a WARN_* bit. */
export function warn(what: u32): void {
  store<u32>(CONTROL, load<u32>(CONTROL, CTL_WARNINGS) | what, CTL_WARNINGS);
}

/*
 * What the kernel would say in its log once, and what it should have noticed and does not.
 */
import { CONTROL, CTL_WARNINGS } from './layout';
import { FULL } from './switches';

/** WARN_ON_ONCE: `what` is a WARN_* bit. */
export function warn(what: u32): void {
  const said = load<u32>(CONTROL, CTL_WARNINGS);
  if (said & what) return;
  if (DETAIL >= FULL) atomic.or<u32>(CONTROL + CTL_WARNINGS, what);
  else store<u32>(CONTROL, said | what, CTL_WARNINGS);
}

import { GUP_PIN_COUNTING_BIAS } from '../wasm/abi.ts';

/** What a folio's `_refcount` starts at, ends at, and a small folio's pin adds (semantics 6.1, 6.2). */
export const COUNTER_LIMITS = {
  /** A bound, unmapped device-DAX page (semantics 9.1). */
  idle: 1,
  /** The last value before the signed count turns negative and every grab fails. */
  most: 2 ** 31 - 1,
  pinBias: GUP_PIN_COUNTING_BIAS,
} as const;

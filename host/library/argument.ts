import { DaxError } from '../error.ts';

/** Fails: E_VALUE unless `value` is a whole number in [0, end). */
export function refuseOutside(what: string, value: number, end: number): void {
  if (Number.isInteger(value) && value >= 0 && value < end) return;
  throw new DaxError(
    'E_VALUE',
    `${what} ${value} is not a whole number from 0 to ${end - 1}`,
    `give one below ${end}`,
  );
}

/** A length or offset as the system calls take it. Fails: E_VALUE unless whole and from 0 on. */
export function wholeBytes(what: string, bytes: number): bigint {
  refuseOutside(what, bytes, Number.MAX_SAFE_INTEGER);
  return BigInt(bytes);
}

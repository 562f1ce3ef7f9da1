import { fail, type SyscallResult, succeed } from './errno.ts';
import { populate } from './populate.ts';
import type { Process } from './process.ts';
import { hasHole, rangeEnd } from './range.ts';

/** mlock(2): never VM_LOCKED on a DAX mapping, but it populates for reading (semantics 4.4). */
export function mlock(process: Process, start: bigint, lengthBytes: bigint): SyscallResult<void> {
  const from = start - (start % 4096n);
  const end = rangeEnd(from, lengthBytes + (start - from));
  if (hasHole(process, from, end)) return fail('ENOMEM');
  return populate(process, from, end, false);
}

/** munlock(2): nothing was locked, nothing is undone. */
export function munlock(process: Process, start: bigint, lengthBytes: bigint): SyscallResult<void> {
  const from = start - (start % 4096n);
  const end = rangeEnd(from, lengthBytes + (start - from));
  return hasHole(process, from, end) ? fail('ENOMEM') : succeed(undefined);
}

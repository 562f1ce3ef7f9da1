import { fail, type SyscallResult, succeed } from './errno.ts';
import { isAccessible, populateVma } from './populate.ts';
import type { Process } from './process.ts';
import { eachPart, hasHole, rangeEnd } from './range.ts';

/**
 * mlock(2): never VM_LOCKED on a DAX mapping, but it populates for reading (semantics 4.4). ENOMEM where
 * a page cannot be had, SIGBUS and PROT_NONE included (mm/mlock.c: __mlock_posix_error_return).
 */
export function mlock(process: Process, start: bigint, lengthBytes: bigint): SyscallResult<void> {
  const from = start - (start % 4096n);
  const end = rangeEnd(from, lengthBytes + (start - from));
  if (hasHole(process, from, end)) return fail('ENOMEM');
  const errno = eachPart(process, from, end, (vma, low, high) => {
    if (isAccessible(vma) && !populateVma(process, vma, low, high, false)) return undefined;
    return 'ENOMEM';
  });
  return errno ? fail(errno) : succeed(undefined);
}

/** munlock(2): nothing was locked, nothing is undone. */
export function munlock(process: Process, start: bigint, lengthBytes: bigint): SyscallResult<void> {
  const from = start - (start % 4096n);
  const end = rangeEnd(from, lengthBytes + (start - from));
  return hasHole(process, from, end) ? fail('ENOMEM') : succeed(undefined);
}

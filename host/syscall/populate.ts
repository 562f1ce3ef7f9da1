import * as abi from '../wasm/abi.ts';
import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';
import { eachPart } from './range.ts';
import { VM_ACCESS, type Vma } from './vma.ts';

/** What a fault's status becomes where no program is there to take a signal. */
export function faultErrno(status: number): Errno {
  return status === abi.OOM ? 'ENOMEM' : 'EFAULT';
}

/**
 * Faults a part of one mapping in without taking references: for reading (a shared mapping breaks no
 * copy-on-write) or for writing. Answers EFAULT at the first SIGBUS, ENOMEM for want of tables.
 *
 * Source: semantics 4.4, 11.4b; mm/gup.c: populate_vma_page_range.
 */
export function populateVma(
  process: Process,
  vma: Vma,
  from: bigint,
  to: bigint,
  write: boolean,
): Errno | undefined {
  if (vma.kind !== 'device') return undefined;
  const { core } = process.system.machine;
  const flags = write ? abi.GUP_WRITE : 0;
  const status = core.populateRange(process.descriptor(vma), from, to, flags);
  return status === abi.OK ? undefined : faultErrno(status);
}

/** Whether populating for reading may go at a mapping at all: any access right will do (FOLL_FORCE). */
export function isAccessible({ flags }: Vma): boolean {
  return (flags & VM_ACCESS) !== 0;
}

/** MAP_POPULATE: faults in what can be; what cannot ends its own mapping only, and is no part of the answer. */
export function mapPopulate(process: Process, start: bigint, end: bigint): void {
  eachPart(process, start, end, (vma, from, to) => {
    if (isAccessible(vma)) populateVma(process, vma, from, to, false);
    return undefined;
  });
}

/**
 * MADV_POPULATE_READ and _WRITE. Errors: EINVAL where the mapping forbids the access, ENOMEM at a hole
 * or for want of tables, EFAULT at a SIGBUS; what lies before is faulted in.
 *
 * Source: semantics 4.4; mm/madvise.c: madvise_populate, mm/gup.c: faultin_page_range.
 */
export function madvisePopulate(
  process: Process,
  start: bigint,
  end: bigint,
  write: boolean,
): SyscallResult<void> {
  const need = write ? abi.VM_WRITE : abi.VM_READ;
  let reached = start;
  const errno = eachPart(process, start, end, (vma, from, to) => {
    if (from > reached) return 'ENOMEM';
    if (vma.kind === 'device' && !(vma.flags & need)) return 'EINVAL';
    reached = to;
    return populateVma(process, vma, from, to, write);
  });
  if (errno) return fail(errno);
  return reached < end ? fail('ENOMEM') : succeed(undefined);
}

import * as abi from '../wasm/abi.ts';
import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';

/** What a fault's status becomes where no program is there to take a signal. */
export function faultErrno(status: number): Errno {
  return status === abi.OOM ? 'ENOMEM' : 'EFAULT';
}

/**
 * Faults a range in without taking references: MAP_POPULATE, mlock and MADV_POPULATE_READ for
 * reading (a shared mapping breaks no copy-on-write), MADV_POPULATE_WRITE for writing.
 *
 * Source: semantics 4.4, 11.4b.
 */
export function populate(
  process: Process,
  start: bigint,
  end: bigint,
  write: boolean,
): SyscallResult<void> {
  const { core } = process.system.machine;
  for (const vma of process.overlapping(start, end)) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    // check_vma_flags with FOLL_FORCE: any access right will do to populate for reading.
    const need = write ? abi.VM_WRITE : abi.VM_READ | abi.VM_WRITE | abi.VM_EXEC;
    if (vma.kind !== 'device') continue;
    if (!(vma.flags & need)) return fail('EFAULT');
    const flags = write ? abi.GUP_WRITE : 0;
    const status = core.populateRange(process.descriptor(vma), from, to, flags);
    if (status !== abi.OK) return fail(faultErrno(status));
  }
  return succeed(undefined);
}

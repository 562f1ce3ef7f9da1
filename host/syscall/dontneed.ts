import { type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';

/**
 * MADV_DONTNEED: drops every leaf the range touches, huge ones whole even where it covers a part
 * (semantics 7.4). Splits no mapping, so may_split does not stop it.
 */
export function dontneed(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
): SyscallResult<void> {
  const end = start + lengthBytes;
  for (const vma of process.overlapping(start, end)) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    process.system.machine.core.dontneed(process.descriptor(vma), from, to);
  }
  return succeed(undefined);
}

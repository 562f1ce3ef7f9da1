import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';
import { eachPart, hasHole, rangeEnd } from './range.ts';

export interface MsyncFlags {
  readonly sync?: boolean;
  readonly async?: boolean;
  readonly invalidate?: boolean;
}

/**
 * msync(2). The device node has no fsync, so MS_SYNC of a shared mapping is EINVAL; the rest does
 * nothing (semantics 4.5).
 */
export function msync(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
  { sync = false, async = false }: MsyncFlags,
): SyscallResult<void> {
  if (start % 4096n || (sync && async)) return fail('EINVAL');
  const end = rangeEnd(start, lengthBytes);
  const errno = eachPart(process, start, end, (vma) =>
    sync && vma.kind === 'device' && vma.flags & abi.VM_SHARED ? 'EINVAL' : undefined,
  );
  if (errno) return fail(errno);
  return hasHole(process, start, end) ? fail('ENOMEM') : succeed(undefined);
}

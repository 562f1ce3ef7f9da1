import { fail, type SyscallResult } from './errno.ts';
import { gup, release } from './gup.ts';
import type { Process } from './process.ts';

/**
 * futex(2) FUTEX_WAIT on a shared word: a reference through GUP-fast, for writing, while its key is
 * made of the page's mapping and index (kernel/futex/core.c: get_futex_key). No data is emulated, so
 * the word never holds what the caller waits for: EAGAIN.
 */
export function futexWait(process: Process, va: bigint): SyscallResult<never> {
  if (va % 4n) return fail('EINVAL');
  const request = { pin: false, write: true, longterm: false, mode: 'fast' } as const;
  const { pages, errno } = gup(process, va - (va % 4096n), 1, request);
  if (errno) return fail(errno);
  release(process, pages, false);
  return fail('EAGAIN');
}

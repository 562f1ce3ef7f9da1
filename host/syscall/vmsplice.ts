import { fail, type SyscallResult, succeed } from './errno.ts';
import { gup, release } from './gup.ts';
import type { Process } from './process.ts';

/** A pipe has so many buffers, a page each. */
const PIPE_BUFFERS = 16;

/** Pages that sit in a pipe, each with a reference, until they are read or the pipe is closed. */
export interface SplicedPages {
  readonly bytes: number;
  readonly pages: readonly number[];
}

/**
 * vmsplice(2) into an empty pipe: GUP-fast, for reading, of what fits (semantics 4.5).
 *
 * Source: fs/splice.c: vmsplice_to_pipe, lib/iov_iter.c: iov_iter_get_pages2.
 */
export function vmsplice(process: Process, va: bigint, bytes: number): SyscallResult<SplicedPages> {
  const inPage = Number(va % 4096n);
  const wanted = Math.min(PIPE_BUFFERS, Math.ceil((inPage + bytes) / 4096));
  const request = { pin: false, write: false, longterm: false, mode: 'fast' } as const;
  const { pages, errno } = gup(process, va - BigInt(inPage), wanted, request);
  if (errno) return fail(errno);
  return succeed({ bytes: Math.min(bytes, pages.length * 4096 - inPage), pages });
}

/** The pipe lets go of them. */
export function dropSpliced(process: Process, { pages }: SplicedPages): void {
  release(process, pages, false);
}

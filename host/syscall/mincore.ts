import { readMincoreBytes } from '../wasm/look.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';
import { eachPart, rangeEnd } from './range.ts';

/**
 * mincore(2): a byte a page, 1 where a leaf is present; device-DAX has no page cache to ask else.
 * A caller who may not write the file learns nothing: all ones, and nothing is walked.
 * Kernel: devmap's walk removes a 1G leaf and reports 0s, refcount's reports 1s.
 *
 * Source: semantics 8; mm/mincore.c: can_do_mincore, B mincore_pud_entry.
 */
export function mincore(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
  mayWriteFile = true,
): SyscallResult<Uint8Array> {
  if (start % 4096n) return fail('EINVAL');
  const end = rangeEnd(start, lengthBytes);
  const out = new Uint8Array(Number((end - start) / 4096n));
  let reached = start;
  const errno = eachPart(process, start, end, (vma, from, to) => {
    // A hole is found when the walk comes to it: what lies before was walked.
    if (from > reached) return 'ENOMEM';
    reached = to;
    const at = Number((from - start) / 4096n);
    if (vma.kind !== 'device') return undefined;
    if (!mayWriteFile) out.fill(1, at, Number((to - start) / 4096n));
    else out.set(readMincoreBytes(process.system.machine, process.descriptor(vma), from, to), at);
    return undefined;
  });
  return errno || reached < end ? fail('ENOMEM') : succeed(out);
}

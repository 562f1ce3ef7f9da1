import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { modify } from './modify.ts';
import type { Process } from './process.ts';
import { type Protection, pageProt, protectionFlags, VM_ACCESS } from './vma.ts';

/**
 * mprotect(2) of whole 4 KiB pages.
 *
 * Source: semantics 4.4, 8; mm/mprotect.c: mprotect_fixup, mm/vma.c: vma_modify_flags.
 */
export function mprotect(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
  protection: Protection,
): SyscallResult<void> {
  if (start % 4096n) return fail('EINVAL');
  const end = start + ((lengthBytes + 4095n) / 4096n) * 4096n;
  let at = start;
  while (at < end) {
    const vma = process.vmaAt(at);
    if (!vma) return fail('ENOMEM');
    const to = vma.end < end ? vma.end : end;
    if (protection.write && !(vma.flags & abi.VM_MAYWRITE)) return fail('EACCES');
    const flags = (vma.flags & ~VM_ACCESS) | protectionFlags(protection);
    if (flags !== vma.flags) {
      if (!modify(process, vma, at, to, flags)) return fail('EINVAL');
      const now = process.requireVma(at);
      const { core } = process.system.machine;
      core.protect(process.descriptor(now), at, to, pageProt(flags));
    }
    at = to;
  }
  return succeed(undefined);
}

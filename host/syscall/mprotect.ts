import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { modify } from './modify.ts';
import type { Process } from './process.ts';
import { type Protection, pageProt, protectionFlags, VM_ACCESS, type Vma } from './vma.ts';

/**
 * The control plane's half of mprotect: [start, end) of a mapping gets its new vm_flags, the leaves
 * stay as they are. False: it may not be cut there.
 */
export function modifyProtection(
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  protection: Protection,
): boolean {
  const flags = (vma.flags & ~VM_ACCESS) | protectionFlags(protection);
  return flags === vma.flags || modify(process, vma, start, end, flags);
}

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
    if (!modifyProtection(process, vma, at, to, protection)) return fail('EINVAL');
    const now = process.requireVma(at);
    if (now.flags !== vma.flags) {
      const { core } = process.system.machine;
      core.protect(process.descriptor(now), at, to, pageProt(now.flags));
    }
    at = to;
  }
  return succeed(undefined);
}

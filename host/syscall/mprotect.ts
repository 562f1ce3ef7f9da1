import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { mayCut, piece } from './munmap.ts';
import type { Process } from './process.ts';
import {
  mayMerge,
  type Protection,
  pageProt,
  protectionFlags,
  VM_ACCESS,
  type Vma,
} from './vma.ts';

/** The mapping as [start, end) of it would be with new flags. */
function changedPart(process: Process, vma: Vma, start: bigint, end: bigint, flags: number): Vma {
  return { ...piece(process, vma, start, end), flags };
}

/**
 * vma_modify: a neighbour that already has the new flags takes the part over, its boundary moved
 * without asking may_split (the hole of semantics 4.4); otherwise the mapping is split, if it may.
 */
function modify(process: Process, vma: Vma, start: bigint, end: bigint, flags: number): boolean {
  const part = changedPart(process, vma, start, end, flags);
  const before = process.vmas.find((each) => each.end === start);
  const after = process.vmas.find((each) => each.start === end);
  const absorbed =
    (start === vma.start && before !== undefined && mayMerge(before, part)) ||
    (end === vma.end && after !== undefined && mayMerge(part, after));
  if (!absorbed && !(mayCut(process, vma, start) && mayCut(process, vma, end))) {
    process.system.freeSlot(part.slot);
    return false;
  }
  const rest = [
    ...(vma.start < start ? [piece(process, vma, vma.start, start)] : []),
    ...(vma.end > end ? [piece(process, vma, end, vma.end)] : []),
  ];
  process.replace([vma], [...rest, part]);
  return true;
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

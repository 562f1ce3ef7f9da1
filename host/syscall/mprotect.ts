import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { modify } from './modify.ts';
import type { Process } from './process.ts';
import { type Protection, pageProt, protectionFlags, VM_ACCESS, type Vma } from './vma.ts';

/** change_protection. The devmap kernel (6.12.95) loses D of 2M leaves on the way. */
function protectLeaves(process: Process, vma: Vma, from: bigint, to: bigint): void {
  const { machine, bugs } = process.system;
  const before = machine.event('dirtyLost');
  machine.core.protect(process.descriptor(vma), from, to, pageProt(vma.flags));
  const count = machine.event('dirtyLost') - before;
  if (count === 0) return;
  bugs.push({
    code: 'lostDirty',
    kernel: machine.kernel,
    process: process.id,
    address: from,
    count,
    text: 'mprotect made dirty 2M leaves clean',
  });
}

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
      protectLeaves(process, now, at, to);
    }
    at = to;
  }
  return succeed(undefined);
}

import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';

/**
 * What is written to /proc/pid/clear_refs: 1 all pages, 2 anonymous ones, 3 mapped files, 4 soft-dirty
 * bits, 5 the peak of the resident set.
 */
export type ClearRefs = 1 | 2 | 3 | 4 | 5;

/** Soft-dirty tracking begins: VM_SOFTDIRTY goes, entries are write-protected, one flush of the mm. */
function clearSoftDirty(process: Process): void {
  const { core } = process.system.machine;
  const tracked = process.vmas.filter((vma) => vma.flags & abi.VM_SOFTDIRTY);
  process.replace(
    tracked,
    tracked.map((vma) => ({ ...vma, flags: vma.flags & ~abi.VM_SOFTDIRTY })),
  );
  for (const vma of process.vmas) {
    if (vma.kind === 'device') {
      core.clearSoftDirtyRange(process.descriptor(vma), vma.start, vma.end);
    }
  }
  core.flushMm();
}

/** A bits and PG_referenced go, with no flush: what the TLB holds goes on being used. */
function clearReferenced(process: Process): void {
  const { machine, tlb } = process.system;
  for (const vma of process.vmas) {
    if (vma.kind !== 'device') continue;
    machine.core.clearReferencedRange(process.descriptor(vma), vma.start, vma.end);
    tlb.aged(process, vma.start, vma.end);
  }
}

/**
 * A write to /proc/pid/clear_refs. Every walk of it removes 1G leaves; 2 skips file mappings, and with
 * them device-DAX; 5 walks nothing.
 *
 * Source: semantics 8, 5.6; fs/proc/task_mmu.c: clear_refs_write, clear_refs_pte_range.
 */
export function clearRefs(process: Process, what: ClearRefs): SyscallResult<void> {
  if (![1, 2, 3, 4, 5].includes(what)) return fail('EINVAL');
  if (what === 4) clearSoftDirty(process);
  if (what === 1 || what === 3) clearReferenced(process);
  return succeed(undefined);
}

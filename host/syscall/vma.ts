import * as abi from '../wasm/abi.ts';

/** PROT_READ, PROT_WRITE and PROT_EXEC of a mapping. */
export interface Protection {
  /** Loads are permitted. */
  readonly read: boolean;
  /** Stores are permitted. */
  readonly write: boolean;
  /** Instruction fetches are permitted. */
  readonly exec: boolean;
}

/** One mapping: of the device, or of other memory that only takes up room. Addresses are bytes. */
export interface Vma {
  /** Slot of its descriptor in the bank. */
  readonly slot: number;
  readonly start: bigint;
  readonly end: bigint;
  /** Offset into the device in 4 KiB pages. */
  readonly pgoff: bigint;
  /** vm_flags, the kernel's own bits. */
  readonly flags: number;
  /** Of anything but the device only the place is emulated, and that it has page tables in use. */
  readonly kind: 'device' | 'anonymous' | 'reserved';
  /** NUMA policy as numa_maps names it, such as `bind:0`; absent: the process's own. */
  readonly policy?: string;
}

const PRESENT_USER_ACCESSED = 0x25n;
const RW = 1n << 1n;
const NX = 1n << 63n;
const PROTNONE_ACCESSED = 0x120n;

/** VM_READ, VM_WRITE, VM_EXEC of a protection. */
export function protectionFlags({ read, write, exec }: Protection): number {
  return (read ? abi.VM_READ : 0) | (write ? abi.VM_WRITE : 0) | (exec ? abi.VM_EXEC : 0);
}

/** VM_SOFTDIRTY: every page of the mapping counts as written since the last clear_refs 4. */
export function isSoftDirty({ flags }: Vma): boolean {
  return (flags & abi.VM_SOFTDIRTY) !== 0;
}

export const VM_ACCESS = abi.VM_READ | abi.VM_WRITE | abi.VM_EXEC;

/**
 * vm_page_prot of a shared mapping (protection_map, semantics 3.3). Once clear_refs 4 took
 * VM_SOFTDIRTY away the kernel wants to notice writes: new entries start without RW
 * (mm/mmap.c: vma_wants_writenotify).
 */
export function pageProt(flags: number): bigint {
  if ((flags & VM_ACCESS) === 0) return PROTNONE_ACCESSED;
  const write = flags & abi.VM_WRITE && flags & abi.VM_SOFTDIRTY ? RW : 0n;
  return PRESENT_USER_ACCESSED | write | (flags & abi.VM_EXEC ? 0n : NX);
}

/** can_vma_merge: the second goes on where the first ends; VM_SOFTDIRTY does not count. */
export function mayMerge(first: Vma, second: Vma): boolean {
  if (first.kind !== 'device' || second.kind !== 'device') return false;
  if (first.end !== second.start || first.policy !== second.policy) return false;
  const pages = (first.end - first.start) >> 12n;
  const sameFlags = ((first.flags ^ second.flags) & ~abi.VM_SOFTDIRTY) === 0;
  return sameFlags && first.pgoff + pages === second.pgoff;
}

/** The two as one, in the first one's slot; whether it counts as soft-dirty is another question. */
export function merged(first: Vma, second: Vma): Vma {
  return { ...first, end: second.end, flags: first.flags & ~abi.VM_SOFTDIRTY };
}

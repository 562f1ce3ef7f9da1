import * as abi from '../wasm/abi.ts';

export interface Protection {
  readonly read: boolean;
  readonly write: boolean;
  readonly exec: boolean;
}

/** One mapping of the device. Addresses are bytes; `pgoff` is in 4 KiB pages. */
export interface Vma {
  /** Slot of its descriptor in the bank. */
  readonly slot: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly pgoff: bigint;
  readonly protection: Protection;
  /** VM_SYNC: mapped with MAP_SHARED_VALIDATE and MAP_SYNC. */
  readonly sync: boolean;
  /** VM_SHARED and VM_MAYWRITE: the descriptor it was mapped through can write. */
  readonly mayWrite: boolean;
}

const PRESENT_USER_ACCESSED = 0x25n;
const RW = 1n << 1n;
const NX = 1n << 63n;
const PROTNONE_ACCESSED = 0x120n;

/** vm_page_prot of a shared mapping (protection_map, semantics 3.3). */
export function pageProt({ read, write, exec }: Protection): bigint {
  if (!read && !write && !exec) return PROTNONE_ACCESSED;
  return PRESENT_USER_ACCESSED | (write ? RW : 0n) | (exec ? 0n : NX);
}

export function vmFlags({ read, write, exec }: Protection): number {
  return (read ? abi.VM_READ : 0) | (write ? abi.VM_WRITE : 0) | (exec ? abi.VM_EXEC : 0);
}

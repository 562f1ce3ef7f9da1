/*
 * x86-64 page-table entries (semantics 3.2 to 3.4; arch/x86/include/asm/pgtable_types.h).
 */
import { DEVMAP } from './switches';

@inline export const PRESENT: u64 = 1;
@inline export const RW: u64 = 1 << 1;
@inline export const USER: u64 = 1 << 2;
@inline export const ACCESSED: u64 = 1 << 5;
@inline export const DIRTY: u64 = 1 << 6;
@inline export const PSE: u64 = 1 << 7;
@inline export const SPECIAL: u64 = 1 << 9;
@inline export const SOFT_DIRTY: u64 = 1 << 11;
@inline export const DEVMAP_BIT: u64 = 1 << 57;
@inline export const SAVED_DIRTY: u64 = 1 << 58;
@inline export const NX: u64 = 1 << 63;

/** Bits 12..51: where the next table, or a 4 KiB page, is. */
@inline export const ADDRESS_MASK: u64 = 0x000FFFFFFFFFF000;
/** What an entry that points to a table holds beside the address: P, RW, US, A, D. */
@inline export const TABLE_BITS: u64 = 0x67;

@inline export function isPresent(entry: u64): bool {
  return (entry & PRESENT) != 0;
}

@inline export function isLeaf(entry: u64): bool {
  return (entry & PSE) != 0;
}

@inline export function isDirty(entry: u64): bool {
  return (entry & (DIRTY | SAVED_DIRTY)) != 0;
}

@inline export function tableOf(entry: u64): usize {
  return <usize>(entry & ADDRESS_MASK);
}

/** pte_mkwrite(pte_mkdirty(pte_mkyoung())) as a write fault applies it in a writable VMA. */
@inline export function madeDirty(entry: u64): u64 {
  return entry | ACCESSED | DIRTY | SOFT_DIRTY | RW;
}

/**
 * The 4 KiB leaf a first fault inserts.
 * Kernel: devmap: vmf_insert_mixed with mkwrite=false, so D stays off even for a write;
 * refcount: vmf_insert_page_mkwrite.
 */
@inline export function pteLeaf(phys: u64, prot: u64, write: u32): u64 {
  if (KERNEL == DEVMAP) return phys | prot | SPECIAL | DEVMAP_BIT;
  const entry = phys | prot;
  return write ? madeDirty(entry) : entry;
}

/** The 2 MiB or 1 GiB leaf a first fault inserts. Kernel: insert_pfn_pmd / insert_pmd and PUD. */
@inline export function hugeLeaf(phys: u64, prot: u64, write: u32): u64 {
  let entry = phys | prot | PSE;
  if (KERNEL == DEVMAP) entry |= DEVMAP_BIT;
  return write ? madeDirty(entry) : entry;
}

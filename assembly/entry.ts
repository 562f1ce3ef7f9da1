/*
 * x86-64 page-table entries (semantics 3.2 to 3.4; arch/x86/include/asm/pgtable_types.h).
 */
import { DEVMAP, REFCOUNT_6_15 } from './switches';

@inline export const PRESENT: u64 = 1;
@inline export const RW: u64 = 1 << 1;
@inline export const USER: u64 = 1 << 2;
@inline const PWT: u64 = 1 << 3;
@inline const PCD: u64 = 1 << 4;
@inline export const ACCESSED: u64 = 1 << 5;
@inline export const DIRTY: u64 = 1 << 6;
@inline export const PSE: u64 = 1 << 7;
/** With P=0: a PROT_NONE leaf, whose address bits are inverted (L1TF). */
@inline export const PROTNONE: u64 = 1 << 8;
@inline export const SPECIAL: u64 = 1 << 9;
@inline const UFFD: u64 = 1 << 10;
@inline export const SOFT_DIRTY: u64 = 1 << 11;
@inline export const DEVMAP_BIT: u64 = 1 << 57;
@inline export const SAVED_DIRTY: u64 = 1 << 58;
@inline export const NX: u64 = 1 << 63;

/** Bits 12..51: where the next table, or a 4 KiB page, is. */
@inline export const ADDRESS_MASK: u64 = 0x000FFFFFFFFFF000;
/** What pte_modify keeps of an entry beside its address: 3.2. */
@inline const KEPT_BITS: u64 =
  PWT | PCD | ACCESSED | DIRTY | PSE | SPECIAL | UFFD | SOFT_DIRTY | DEVMAP_BIT | SAVED_DIRTY;
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

/**
 * vm_normal_page: whether the entry leads to a struct page that the kernel knows. A leaf that is
 * SPECIAL or DEVMAP does not (semantics 3.4).
 */
@inline export function normalPage(entry: u64): bool {
  return (entry & (SPECIAL | DEVMAP_BIT)) == 0;
}

/** pte_wrprotect(pte_clear_soft_dirty()): D is parked in SAVED_DIRTY. */
@inline export function softCleaned(entry: u64): u64 {
  const cleaned = entry & ~(RW | SOFT_DIRTY);
  return cleaned & DIRTY ? cleaned & ~DIRTY | SAVED_DIRTY : cleaned;
}

/** A write fault on an entry that is not writable: as madeDirty, and D is parked no more. */
@inline export function madeWritable(entry: u64): u64 {
  return madeDirty(entry) & ~SAVED_DIRTY;
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

/**
 * The 2 MiB or 1 GiB leaf a first fault inserts.
 * Kernel: insert_pfn_pmd / insert_pmd and PUD; refcount-6.15 still writes the entry through the pfn
 * helper, which marks it SPECIAL: no page behind it for GUP-fast and vm_normal_page_pmd (6.6).
 */
@inline export function hugeLeaf(phys: u64, prot: u64, write: u32): u64 {
  let entry = phys | prot | PSE;
  if (KERNEL == DEVMAP) entry |= DEVMAP_BIT;
  if (KERNEL == REFCOUNT_6_15) entry |= SPECIAL;
  return write ? madeDirty(entry) : entry;
}

/** The physical address in a leaf, whether it permits access or not. */
@inline export function physIn(leaf: u64): u64 {
  return (leaf & PRESENT ? leaf : ~leaf) & ADDRESS_MASK;
}

/** can_change_pte_writable, shared mapping: a dirty entry whose write was noticed gets RW back. */
export function upgraded(leaf: u64): u64 {
  if ((leaf & SOFT_DIRTY) == 0 || !isDirty(leaf)) return leaf;
  return (leaf | RW | DIRTY) & ~SAVED_DIRTY;
}

/**
 * pte_modify / pmd_modify / pud_modify: the leaf under a new vm_page_prot. D moves to SAVED_DIRTY
 * while the entry is not writable, and back.
 * Kernel: devmap (6.12.95) loses D of a 2M leaf on the way: it masks D out first.
 */
export function modified(leaf: u64, prot: u64, order: u32): u64 {
  // The address bits of this level, from 12, 21 or 30 on: those below are none in a huge leaf.
  const address = ADDRESS_MASK >> (12 + order) << (12 + order);
  let next = (physIn(leaf) & address) | (leaf & KEPT_BITS) | (prot & ~KEPT_BITS);
  if (KERNEL == DEVMAP && order == 9) next &= ~DIRTY;
  if (!(next & RW) && (next & DIRTY)) next = next & ~DIRTY | SAVED_DIRTY;
  if ((next & RW) && (next & SAVED_DIRTY)) next = next & ~SAVED_DIRTY | DIRTY;
  return next & PRESENT ? next : next ^ address;
}

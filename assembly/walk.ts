/*
 * Walking x86-64 page tables: find, and find-or-create. Four levels, or five where the mm says so;
 * the P4D of a four-level walk is folded into the PGD and costs nothing.
 */
import { allocTable, freeTable } from './arena';
import { TABLE_BITS, isLeaf, tableOf } from './entry';
import { MM_LEVELS, MM_TABLES, MM_TOP } from './layout';
import { PT_READ, PT_WRITE, count } from './ledger';
import { lockHuge, unlockHuge } from './lock';
import { FULL } from './switches';

@inline export const PTE_SHIFT: u32 = 12;
@inline export const PMD_SHIFT: u32 = 21;
@inline export const PUD_SHIFT: u32 = 30;
@inline export const P4D_SHIFT: u32 = 39;
@inline export const PGD5_SHIFT: u32 = 48;

/** Address of the entry for `va` in `table`, whose entries each span 2^shift bytes. */
@inline export function slotOf(table: usize, va: u64, shift: u32): usize {
  return table + ((<usize>(va >> shift) & 511) << 3);
}

@inline export function readEntry(slot: usize): u64 {
  count(PT_READ);
  return load<u64>(slot);
}

/** set_pte and its kin are plain stores in the kernel, and here. */
@inline export function writeEntry(slot: usize, entry: u64): void {
  count(PT_WRITE);
  store<u64>(slot, entry);
}

/**
 * mm_inc_nr_ptes and its kin: an atomic of the mm, as pgtables_bytes is; once a table, and none of
 * the ledger's.
 */
@inline export function addTables(mm: usize, by: i32): void {
  if (DETAIL >= FULL) atomic.add<i32>(mm + MM_TABLES, by);
  else store<i32>(mm, load<i32>(mm, MM_TABLES) + by, MM_TABLES);
}

/**
 * Points the empty `slot` at a new table and charges the mm; 0 when there is no memory. Answers the
 * table that is there in the end, which may be another thread's (__pud_alloc, __pmd_alloc).
 */
export function populate(mm: usize, slot: usize): usize {
  const table = allocTable();
  if (!table) return 0;
  return installIn(mm, slot, table, 18);
}

/** pmd_install: a PTE table, under the lock of the PMD table that will point to it. */
export function installPteTable(mm: usize, slot: usize, table: usize): usize {
  return installIn(mm, slot, table, 9);
}

/** Points `slot` at `table`, unless it is taken by now: then the table goes back. */
@inline function installIn(mm: usize, slot: usize, table: usize, order: u32): usize {
  lockHuge(mm, slot, order);
  const there = DETAIL >= FULL ? load<u64>(slot) : 0;
  if (!there) {
    addTables(mm, 1);
    writeEntry(slot, <u64>table | TABLE_BITS);
  }
  unlockHuge(mm, slot, order);
  if (!there) return table;
  freeTable(table);
  return tableOf(there);
}

/** Slot of the entry that spans 512 GiB: in the PGD, or with five levels in the P4D table. */
@inline function p4dSlot(mm: usize, va: u64): usize {
  const top: usize = load<u32>(mm, MM_TOP);
  if (load<u32>(mm, MM_LEVELS) == 4) return slotOf(top, va, P4D_SHIFT);
  const entry = readEntry(slotOf(top, va, PGD5_SHIFT));
  return entry ? slotOf(tableOf(entry), va, P4D_SHIFT) : 0;
}

/** Slot of `va` in its PUD table, or 0 where there is no such table. */
@inline export function findPud(mm: usize, va: u64): usize {
  const slot = p4dSlot(mm, va);
  if (!slot) return 0;
  const entry = readEntry(slot);
  return entry ? slotOf(tableOf(entry), va, PUD_SHIFT) : 0;
}

/**
 * pte_offset_map_lock's second look: whether the table that holds `slot` is still the one that the
 * PMD entry points to. Another thread's MADV_DONTNEED may free it while its lock is waited for.
 */
@inline export function stillUnder(pmdSlot: usize, slot: usize): bool {
  return DETAIL < FULL || tableOf(atomic.load<u64>(pmdSlot)) >> 12 == slot >> 12;
}

/** End of the entry that holds `va` at this level, or the end of the range. */
@inline export function entryEnd(va: u64, end: u64, shift: u32): u64 {
  const next = ((va >> shift) + 1) << shift;
  return next < end ? next : end;
}

/** The slow half of `needPud`: some table above is missing. */
function growPud(mm: usize, va: u64): usize {
  let slot: usize = slotOf(load<u32>(mm, MM_TOP), va, P4D_SHIFT);
  if (load<u32>(mm, MM_LEVELS) == 5) {
    slot = slotOf(load<u32>(mm, MM_TOP), va, PGD5_SHIFT);
    const entry = load<u64>(slot);
    const p4d = entry ? tableOf(entry) : populate(mm, slot);
    if (!p4d) return 0;
    slot = slotOf(p4d, va, P4D_SHIFT);
  }
  const entry = load<u64>(slot);
  const pud = entry ? tableOf(entry) : populate(mm, slot);
  return pud ? slotOf(pud, va, PUD_SHIFT) : 0;
}

/** Slot of `va` in its PUD table, made if need be; 0 when there is no memory. */
@inline export function needPud(mm: usize, va: u64): usize {
  const slot = findPud(mm, va);
  return slot ? slot : growPud(mm, va);
}

/** Slot of `va` in the PMD table that `pud` points to, made if need be; 0: no memory. */
export function needPmd(mm: usize, pud: usize, va: u64): usize {
  const entry = load<u64>(pud);
  const table = entry ? tableOf(entry) : populate(mm, pud);
  return table ? slotOf(table, va, PMD_SHIFT) : 0;
}

/** Brings every table for `va` down to its PTE table into being: what other mappings need. */
export function needTables(mm: usize, va: u64): bool {
  const pud = needPud(mm, va);
  if (!pud) return false;
  const pmd = needPmd(mm, pud, va);
  if (!pmd) return false;
  return load<u64>(pmd) != 0 || populate(mm, pmd) != 0;
}

/** Slot for a leaf of this order at `va`, empty or not; 0 where its table is not there. */
@inline export function findSlot(mm: usize, va: u64, order: u32): usize {
  const pudSlot = findPud(mm, va);
  if (!pudSlot || order == 18) return pudSlot;
  const pud = load<u64>(pudSlot);
  if (!pud || isLeaf(pud)) return 0;
  const pmdSlot = slotOf(tableOf(pud), va, PMD_SHIFT);
  if (order == 9) return pmdSlot;
  const pmd = load<u64>(pmdSlot);
  return pmd && !isLeaf(pmd) ? slotOf(tableOf(pmd), va, PTE_SHIFT) : 0;
}

/*
 * mremap's walk (semantics 8; mm/mremap.c: move_page_tables): whole tables where both ends are
 * table-aligned, 2M leaves, PTEs. No count of any page moves. 1G leaves are lost on the way.
 */
import { allocTable } from './arena';
import { SOFT_DIRTY, isLeaf, tableOf } from './entry';
import { PAGES } from './layout';
import { LEAF_LOST, PT_WRITE, TLB_FLUSH, beginOperation, count } from './ledger';
import { lockHuge, lockPte, unlockHuge, unlockPte } from './lock';
import { OK, OOM } from './status';
import {
  PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, findPud, installPteTable, needPmd, needPud, readEntry, slotOf,
  writeEntry,
} from './walk';
import { dropHuge } from './zap';

/* What the last move did: how far it came, and which leaves it lost. */
let moved: u64 = 0;
let lost: u32 = 0;

/** get_extent: up to the next entry of that level, at both ends. */
function extentOf(at: u64, to: u64, end: u64, shift: u32): u64 {
  const span = (<u64>1) << shift;
  let extent = span - (at & (span - 1));
  if (extent > end - at) extent = end - at;
  const atTarget = span - (to & (span - 1));
  return extent < atTarget ? extent : atTarget;
}

/** ptep_get_and_clear. */
@inline function take(slot: usize): u64 {
  count(PT_WRITE);
  return atomic.xchg<u64>(slot, 0);
}

/**
 * get_old_pud takes a 1G leaf for a corrupt table (pud_none_or_clear_bad): zeroed with no lock, no
 * flush, no rmap work and no put. PAGES gets its address and its value, a u64 each.
 */
function lose(slot: usize, va: u64): void {
  const at = PAGES + (lost << 4);
  store<u64>(at, va);
  store<u64>(at, load<u64>(slot), 8);
  lost += 1;
  count(LEAF_LOST);
  writeEntry(slot, 0);
}

@inline function sameTable(a: usize, b: usize): bool {
  return a >> 12 == b >> 12;
}

/** Both tables' locks: one for the entries of a PUD table, or where the table is the same. */
function lockBoth(mm: usize, from: usize, to: usize, order: u32): void {
  lockHuge(mm, from, order);
  if (order == 9 && !sameTable(from, to)) lockHuge(mm, to, order);
}

function unlockBoth(mm: usize, from: usize, to: usize, order: u32): void {
  if (order == 9 && !sameTable(from, to)) unlockHuge(mm, to, order);
  unlockHuge(mm, from, order);
}

/** move_normal_pmd and _pud: the table below changes hands. False: the target is in use. */
function moveTable(mm: usize, from: usize, to: usize, order: u32): bool {
  if (load<u64>(to)) return false;
  lockBoth(mm, from, to, order);
  writeEntry(to, take(from));
  count(TLB_FLUSH);
  unlockBoth(mm, from, to, order);
  return true;
}

/** move_huge_pmd. */
function moveHuge(mm: usize, from: usize, to: usize): bool {
  if (load<u64>(to)) return false;
  lockBoth(mm, from, to, 9);
  writeEntry(to, take(from) | SOFT_DIRTY);
  count(TLB_FLUSH);
  unlockBoth(mm, from, to, 9);
  return true;
}

/** move_ptes: at most what one PTE table holds, one flush under both locks. */
function movePtes(from: usize, to: usize, extent: u64): void {
  let slot = from;
  let target = to;
  let present = false;
  lockPte(from);
  if (!sameTable(from, to)) lockPte(to);
  const last = from + (<usize>(extent >> PTE_SHIFT) << 3);
  for (; slot < last; slot += 8, target += 8) {
    if (!readEntry(slot)) continue;
    writeEntry(target, take(slot) | SOFT_DIRTY);
    present = true;
  }
  if (present) count(TLB_FLUSH);
  if (!sameTable(from, to)) unlockPte(to);
  unlockPte(from);
}

/** pte_alloc: the table that `slot` points to, made if need be; 0 when there is no memory. */
function needPteTable(mm: usize, slot: usize): usize {
  const entry = load<u64>(slot);
  if (entry) return tableOf(entry);
  const table = allocTable();
  return table ? installPteTable(mm, slot, table) : 0;
}

/** One turn of move_page_tables; answers how much it did, or 0 when there is no memory. */
function moveStep(mm: usize, at: u64, to: u64, end: u64): u64 {
  let extent = extentOf(at, to, end, PUD_SHIFT);
  const pud = findPud(mm, at);
  const pudEntry = pud ? readEntry(pud) : 0;
  if (!pudEntry) return extent;
  if (isLeaf(pudEntry)) {
    lose(pud, at);
    return extent;
  }
  const newPud = needPud(mm, to);
  if (!newPud) return 0;
  if (extent == 1 << PUD_SHIFT && moveTable(mm, pud, newPud, 18)) return extent;

  extent = extentOf(at, to, end, PMD_SHIFT);
  const pmd = slotOf(tableOf(pudEntry), at, PMD_SHIFT);
  const pmdEntry = readEntry(pmd);
  if (!pmdEntry) return extent;
  const newPmd = needPmd(mm, newPud, to);
  if (!newPmd) return 0;
  const whole = extent == 1 << PMD_SHIFT;
  if (isLeaf(pmdEntry)) {
    // A leaf that cannot be moved whole is removed properly: the split of a DAX leaf (7.4).
    if (!whole || !moveHuge(mm, pmd, newPmd)) dropHuge(mm, pmd, 9);
    return extent;
  }
  if (whole && moveTable(mm, pmd, newPmd, 9)) return extent;
  const table = needPteTable(mm, newPmd);
  if (!table) return 0;
  const from = slotOf(tableOf(pmdEntry), at, PTE_SHIFT);
  movePtes(from, slotOf(table, to, PTE_SHIFT), extent);
  return extent;
}

/**
 * move_page_tables: the entries of [from, from + length) go to `to`. Answers OK, or OOM where a
 * table was missing and could not be had; movedBytes says how far it came, lostLeaves how many
 * leaves are in PAGES. Runs under the mmap_lock that the unmapping after it counts.
 */
export function moveTables(mm: usize, from: u64, to: u64, length: u64): u32 {
  beginOperation();
  moved = 0;
  lost = 0;
  while (moved < length) {
    const extent = moveStep(mm, from + moved, to + moved, from + length);
    if (!extent) return OOM;
    moved += extent;
  }
  return OK;
}

export function movedBytes(): u64 {
  return moved;
}

export function lostLeaves(): u32 {
  return lost;
}

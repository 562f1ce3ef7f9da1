/*
 * Unmapping (semantics 7): clear entries, gather pages, flush, and only then drop references
 * (gather.ts).
 */
import { freeTable } from './arena';
import { ACCESSED, isDirty, isLeaf, tableOf } from './entry';
import {
  awaitsFlush, beginTables, closeGather, dropRmap, endTables, finishGather, forceFlush, needFlush,
  openGather, queue, queueDelayed,
} from './gather';
import {
  MM_ID, MM_LEVELS, MM_TOP, VMA_CEILING, VMA_END, VMA_FLAGS, VMA_FLOOR, VMA_MM, VMA_START,
  VM_RAND_READ, VM_SEQ_READ,
} from './layout';
import {
  LEAF_CLEAR, PT_WRITE, SPLIT, TLB_FLUSH, beginOperation, count, countIf,
} from './ledger';
import {
  lockHuge, lockMmapDowngraded, lockMmapRead, lockPte, lockVma, unlockHuge, unlockMmapRead,
  unlockPte, unlockVma,
} from './lock';
import {
  firstRangePages, leafFolio, pageOf, physOf, recordsStart, smallPageOf,
} from './page';
import { NR_FILE_MAPPED, NR_FILE_PMDMAPPED, chargePages, countPages } from './percpu';
import { RECORD_SHIFT, flagsAt, pageFlagsAt } from './record';
import { markAccessed, markDirty, put, removeHugeRmap, setReferenced } from './ref';
import { begins, ends } from './seam';
import { DEVMAP, FULL, GATHERS, MARKS, REFERENCES, RELEASES, RMAP, STATISTICS } from './switches';
import {
  P4D_SHIFT, PGD5_SHIFT, PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, addTables, entryEnd, readEntry, slotOf,
  stillUnder,
} from './walk';

/** Whether PTE tables that a zap empties go at once: MADV_DONTNEED of the refcount kernel (7.4). */
let reclaims: bool = false;
/** vma_has_recency: accesses of a VMA that is read in order or at random say nothing of a page. */
let recency: bool = true;

/** Before the zap of a VMA's range. */
@inline export function beginZap(vma: usize): void {
  beginOperation();
  recency = (load<u32>(vma, VMA_FLAGS) & (VM_SEQ_READ | VM_RAND_READ)) == 0;
  openGather();
}

/** ptep_get_and_clear: an xchg, which is locked without saying so. */
@inline function clearEntry(slot: usize): u64 {
  count(PT_WRITE);
  count(LEAF_CLEAR);
  needFlush();
  return atomic.xchg<u64>(slot, 0);
}

/** folio_remove_rmap_pmd and _pud. */
@inline function dropHugeRmap(mm: usize, head: usize, order: u32): void {
  const left = RMAP ? removeHugeRmap(head, load<u32>(mm, MM_ID)) : 0;
  if (!STATISTICS || left != 0) return;
  countPages(NR_FILE_MAPPED, -((<i64>1) << order));
  if (order == 9) countPages(NR_FILE_PMDMAPPED, -512);
}

/**
 * zap_present_folio_ptes for one small page. True: the batch is full. `accessed` is the bit that
 * says the page was, or none. The map count of a dirty page waits for the flush.
 */
@inline function releasePte(
  mm: usize, entry: u64, accessed: u64, base: usize, devicePhys: u64, firstPages: u32,
): bool {
  const record = base + (<usize>smallPageOf(entry, devicePhys, firstPages) << RECORD_SHIFT);
  const flags = pageFlagsAt(record);
  const dirty = isDirty(entry);
  if (MARKS && dirty) markDirty(flags);
  if (MARKS && entry & accessed) markAccessed(flags);
  if (STATISTICS) chargePages(mm, -1);
  if (GATHERS && dirty) return queueDelayed(<u32>record);
  dropRmap(record);
  return queue(<u32>record);
}

/**
 * zap_pte_range: one PTE table at a time, so a forced flush covers at most 2 MiB. True where the
 * table is empty now and was taken out of its PMD entry, which only a zap of all of it does.
 */
function zapTable(mm: usize, pmdSlot: usize, table: usize, va: u64, end: u64): bool {
  let slot = slotOf(table, va, PTE_SHIFT);
  const last = slot + ((<usize>((end - va) >> PTE_SHIFT)) << 3);
  const base = recordsStart();
  const devicePhys = physOf(0);
  const firstPages = firstRangePages();
  const accessed = recency ? ACCESSED : 0;
  let reclaim = reclaims && end - va == 1 << PMD_SHIFT;
  let letGo = false;
  lockPte(table);
  if (!stillUnder(pmdSlot, table)) return gone(table);
  for (; slot < last; slot += 8) {
    if (!readEntry(slot)) continue;
    const entry = clearEntry(slot);
    if (!RELEASES) continue;
    if (releasePte(mm, entry, accessed, base, devicePhys, firstPages)) {
      forceFlush(table);
      letGo = true;
      lockPte(table);
      if (!stillUnder(pmdSlot, table)) return gone(table);
    }
  }
  if (reclaim) reclaim = takeOut(pmdSlot, table, letGo);
  if (awaitsFlush()) forceFlush(table);
  else unlockPte(table);
  return reclaim;
}

/** Another thread freed the table meanwhile, and what was in it. */
function gone(table: usize): bool {
  unlockPte(table);
  return false;
}

/**
 * try_get_and_clear_pmd, try_to_free_pte: not where another thread has filled an entry again while
 * a forced flush had let go of the lock.
 */
function takeOut(pmdSlot: usize, table: usize, letGo: bool): bool {
  if (DETAIL >= FULL && letGo) {
    for (let slot = table; slot < table + 4096; slot += 8) if (load<u64>(slot)) return false;
  }
  store<u64>(pmdSlot, 0);
  return true;
}

/** zap_huge_pmd / zap_huge_pud; a PUD marks neither dirty nor accessed (7.2). */
function zapHuge(mm: usize, slot: usize, order: u32): void {
  lockHuge(mm, slot, order);
  if (DETAIL >= FULL && !load<u64>(slot)) {
    unlockHuge(mm, slot, order);
    return;
  }
  const entry = clearEntry(slot);
  if (!RELEASES) {
    unlockHuge(mm, slot, order);
    return;
  }
  const head = leafFolio(pageOf(entry));
  dropHugeRmap(mm, head, order);
  if (STATISTICS) chargePages(mm, -((<i64>1) << order));
  if (MARKS && order == 9) {
    const flags = flagsAt(head);
    if (isDirty(entry)) markDirty(flags);
    if (recency && entry & ACCESSED) markAccessed(flags);
  }
  unlockHuge(mm, slot, order);
  if (queue(<u32>head)) finishGather();
}

/**
 * __split_huge_pmd / __split_huge_pud on a DAX mapping: a part of the leaf is hit, so all of it
 * goes, with a flush of its own, and its reference at once (7.4).
 */
export function dropHuge(mm: usize, slot: usize, order: u32): void {
  lockHuge(mm, slot, order);
  if (DETAIL >= FULL && !load<u64>(slot)) {
    unlockHuge(mm, slot, order);
    return;
  }
  const entry = atomic.xchg<u64>(slot, 0);
  count(PT_WRITE);
  count(LEAF_CLEAR);
  count(SPLIT);
  count(TLB_FLUSH);
  if (RELEASES) {
    const head = leafFolio(pageOf(entry));
    const flags = flagsAt(head);
    if (MARKS && isDirty(entry)) markDirty(flags);
    if (MARKS && entry & ACCESSED) setReferenced(flags);
    dropHugeRmap(mm, head, order);
    if (STATISTICS) chargePages(mm, -((<i64>1) << order));
    if (REFERENCES) put(head, 1);
  }
  unlockHuge(mm, slot, order);
}

/** A huge leaf in a range: all of it, or a part. */
@inline function zapLeaf(mm: usize, slot: usize, va: u64, next: u64, order: u32): void {
  if (next - va == (<u64>4096) << order) zapHuge(mm, slot, order);
  else dropHuge(mm, slot, order);
}

/** Clears the entry that points to a table, and frees the table. */
function freeBelow(mm: usize, slot: usize): void {
  const table = tableOf(load<u64>(slot));
  store<u64>(slot, 0);
  freeTakenOut(mm, table);
}

/** Frees a table whose entry is cleared already. */
function freeTakenOut(mm: usize, table: usize): void {
  count(PT_WRITE);
  needFlush();
  addTables(mm, -1);
  freeTable(table);
}

function zapPmds(mm: usize, table: usize, from: u64, end: u64): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, PMD_SHIFT);
    const slot = slotOf(table, va, PMD_SHIFT);
    const entry = readEntry(slot);
    if (entry) {
      if (isLeaf(entry)) zapLeaf(mm, slot, va, next, 9);
      else {
        const table = tableOf(entry);
        if (zapTable(mm, slot, table, va, next)) freeTakenOut(mm, table);
      }
    }
    va = next;
  }
}

function zapPuds(mm: usize, table: usize, from: u64, end: u64): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, PUD_SHIFT);
    const slot = slotOf(table, va, PUD_SHIFT);
    const entry = readEntry(slot);
    if (entry) {
      if (isLeaf(entry)) zapLeaf(mm, slot, va, next, 18);
      else zapPmds(mm, tableOf(entry), va, next);
    }
    va = next;
  }
}

export function zapTop(mm: usize, table: usize, from: u64, end: u64, shift: u32): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, shift);
    const entry = readEntry(slotOf(table, va, shift));
    if (entry) {
      if (shift == PGD5_SHIFT) zapTop(mm, tableOf(entry), va, next, P4D_SHIFT);
      else zapPuds(mm, tableOf(entry), va, next);
    }
    va = next;
  }
}

@inline export function topShift(mm: usize): u32 {
  return load<u32>(mm, MM_LEVELS) == 5 ? PGD5_SHIFT : P4D_SHIFT;
}

/**
 * zap_page_range_single. One flush at the end covers what is left.
 * Kernel: devmap holds mmap_lock; refcount the VMA's own lock, and (CONFIG_PT_RECLAIM) it also
 * frees the PTE tables whose 2 MiB it covers.
 */
export function dontneed(vma: usize, va: u64, end: u64): void {
  beginZap(vma);
  const mm: usize = load<u32>(vma, VMA_MM);
  countIf(begins());
  if (KERNEL == DEVMAP) lockMmapRead(mm);
  else lockVma(vma);
  countIf(true);
  reclaims = KERNEL != DEVMAP;
  zapTop(mm, load<u32>(mm, MM_TOP), va, end, topShift(mm));
  reclaims = false;
  closeGather();
  countIf(ends());
  if (KERNEL == DEVMAP) unlockMmapRead(mm);
  else unlockVma(vma);
  countIf(true);
}

/** True where the 2^shift bytes around [va, end) belong to no neighbouring mapping. */
@inline function ownsSpan(va: u64, end: u64, shift: u32, floor: u64, ceiling: u64): bool {
  const first = (va >> shift) << shift;
  if (first < floor) return false;
  if (!ceiling) return true;
  const limit = (ceiling >> shift) << shift;
  return limit != 0 && end - 1 <= limit - 1;
}

/**
 * free_pgd_range and below: frees every table whose whole span lies between the neighbours.
 * `shift` is what one entry of `table` spans.
 */
function freeTables(
  mm: usize, table: usize, from: u64, end: u64, shift: u32, floor: u64, ceiling: u64,
): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, shift);
    const slot = slotOf(table, va, shift);
    const entry = load<u64>(slot);
    if (entry && !isLeaf(entry)) {
      const below = tableOf(entry);
      if (shift > PMD_SHIFT) freeTables(mm, below, va, next, shift - 9, floor, ceiling);
      if (ownsSpan(va, next, shift, floor, ceiling)) {
        freeBelow(mm, slot);
      }
    }
    va = next;
  }
}

/**
 * unmap_region: zap [va, end), free its page tables, flush, drop references (7.1, 7.6). What the
 * mapping keeps on either side is then a neighbour.
 */
export function munmap(vma: usize, va: u64, end: u64): void {
  beginZap(vma);
  const mm: usize = load<u32>(vma, VMA_MM);
  const top: usize = load<u32>(mm, MM_TOP);
  countIf(begins());
  lockMmapDowngraded(mm);
  countIf(true);
  zapTop(mm, top, va, end, topShift(mm));
  const floor = va > load<u64>(vma, VMA_START) ? va : load<u64>(vma, VMA_FLOOR);
  const ceiling = end < load<u64>(vma, VMA_END) ? end : load<u64>(vma, VMA_CEILING);
  const due = beginTables();
  freeTables(mm, top, va, end, topShift(mm), floor, ceiling);
  endTables(due);
  closeGather();
  countIf(ends());
  unlockMmapRead(mm);
  countIf(true);
}

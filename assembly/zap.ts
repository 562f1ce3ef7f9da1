/*
 * Unmapping (semantics 7): clear entries, gather pages, flush, and only then drop references.
 */
import { freeTable } from './arena';
import { ACCESSED, isDirty, isLeaf, tableOf } from './entry';
import {
  CONTROL, GATHER, MM_ID, MM_LEVELS, MM_TOP, REGION_GATHER, SEAM_FLUSH, SEAM_GATHERED, VMA_CEILING,
  VMA_END, VMA_FLAGS, VMA_FLOOR, VMA_MM, VMA_START, VM_RAND_READ, VM_SEQ_READ,
} from './layout';
import {
  LEAF_CLEAR, PT_WRITE, SPLIT, TLB_FLUSH, TLB_FLUSH_FORCED, beginOperation, count, countIf,
} from './ledger';
import {
  lockHuge, lockMmapDowngraded, lockMmapRead, lockPte, lockVma, unlockHuge, unlockMmapRead,
  unlockPte, unlockVma,
} from './lock';
import { leafFolio, pageOf, smallRecord } from './page';
import { NR_FILE_MAPPED, NR_FILE_PMDMAPPED, chargePages, countPages } from './percpu';
import {
  mapcountAdd, markAccessed, markDirty, put, removeHugeRmap, setReferenced,
} from './ref';
import { begins, ends, gatherBegins, gatherEnds } from './seam';
import { DEVMAP, FULL, GATHERS, MARKS, REFERENCES, RELEASES, RMAP, STATISTICS } from './switches';
import {
  P4D_SHIFT, PGD5_SHIFT, PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, addTables, entryEnd, readEntry, slotOf,
  stillUnder,
} from './walk';

/* mmu_gather: 7 slots on the stack and up to 19 batches of 509 (7.1). */
@inline const GATHER_MAX: u32 = 9678;
/* With delayed rmaps pending only the stack batch and one page are used. */
@inline const GATHER_DELAYED_MAX: u32 = 516;
/** A queued page whose map count is dropped after the flush (delay_rmap). */
@inline const DELAY_RMAP: u32 = 1;

/* What a call that goes on in another bank has yet to flush: SEAM_FLUSH. */
@inline const FLUSH_LEAVES: u32 = 1;
@inline const FLUSH_TABLES: u32 = 2;

/** This thread's batch. */
let gather: usize = GATHER;
let queued: u32 = 0;
/** Of them: those that earlier parts of the call queued, and let go of, in other banks. */
let elsewhere: u32 = 0;
let delayed: u32 = 0;
let needsFlush: bool = false;
/** Whether the call has freed page tables: their flush is its last one. */
let freed: bool = false;
/** Whether PTE tables that a zap empties go at once: MADV_DONTNEED of the refcount kernel (7.4). */
let reclaims: bool = false;
/** vma_has_recency: accesses of a VMA that is read in order or at random say nothing of a page. */
let recency: bool = true;

export function attachGather(region: usize): void {
  gather = region ? region + REGION_GATHER : GATHER;
}

/** Before the zap of a VMA's range. */
@inline export function beginZap(vma: usize): void {
  beginOperation();
  recency = (load<u32>(vma, VMA_FLAGS) & (VM_SEQ_READ | VM_RAND_READ)) == 0;
  if (gatherBegins()) return;
  queued = load<u32>(CONTROL, SEAM_GATHERED);
  elsewhere = queued;
  const due = load<u32>(CONTROL, SEAM_FLUSH);
  needsFlush = (due & FLUSH_LEAVES) != 0;
  freed = (due & FLUSH_TABLES) != 0;
}

/** ptep_get_and_clear: an xchg, which is locked without saying so. */
@inline function clearEntry(slot: usize): u64 {
  count(PT_WRITE);
  count(LEAF_CLEAR);
  needsFlush = true;
  return atomic.xchg<u64>(slot, 0);
}

/** tlb_flush_mmu_tlbonly. */
function flushTlb(): void {
  if (!needsFlush) return;
  needsFlush = false;
  count(TLB_FLUSH);
}

/** tlb_batch_pages_flush: the references go, after the flush. */
function dropQueued(): void {
  // A page may not be given back while a TLB may still reach it (7.1).
  if (COUNT && queued != 0 && needsFlush) unreachable();
  for (let i = elsewhere; i < queued; i++) {
    if (REFERENCES) put(load<u32>(gather + (i << 2)) & ~DELAY_RMAP, 1);
  }
  queued = 0;
  elsewhere = 0;
}

/** folio_remove_rmap_pte: the end of the last mapping is counted. */
@inline function dropRmap(record: usize): void {
  const left = RMAP ? mapcountAdd(record, -1) : 0;
  if (STATISTICS && left == 0) countPages(NR_FILE_MAPPED, -1);
}

/** folio_remove_rmap_pmd and _pud. */
@inline function dropHugeRmap(mm: usize, head: usize, order: u32): void {
  const left = RMAP ? removeHugeRmap(head, load<u32>(mm, MM_ID)) : 0;
  if (!STATISTICS || left != 0) return;
  countPages(NR_FILE_MAPPED, -((<i64>1) << order));
  if (order == 9) countPages(NR_FILE_PMDMAPPED, -512);
}

/** tlb_flush_rmaps: the map counts that waited for the forced flush. */
function dropDelayedRmaps(): void {
  for (let i = elsewhere; delayed > 0; i++) {
    const item = load<u32>(gather + (i << 2));
    if (!(item & DELAY_RMAP)) continue;
    dropRmap(item & ~DELAY_RMAP);
    store<u32>(gather + (i << 2), item & ~DELAY_RMAP);
    delayed -= 1;
  }
}

/** __tlb_remove_folio_pages. True: the batch is full. */
@inline function queue(item: u32): bool {
  if (!GATHERS) {
    if (REFERENCES) put(item, 1);
    return false;
  }
  store<u32>(gather + (queued << 2), item);
  queued += 1;
  return queued == (delayed ? GATHER_DELAYED_MAX : GATHER_MAX);
}

/** zap_present_folio_ptes for one small page. True: the batch is full. */
@inline function releasePte(mm: usize, entry: u64): bool {
  const record = smallRecord(pageOf(entry));
  let item = <u32>record;
  if (isDirty(entry)) {
    if (MARKS) markDirty(record);
    if (GATHERS) {
      item |= DELAY_RMAP;
      delayed += 1;
    }
  }
  if (MARKS && recency && entry & ACCESSED) markAccessed(record);
  if (STATISTICS) chargePages(mm, -1);
  if (!(item & DELAY_RMAP)) dropRmap(record);
  return queue(item);
}

/** A forced flush: TLB and map counts under the PTE lock, then references outside it (7.3). */
function forceFlush(slot: usize): void {
  if (needsFlush) count(TLB_FLUSH_FORCED);
  flushTlb();
  dropDelayedRmaps();
  unlockPte(slot);
  dropQueued();
}

/**
 * zap_pte_range: one PTE table at a time, so a forced flush covers at most 2 MiB. True where the
 * table is empty now and was taken out of its PMD entry, which only a zap of all of it does.
 */
function zapTable(mm: usize, pmdSlot: usize, table: usize, va: u64, end: u64): bool {
  let slot = slotOf(table, va, PTE_SHIFT);
  const last = slot + ((<usize>((end - va) >> PTE_SHIFT)) << 3);
  let force = false;
  let reclaim = reclaims && end - va == 1 << PMD_SHIFT;
  let letGo = false;
  lockPte(table);
  if (!stillUnder(pmdSlot, table)) return gone(table);
  for (; slot < last; slot += 8) {
    if (!readEntry(slot)) continue;
    const entry = clearEntry(slot);
    if (!RELEASES) continue;
    if (GATHERS && isDirty(entry)) force = true;
    if (releasePte(mm, entry)) {
      forceFlush(table);
      force = false;
      letGo = true;
      lockPte(table);
      if (!stillUnder(pmdSlot, table)) return gone(table);
    }
  }
  if (reclaim) reclaim = takeOut(pmdSlot, table, letGo);
  if (force) forceFlush(table);
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
    if (isDirty(entry)) markDirty(head);
    if (recency && entry & ACCESSED) markAccessed(head);
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
    if (MARKS && isDirty(entry)) markDirty(head);
    if (MARKS && entry & ACCESSED) setReferenced(head);
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
  needsFlush = true;
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

/** tlb_flush_mmu: at the end, or when the batch is full outside a page-table lock. */
function finishGather(): void {
  flushTlb();
  dropQueued();
}

/**
 * The end of a zap, or where it goes on in another bank: there the batch goes on filling, while the
 * references of this bank's pages, which nobody counts together, go at once.
 */
export function closeGather(): void {
  if (!gatherEnds()) {
    store<u32>(CONTROL, queued, SEAM_GATHERED);
    const due = (needsFlush ? FLUSH_LEAVES : 0) | (freed ? FLUSH_TABLES : 0);
    store<u32>(CONTROL, due, SEAM_FLUSH);
    needsFlush = false;
    freed = false;
  }
  finishGather();
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

/** The flush of a call's tables is its last: what its leaves have due is set aside. */
@inline function beginTables(): bool {
  if (!COUNT) return false;
  const due = needsFlush;
  needsFlush = freed;
  return due;
}

@inline function endTables(due: bool): void {
  if (!COUNT) return;
  freed = needsFlush && !gatherEnds();
  needsFlush = due || (needsFlush && gatherEnds());
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

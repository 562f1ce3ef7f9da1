/*
 * Page walkers (mm/pagewalk.c: walk_page_range): what /proc and its kin do to a mapping by looking
 * at it. A walker that has a callback for PMDs and none for PUDs splits a 1G leaf on its way, which
 * on DAX removes it (semantics 8): the next touch faults it in again.
 */
import {
  ACCESSED, SOFT_DIRTY, isDirty, isLeaf, normalPage, physIn, softCleaned, tableOf,
} from './entry';
import {
  MM_TOP, PAGES, PAGES_MAX, SMAPS_PRIVATE_CLEAN,
  SMAPS_PRIVATE_DIRTY, SMAPS_PSS, SMAPS_REFERENCED, SMAPS_RSS, SMAPS_SHARED_CLEAN,
  SMAPS_SHARED_DIRTY, SMAPS_SUMS, VMA_FLAGS, VMA_MM, VM_SOFTDIRTY,
} from './layout';
import { TLB_FLUSH, beginOperation, count, countIf, touched } from './ledger';
import {
  lockHuge, lockMmapRead, lockPte, unlockHuge, unlockMmapRead, unlockPte,
} from './lock';
import { leafFolio, pageOf } from './page';
import { PAGE_DIRTY, PAGE_REFERENCED, flagsAt, loadFlags } from './record';
import { clearReferenced, mapsOf } from './ref';
import { begins, ends } from './seam';
import { DEVMAP } from './switches';
import {
  PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, entryEnd, readEntry, slotOf, writeEntry,
} from './walk';
import { dropHuge, topShift } from './zap';

/* A pagemap entry: the page frame number below bit 55, and what is known of the page. */
@inline const PM_SOFT_DIRTY: u64 = 1 << 55;
@inline const PM_EXCLUSIVE: u64 = 1 << 56;
@inline const PM_FILE: u64 = 1 << 61;
@inline const PM_PRESENT: u64 = 1 << 63;

/* What the walk is for. */
@inline const DROP_GIANTS: u32 = 0;
@inline const SMAPS: u32 = 1;
@inline const PAGEMAP: u32 = 2;
@inline const MINCORE: u32 = 3;
@inline const CLEAR_REFERENCED: u32 = 4;
@inline const CLEAR_SOFT_DIRTY: u32 = 5;

let purpose: u32 = DROP_GIANTS;
/* Where the vector's first element stands for. */
let base: u64 = 0;

@inline function add(sum: u32, bytes: u64): void {
  const at = PAGES + (sum << 3);
  store<u64>(at, load<u64>(at) + bytes);
}

/** smaps_account: nothing where the entry has no normal page. Pss in 1/4096 bytes, page by page. */
function account(entry: u64, bytes: u64): void {
  if (!normalPage(entry)) return;
  const head = leafFolio(pageOf(entry));
  touched(head);
  touched(flagsAt(head));
  const flags = loadFlags(flagsAt(head));
  const maps = <u64>mapsOf(head);
  const dirty = isDirty(entry) || (flags & PAGE_DIRTY) != 0;
  add(SMAPS_RSS, bytes);
  add(SMAPS_PSS, (bytes >> PTE_SHIFT) * ((4096 << 12) / (maps < 2 ? 1 : maps)));
  if ((entry & ACCESSED) != 0 || (flags & PAGE_REFERENCED) != 0) {
    add(SMAPS_REFERENCED, bytes);
  }
  if (maps >= 2) add(dirty ? SMAPS_SHARED_DIRTY : SMAPS_SHARED_CLEAN, bytes);
  else add(dirty ? SMAPS_PRIVATE_DIRTY : SMAPS_PRIVATE_CLEAN, bytes);
}

/** pagemap_pmd_range: a 2M leaf is a file's whatever its bits; a PTE only with a normal page. */
function describe(entry: u64, va: u64, next: u64, order: u32): void {
  const file = order != 0 || normalPage(entry);
  const inLeaf = (va & (((<u64>4096) << order) - 1)) >> PTE_SHIFT;
  const address: u64 = ~<u64>0 << (PTE_SHIFT + order);
  let word = ((physIn(entry) & address) >> PTE_SHIFT) + inLeaf | PM_PRESENT;
  if (entry & SOFT_DIRTY) word |= PM_SOFT_DIRTY;
  if (file) word |= PM_FILE;
  if (file && mapsOf(leafFolio(pageOf(entry))) == 1) word |= PM_EXCLUSIVE;
  for (let at = va; at < next; at += 4096) {
    const slot = PAGES + (<usize>((at - base) >> PTE_SHIFT) << 3);
    store<u64>(slot, load<u64>(slot) | word);
    word += 1;
  }
}

/** Clears A of an entry and PG_referenced of its page; a PTE without a normal page is let be. */
function forget(slot: usize, entry: u64, order: u32): void {
  if (order == 0 && !normalPage(entry)) return;
  if (entry & ACCESSED) writeEntry(slot, entry & ~ACCESSED);
  clearReferenced(flagsAt(leafFolio(pageOf(entry))));
}

/** clear_soft_dirty: write-protects, so that the next write faults. A PMD is flushed on the way. */
function protectSoft(slot: usize, entry: u64, order: u32): void {
  writeEntry(slot, softCleaned(entry));
  if (order != 0) count(TLB_FLUSH);
}

function visit(slot: usize, entry: u64, va: u64, next: u64, order: u32): void {
  if (purpose == SMAPS) account(entry, next - va);
  else if (purpose == PAGEMAP) describe(entry, va, next, order);
  else if (purpose == MINCORE) {
    memory.fill(PAGES + <usize>((va - base) >> PTE_SHIFT), 1, <usize>((next - va) >> PTE_SHIFT));
  } else if (purpose == CLEAR_REFERENCED) forget(slot, entry, order);
  else if (purpose == CLEAR_SOFT_DIRTY) protectSoft(slot, entry, order);
}

function walkTable(table: usize, va: u64, end: u64): void {
  lockPte(table);
  for (let at = va; at < end; at += 4096) {
    const slot = slotOf(table, at, PTE_SHIFT);
    const entry = readEntry(slot);
    if (entry) visit(slot, entry, at, at + 4096, 0);
  }
  unlockPte(table);
}

/** Whether the walker has a PUD callback. Kernel: refcount's mincore alone. */
@inline function seesGiants(): bool {
  return KERNEL != DEVMAP && purpose == MINCORE;
}

function walkLeaf(mm: usize, slot: usize, va: u64, next: u64, order: u32): void {
  if (order == 18 && !seesGiants()) {
    dropHuge(mm, slot, order);
    return;
  }
  lockHuge(mm, slot, order);
  visit(slot, load<u64>(slot), va, next, order);
  unlockHuge(mm, slot, order);
}

/** One table of the walk; `shift` is what one of its entries spans. */
function walkLevel(mm: usize, table: usize, from: u64, end: u64, shift: u32): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, shift);
    const slot = slotOf(table, va, shift);
    const entry = readEntry(slot);
    if (entry) {
      if (shift <= PUD_SHIFT && isLeaf(entry)) walkLeaf(mm, slot, va, next, shift - PTE_SHIFT);
      else if (shift == PMD_SHIFT) walkTable(tableOf(entry), va, next);
      else walkLevel(mm, tableOf(entry), va, next, shift - 9);
    }
    va = next;
  }
}

function look(vma: usize, from: u64, end: u64, why: u32): void {
  beginOperation();
  purpose = why;
  base = from;
  const mm: usize = load<u32>(vma, VMA_MM);
  countIf(begins());
  lockMmapRead(mm);
  countIf(true);
  walkLevel(mm, load<u32>(mm, MM_TOP), from, end, topShift(mm));
  countIf(ends());
  unlockMmapRead(mm);
  countIf(true);
}

/** A walk that does nothing on DAX but drop 1G leaves: numa_maps, MADV_COLD, MADV_PAGEOUT. */
export function dropGiants(vma: usize, from: u64, end: u64): void {
  look(vma, from, end, DROP_GIANTS);
}

/** smap_gather_stats over a range of one VMA: SMAPS_SUMS sums in PAGES. */
export function smapsRange(vma: usize, from: u64, end: u64): void {
  memory.fill(PAGES, 0, SMAPS_SUMS << 3);
  look(vma, from, end, SMAPS);
}

/** /proc/pid/pagemap of a range of one VMA, at most PAGES_MAX pages: a u64 a page in PAGES. */
export function pagemapRange(vma: usize, from: u64, end: u64): void {
  const pages = <usize>((end - from) >> PTE_SHIFT);
  if (pages > PAGES_MAX) unreachable();
  const hole = load<u32>(vma, VMA_FLAGS) & VM_SOFTDIRTY ? PM_SOFT_DIRTY : 0;
  for (let i: usize = 0; i < pages; i++) store<u64>(PAGES + (i << 3), hole);
  look(vma, from, end, PAGEMAP);
}

/** mincore of a range of one VMA, at most 8 PAGES_MAX pages: a byte a page in PAGES. */
export function mincoreRange(vma: usize, from: u64, end: u64): void {
  const pages = <usize>((end - from) >> PTE_SHIFT);
  if (pages > PAGES_MAX << 3) unreachable();
  memory.fill(PAGES, 0, pages);
  look(vma, from, end, MINCORE);
}

/** clear_refs 1 and 3 over a range of one VMA. No TLB flush: the next access may leave A off. */
export function clearReferencedRange(vma: usize, from: u64, end: u64): void {
  look(vma, from, end, CLEAR_REFERENCED);
}

/** clear_refs 4 over a range of one VMA; flushMm follows when all VMAs are done. */
export function clearSoftDirtyRange(vma: usize, from: u64, end: u64): void {
  look(vma, from, end, CLEAR_SOFT_DIRTY);
}

/** flush_tlb_mm. */
export function flushMm(): void {
  count(TLB_FLUSH);
}

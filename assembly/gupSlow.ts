/*
 * GUP under mmap_lock, and populate, which is GUP without a reference (semantics 6.4, 11.4b).
 */
import { ACCESSED, DIRTY, RW, SOFT_DIRTY, isLeaf, isPresent, tableOf } from './entry';
import { faultUnderMmapLock } from './fault';
import { beginPages, pagesGot, report } from './gup';
import {
  GUP_PIN, GUP_PIN_COUNTING_BIAS, GUP_WRITE, VMA_MM, WARN_NOT_POSITIVE,
} from './layout';
import {
  GUP_PAGE, GUP_WALK, beginOperation, count, countIf,
} from './ledger';
import { lockHuge, lockMmapRead, lockPte, unlockHuge, unlockMmapRead, unlockPte } from './lock';
import { folioOf, largeFolios, pageOf } from './page';
import { leavePgmap, resumePgmap, usePgmap } from './pgmap';
import { RECORD_REFCOUNT, flagsAt } from './record';
import { markAccessed, markDirty, pincountAdd, refAdd } from './ref';
import { statusOf } from './result';
import { begins, ends } from './seam';
import { OK, OOM, SIGBUS } from './status';
import { DEVMAP, FOLIO_GUP, FULL } from './switches';
import {
  PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, findPud, readEntry, slotOf, stillUnder, writeEntry,
} from './walk';
import { warn } from './warn';

/**
 * Where the last walk ended: the leaf's slot, that of the entry above it, and how much one entry
 * spans there.
 */
let leafSlot: usize = 0;
let aboveSlot: usize = 0;
/** The entry that was found to permit the access: the slot may hold another by now. */
let leafEntry: u64 = 0;
let leafShift: u32 = 0;

/** follow_page_mask's walk. False where nothing is mapped. */
function findLeaf(mm: usize, va: u64): bool {
  count(GUP_WALK);
  leafShift = PUD_SHIFT;
  leafSlot = findPud(mm, va);
  if (!leafSlot) return false;
  let entry = readEntry(leafSlot);
  if (!entry || isLeaf(entry)) return entry != 0;
  leafShift = PMD_SHIFT;
  leafSlot = slotOf(tableOf(entry), va, PMD_SHIFT);
  entry = readEntry(leafSlot);
  if (!entry || isLeaf(entry)) return entry != 0;
  leafShift = PTE_SHIFT;
  aboveSlot = leafSlot;
  leafSlot = slotOf(tableOf(entry), va, PTE_SHIFT);
  return readEntry(leafSlot) != 0;
}

@inline function leafPermits(flags: u32): bool {
  leafEntry = load<u64>(leafSlot);
  return isPresent(leafEntry) && (!(flags & GUP_WRITE) || (leafEntry & RW) != 0);
}

/** Finds a leaf that permits the access, faulting as often as it takes. */
function faultIn(vma: usize, va: u64, flags: u32): u32 {
  const mm: usize = load<u32>(vma, VMA_MM);
  while (true) {
    if (findLeaf(mm, va)) {
      if (leafPermits(flags)) return OK;
    }
    const status = statusOf(faultUnderMmapLock(vma, va, flags & GUP_WRITE));
    if (status != OK) return status;
  }
}

/** touch_pmd and touch_pud; the refcount kernel leaves a PUD alone. */
@inline function touchHuge(flags: u32): void {
  if (KERNEL != DEVMAP && leafShift == PUD_SHIFT) return;
  touchEntry(flags);
}

function touchEntry(flags: u32): void {
  const entry = load<u64>(leafSlot);
  const bits = flags & GUP_WRITE ? ACCESSED | DIRTY | SOFT_DIRTY : ACCESSED;
  if ((entry & bits) != bits) writeEntry(leafSlot, entry | bits);
}

/** FOLL_TOUCH on a PTE with a page: the entry stays, the page is marked. */
function touchPage(head: usize, flags: u32): void {
  if ((flags & GUP_WRITE) && !(load<u64>(leafSlot) & DIRTY)) markDirty(flagsAt(head));
  markAccessed(flagsAt(head));
}

/**
 * How many pages one walk serves: all that are left in the leaf, where the kernel sets page_mask.
 * Kernel: devmap does not for a 2M leaf, so it walks once a page.
 */
@inline function pagesPerWalk(va: u64, end: u64): u32 {
  if (leafShift == PTE_SHIFT || (!FOLIO_GUP && leafShift == PMD_SHIFT)) return 1;
  const next = ((va >> leafShift) + 1) << leafShift;
  return <u32>(((next < end ? next : end) - va) >> PTE_SHIFT);
}

/** try_grab_folio: the count is looked at, then added to; a small pin in one step (6.1, 6.2). */
function grabSlow(head: usize, pages: i32, flags: u32): bool {
  if (load<i32>(head, RECORD_REFCOUNT) <= 0) {
    warn(WARN_NOT_POSITIVE);
    return false;
  }
  const pin = (flags & GUP_PIN) != 0;
  const large = largeFolios();
  refAdd(head, pin && !large ? pages * GUP_PIN_COUNTING_BIAS : pages);
  if (pin && large) pincountAdd(head, pages);
  return true;
}

/**
 * The lock that a walk holds over the leaf it found. False, and no lock: the leaf went meanwhile,
 * so the walk begins again.
 */
@inline function lockLeaf(vma: usize, flags: u32): bool {
  if (leafShift == PTE_SHIFT) lockPte(leafSlot);
  else lockHuge(load<u32>(vma, VMA_MM), leafSlot, leafShift - PTE_SHIFT);
  if (DETAIL < FULL) return true;
  const there = leafShift != PTE_SHIFT || stillUnder(aboveSlot, leafSlot);
  if (there && leafPermits(flags)) return true;
  unlockLeaf(vma);
  return false;
}

@inline function unlockLeaf(vma: usize): void {
  if (leafShift == PTE_SHIFT) unlockPte(leafSlot);
  else unlockHuge(load<u32>(vma, VMA_MM), leafSlot, leafShift - PTE_SHIFT);
}

/** Under the lock the leaf was no more. */
@inline const GONE_MEANWHILE: u32 = ~0;

/**
 * Grabs what one walk serves: one page under the lock, the rest of the leaf after it. Answers how
 * many pages that were, 0 where the folio cannot be had, or GONE_MEANWHILE.
 */
function grabLeaf(vma: usize, va: u64, end: u64, flags: u32): u32 {
  const pages = pagesPerWalk(va, end);
  const inLeaf = <u32>((va & (((<u64>1) << leafShift) - 1)) >> PTE_SHIFT);
  if (!lockLeaf(vma, flags)) return GONE_MEANWHILE;
  const first = pageOf(leafEntry) + inLeaf;
  const head = folioOf(first);
  const grabbed = grabSlow(head, 1, flags);
  if (grabbed) {
    if (leafShift == PTE_SHIFT) touchPage(head, flags);
    else touchHuge(flags);
  }
  unlockLeaf(vma);
  if (!grabbed) return 0;
  if (pages > 1 && !grabSlow(head, pages - 1, flags)) {
    report(first);
    return 1;
  }
  for (let i: u32 = 0; i < pages; i++) report(first + i);
  return pages;
}

/** mmap_lock is taken once a call, wherever its parts are. */
function lockCall(mm: usize): void {
  countIf(begins());
  lockMmapRead(mm);
  countIf(true);
}

/** A part that fails is the last. */
function unlockCall(mm: usize, status: u32): void {
  countIf(ends() || status != OK);
  unlockMmapRead(mm);
  countIf(true);
}

/**
 * __get_user_pages over a range of one VMA whose protection was checked. Answers the status that
 * ended it; pagesGot says how far it came.
 */
export function gupSlow(vma: usize, from: u64, pages: u32, flags: u32): u32 {
  beginOperation();
  beginPages(flags);
  const start = pagesGot();
  const end = from + (<u64>pages << PTE_SHIFT);
  let va = from;
  let status = OK;
  const mm: usize = load<u32>(vma, VMA_MM);
  lockCall(mm);
  if (!FOLIO_GUP) resumePgmap();
  while (va < end) {
    status = faultIn(vma, va, flags);
    if (status != OK) break;
    if (!FOLIO_GUP && !usePgmap(pageOf(leafEntry))) {
      status = SIGBUS;
      break;
    }
    const now = grabLeaf(vma, va, end, flags);
    if (now == GONE_MEANWHILE) continue;
    if (!now) {
      // try_grab_folio of a count that is not above 0: -ENOMEM (6.2).
      status = OOM;
      break;
    }
    va += <u64>now << PTE_SHIFT;
  }
  if (!FOLIO_GUP) leavePgmap(status != OK);
  unlockCall(mm, status);
  count(GUP_PAGE, pagesGot() - start);
  return status;
}

/**
 * populate_vma_page_range and faultin_page_range: GUP with neither reference nor pin.
 * Kernel: devmap's look-up answers -EEXIST without a page_mask, so it steps 4 KiB at a time and
 * touches the entry itself, at every level; refcount steps a leaf.
 */
export function populateRange(vma: usize, from: u64, end: u64, flags: u32): u32 {
  beginOperation();
  const mm: usize = load<u32>(vma, VMA_MM);
  lockCall(mm);
  const status = populateUnderLock(vma, from, end, flags);
  unlockCall(mm, status);
  return status;
}

/** follow_huge_pud answers -EEXIST before it touches the entry, follow_devmap_pmd after. */
@inline function touchUncounted(flags: u32): void {
  if (leafShift != PUD_SHIFT) touchEntry(flags);
}

function populateUnderLock(vma: usize, from: u64, end: u64, flags: u32): u32 {
  let va = from;
  while (va < end) {
    const status = faultIn(vma, va, flags);
    if (status != OK) return status;
    if (!lockLeaf(vma, flags)) continue;
    if (KERNEL == DEVMAP) touchUncounted(flags);
    else if (leafShift == PTE_SHIFT) touchPage(folioOf(pageOf(leafEntry)), flags);
    else touchHuge(flags);
    unlockLeaf(vma);
    va = KERNEL == DEVMAP ? va + 4096 : ((va >> leafShift) + 1) << leafShift;
  }
  return OK;
}

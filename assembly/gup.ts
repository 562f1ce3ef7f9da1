/*
 * GUP-fast (semantics 6.3) and giving pages back (6.1, 11.5).
 */
import { DEVMAP_BIT, RW, SPECIAL, USER, isLeaf, isPresent, physIn, tableOf } from './entry';
import {
  CONTROL, CTL_ALIVE, CTL_LATE_PAGES, GUP_APPEND, GUP_LONGTERM, GUP_PIN, GUP_PIN_COUNTING_BIAS,
  GUP_WRITE, PAGES, REGION_PAGES, VMA_MM,
} from './layout';
import {
  GUP_PAGE, GUP_STOP, PMD_RECHECK, PT_RECHECK, beginOperation, count,
} from './ledger';
import {
  beyondFirstRange, deviceFolioOrder, firstRangePages, folioIn, folioOf, folioShift, pageOf, physOf,
  recordsStart, sharedTailMask,
} from './page';
import { dropPgmap, usePgmap } from './pgmap';
import { pageInRanges } from './range';
import { RECORD_SHIFT, hasMapping } from './record';
import {
  clearReferenced, markDirtyLocked, pincountAdd, put, refAdd, setReferenced, tryGet,
} from './ref';
import { GONE, OK } from './status';
import { DEVMAP, FOLIO_GUP } from './switches';
import { PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, entryEnd, findPud, readEntry, slotOf } from './walk';

/** No device has this page. */
@inline const NO_PAGE: u32 = ~0;

/** This thread's PAGES array, and how many pages the walk has written to it. */
let pagesAt: usize = PAGES;
let got: u32 = 0;

export function attachGup(region: usize): void {
  pagesAt = region ? region + REGION_PAGES : PAGES;
}

/** Starts a new array, or goes on with what GUP-fast left. */
export function beginPages(flags: u32): void {
  if (!(flags & GUP_APPEND)) got = 0;
}

export function pagesGot(): u32 {
  return got;
}

@inline export function report(page: u32): void {
  store<u64>(pagesAt + (got << 3), page);
  got += 1;
}

/** try_grab_folio_fast: n references or pins on one folio. */
@inline function grab(head: usize, pages: i32, flags: u32, order: u32): bool {
  if (!tryGet(head, pages)) return false;
  if (flags & GUP_PIN) {
    if (order != 0) pincountAdd(head, pages);
    else refAdd(head, pages * (GUP_PIN_COUNTING_BIAS - 1));
  }
  return true;
}

/** gup_put_folio: gives back n references or pins of one folio. */
@inline function release(head: usize, pages: i32, flags: u32, order: u32): void {
  if (!(flags & GUP_PIN)) put(head, pages);
  else if (order == 0) put(head, pages * GUP_PIN_COUNTING_BIAS);
  else {
    pincountAdd(head, -pages);
    put(head, pages);
  }
}

/** gup_fast_folio_allowed and gup_must_unshare, for what device-DAX can meet (6.3). */
@inline function mayGrab(head: usize, entry: u64, flags: u32): bool {
  if (!(flags & GUP_LONGTERM)) return true;
  if (flags & GUP_WRITE) return KERNEL == DEVMAP || !hasMapping(head);
  return (entry & RW) != 0;
}

/** Present, user, and writable if asked: otherwise the slow path must look. */
@inline function permitsGup(entry: u64, flags: u32): bool {
  if (!isPresent(entry) || !(entry & USER)) return false;
  if ((flags & GUP_WRITE) && !(entry & RW)) return false;
  if (KERNEL == DEVMAP) return !(entry & DEVMAP_BIT) || !(flags & GUP_LONGTERM);
  return !(entry & SPECIAL);
}

/**
 * One PTE of gup_fast_pte_range: grab, look again, mark referenced. A PTE maps a folio of one page.
 * Answers the page, or NO_PAGE.
 */
@inline function gupPte(
  pmdSlot: usize, pmd: u64, slot: usize, flags: u32,
  base: usize, devicePhys: u64, firstPages: u32,
): u32 {
  const entry = readEntry(slot);
  if (!permitsGup(entry, flags)) return NO_PAGE;
  const offset = (physIn(entry) - devicePhys) >> PTE_SHIFT;
  let page = <u32>offset;
  if (offset >= firstPages) {
    page = pageInRanges(physIn(entry));
    if (!FOLIO_GUP && !usePgmap(page)) return NO_PAGE;
  }
  const head = folioIn(page, base, 0, RECORD_SHIFT, ~0);
  if (!grab(head, 1, flags, 0)) return NO_PAGE;
  count(PMD_RECHECK);
  count(PT_RECHECK);
  if (load<u64>(pmdSlot) != pmd || load<u64>(slot) != entry || !mayGrab(head, entry, flags)) {
    release(head, 1, flags, 0);
    return NO_PAGE;
  }
  setReferenced(head);
  return page;
}

/**
 * The devmap kernel takes the pgmap at the first page and holds it over the table; a page beyond
 * the first range takes it itself.
 */
@inline function beginTable(entry: u64, flags: u32): bool {
  if (FOLIO_GUP || !permitsGup(entry, flags)) return true;
  const page = pageOf(entry);
  return beyondFirstRange(page) || usePgmap(page);
}

/** gup_fast_pte_range. */
function gupTable(pmdSlot: usize, pmd: u64, va: u64, end: u64, flags: u32): bool {
  let slot = slotOf(tableOf(pmd), va, PTE_SHIFT);
  const last = slot + ((<usize>((end - va) >> PTE_SHIFT)) << 3);
  const base = recordsStart();
  const devicePhys = physOf(0);
  const firstPages = firstRangePages();
  if (!beginTable(load<u64>(slot), flags)) return false;
  let out = pagesAt + (got << 3);
  for (; slot < last; slot += 8) {
    const page = gupPte(pmdSlot, pmd, slot, flags, base, devicePhys, firstPages);
    if (page == NO_PAGE) break;
    store<u64>(out, page);
    out += 8;
  }
  got = <u32>(out - pagesAt) >> 3;
  if (!FOLIO_GUP) dropPgmap();
  return slot == last;
}

/**
 * gup_fast_devmap_leaf: one grab and one set_bit for every 4 KiB page; all of them undone where one
 * cannot be had.
 */
function gupDevmapLeaf(slot: usize, entry: u64, first: u32, pages: u32, flags: u32): bool {
  if (!usePgmap(first)) return false;
  const beyond = beyondFirstRange(first);
  const base = recordsStart();
  const order = deviceFolioOrder();
  const shift = folioShift();
  const mask = sharedTailMask();
  const start = pagesAt + (got << 3);
  let out = start;
  for (let page = first; page < first + pages; page++) {
    if (beyond && page != first && !usePgmap(page)) break;
    const head = folioIn(page, base, order, shift, mask);
    if (!grab(head, 1, flags, order)) break;
    setReferenced(head);
    store<u64>(out, page);
    out += 8;
  }
  dropPgmap();
  count(PT_RECHECK);
  got = <u32>(out - pagesAt) >> 3;
  if (<u32>(out - start) >> 3 == pages && load<u64>(slot) == entry) return true;
  undoDevmapLeaf(<u32>(start - pagesAt) >> 3, flags);
  return false;
}

/** gup_fast_undo_dev_pagemap: drops what was got from the `start`th page on, page by page. */
function undoDevmapLeaf(start: u32, flags: u32): void {
  while (got > start) {
    got -= 1;
    const head = folioOf(<u32>load<u64>(pagesAt + (got << 3)));
    clearReferenced(head);
    release(head, 1, flags, deviceFolioOrder());
  }
}

/** gup_fast_pmd_leaf / gup_fast_pud_leaf of the refcount kernel: one grab for all of them. */
function gupFolioLeaf(slot: usize, entry: u64, first: u32, pages: u32, flags: u32): bool {
  const head = folioOf(first);
  if (!grab(head, pages, flags, deviceFolioOrder())) return false;
  count(PT_RECHECK);
  if (load<u64>(slot) != entry || !mayGrab(head, entry, flags)) {
    release(head, pages, flags, deviceFolioOrder());
    return false;
  }
  let out = pagesAt + (got << 3);
  for (let page = first; page < first + pages; page++, out += 8) store<u64>(out, page);
  got += pages;
  setReferenced(head);
  return true;
}

@inline function gupLeaf(slot: usize, entry: u64, va: u64, end: u64, shift: u32, flags: u32): bool {
  if (!permitsGup(entry, flags)) return false;
  const inLeaf = <u32>((va & (((<u64>1) << shift) - 1)) >> PTE_SHIFT);
  const first = pageOf(entry) + inLeaf;
  const pages = <u32>((end - va) >> PTE_SHIFT);
  return !FOLIO_GUP
    ? gupDevmapLeaf(slot, entry, first, pages, flags)
    : gupFolioLeaf(slot, entry, first, pages, flags);
}

/** The part of the range under one PMD entry. */
function gupPmd(table: usize, va: u64, end: u64, flags: u32): bool {
  const slot = slotOf(table, va, PMD_SHIFT);
  const entry = readEntry(slot);
  if (!entry) return false;
  return isLeaf(entry)
    ? gupLeaf(slot, entry, va, end, PMD_SHIFT, flags)
    : gupTable(slot, entry, va, end, flags);
}

/** The part of the range under one PUD entry. */
function gupPud(mm: usize, from: u64, end: u64, flags: u32): bool {
  const slot = findPud(mm, from);
  if (!slot) return false;
  const entry = readEntry(slot);
  if (!entry) return false;
  if (isLeaf(entry)) return gupLeaf(slot, entry, from, end, PUD_SHIFT, flags);
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, PMD_SHIFT);
    if (!gupPmd(tableOf(entry), va, next, flags)) return false;
    va = next;
  }
  return true;
}

/**
 * get_user_pages_fast / pin_user_pages_fast, the lockless part: fills PAGES with device page
 * numbers and answers how many it got; what is missing is the slow path's.
 */
export function gupFast(vma: usize, from: u64, pages: u32, flags: u32): u32 {
  beginOperation();
  const mm: usize = load<u32>(vma, VMA_MM);
  const end = from + (<u64>pages << PTE_SHIFT);
  beginPages(0);
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, PUD_SHIFT);
    if (!gupPud(mm, va, next, flags)) {
      count(GUP_STOP);
      break;
    }
    va = next;
  }
  count(GUP_PAGE, got);
  return got;
}

/** The struct pages are gone with the driver: noted, and nothing is touched (9.3). */
function tooLate(pages: u32): u32 {
  store<u32>(CONTROL, load<u32>(CONTROL, CTL_LATE_PAGES) + pages, CTL_LATE_PAGES);
  return GONE;
}

/**
 * gup_folio_next: where the run of pages of one folio that begins with `first` ends. Every page's
 * way to its head is read; in huge folios four at a time, for the loop itself costs as much as one.
 */
@inline function runEnd(
  first: u32, end: u32, head: usize, base: usize, order: u32, shift: u32, mask: u32,
): u32 {
  let page = first + 1;
  while (
    order != 0 && page + 3 < end &&
    folioIn(page, base, order, shift, mask) == head &&
    folioIn(page + 1, base, order, shift, mask) == head &&
    folioIn(page + 2, base, order, shift, mask) == head &&
    folioIn(page + 3, base, order, shift, mask) == head
  ) page += 4;
  while (page < end && folioIn(page, base, order, shift, mask) == head) page += 1;
  return page;
}

/** Gives back every run of pages of one folio at once. */
@inline function unpinRuns(first: u32, end: u32, order: u32, shift: u32, mask: u32): void {
  const base = recordsStart();
  let page = first;
  while (page < end) {
    const head = folioIn(page, base, order, shift, mask);
    const next = runEnd(page, end, head, base, order, shift, mask);
    release(head, next - page, GUP_PIN, order);
    page = next;
  }
}

/** unpin_user_pages of consecutive device pages from `first` on. */
export function unpin(first: u32, pages: u32): u32 {
  if (!load<u32>(CONTROL, CTL_ALIVE)) return tooLate(pages);
  beginOperation();
  const end = first + pages;
  if (deviceFolioOrder() == 0) unpinRuns(first, end, 0, RECORD_SHIFT, ~0);
  else unpinRuns(first, end, deviceFolioOrder(), folioShift(), sharedTailMask());
  return OK;
}

/** set_page_dirty_lock on each of consecutive device pages: what a write through GUP ends with. */
export function dirtyPages(first: u32, pages: u32): void {
  beginOperation();
  for (let page = first; page < first + pages; page++) markDirtyLocked(folioOf(page));
}

/** put_page on each of consecutive device pages. */
export function putPages(first: u32, pages: u32): u32 {
  if (!load<u32>(CONTROL, CTL_ALIVE)) return tooLate(pages);
  beginOperation();
  for (let page = first; page < first + pages; page++) put(folioOf(page), 1);
  return OK;
}

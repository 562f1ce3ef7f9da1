/*
 * GUP-fast (semantics 6.3) and giving pages back (6.1, 11.5).
 */
import {
  ADDRESS_MASK, DEVMAP_BIT, PRESENT, RW, SPECIAL, USER, isLeaf, physIn, tableOf,
} from './entry';
import {
  CONTROL, CTL_ALIVE, CTL_LATE_PAGES, GUP_APPEND, GUP_LONGTERM, GUP_PIN, GUP_PIN_COUNTING_BIAS,
  GUP_WRITE, PAGES, REGION_PAGES, VMA_MM,
} from './layout';
import {
  GUP_PAGE, GUP_STOP, PMD_RECHECK, PT_RECHECK, beginOperation, count,
} from './ledger';
import {
  beyondFirstRange, deviceFolioOrder, firstRangePages, folioIn, folioOf, folioShift, pageOf, physOf,
  recordsStart, sameTailsEnd, sharedTailMask,
} from './page';
import { dropPgmap, usePgmap } from './pgmap';
import { pageInRanges } from './range';
import { RECORD_SHIFT, flagsAt, hasMapping, pageFlagsAt } from './record';
import {
  clearReferenced, markDirtyLocked, pincountAdd, put, refAdd, setReferenced, tryGet,
} from './ref';
import { GONE, OK } from './status';
import { DEVMAP, FOLIO_GUP, PACKED } from './switches';
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

/** What try_grab_folio_fast does behind the references that tryGet took: pins, if asked. */
@inline function pin(head: usize, pages: i32, flags: u32, order: u32): void {
  if (!(flags & GUP_PIN)) return;
  if (order != 0) pincountAdd(head, pages);
  else refAdd(head, pages * (GUP_PIN_COUNTING_BIAS - 1));
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

/** The bits GUP-fast needs set: present, user, and writable if asked. */
@inline function neededBits(flags: u32): u64 {
  return flags & GUP_WRITE ? PRESENT | USER | RW : PRESENT | USER;
}

/** The bits it needs clear: SPECIAL, or for a longterm pin DEVMAP. */
@inline function refusedBits(flags: u32): u64 {
  if (KERNEL == DEVMAP) return flags & GUP_LONGTERM ? DEVMAP_BIT : 0;
  return SPECIAL;
}

/** Otherwise the slow path must look. */
@inline function permitsGup(entry: u64, flags: u32): bool {
  const needed = neededBits(flags);
  return (entry & (needed | refusedBits(flags))) == needed;
}

/** The page of an entry that lies in another than the device's first range, its pgmap taken. */
function pageBeyond(entry: u64): u32 {
  const page = pageInRanges(physIn(entry));
  return FOLIO_GUP || usePgmap(page) ? page : NO_PAGE;
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

/**
 * The PTEs of [from, last): grab, look again, mark referenced; each maps a folio of one page.
 * Answers where it stopped.
 */
@inline function gupPtes(
  pmdSlot: usize, pmd: u64, from: usize, last: usize, flags: u32,
): usize {
  const base = recordsStart();
  const devicePhys = physOf(0);
  const firstPages = firstRangePages();
  const needed = neededBits(flags);
  const looked = needed | refusedBits(flags);
  let out = pagesAt + (got << 3);
  let slot = from;
  for (; slot < last; slot += 8, out += 8) {
    const entry = readEntry(slot);
    if ((entry & looked) != needed) break;
    const offset = ((entry & ADDRESS_MASK) - devicePhys) >> PTE_SHIFT;
    let page = <u32>offset;
    if (offset >= firstPages) {
      page = pageBeyond(entry);
      if (page == NO_PAGE) break;
    }
    const head = folioIn(page, base, 0, RECORD_SHIFT, ~0);
    if (tryGet(head, 1) <= 0) break;
    pin(head, 1, flags, 0);
    count(PMD_RECHECK);
    count(PT_RECHECK);
    const moved = load<u64>(pmdSlot) ^ pmd | load<u64>(slot) ^ entry;
    if (moved || !mayGrab(head, entry, flags)) {
      release(head, 1, flags, 0);
      break;
    }
    setReferenced(pageFlagsAt(head));
    store<u64>(out, page);
  }
  got = <u32>(out - pagesAt) >> 3;
  return slot;
}

/* A loop of its own for what storms do: nothing in it asks for the flags. */
function pinPtes(pmdSlot: usize, pmd: u64, from: usize, last: usize): usize {
  return gupPtes(pmdSlot, pmd, from, last, GUP_PIN | GUP_WRITE);
}

function anyPtes(pmdSlot: usize, pmd: u64, from: usize, last: usize, flags: u32): usize {
  return gupPtes(pmdSlot, pmd, from, last, flags);
}

/** gup_fast_pte_range. */
function gupTable(pmdSlot: usize, pmd: u64, va: u64, end: u64, flags: u32): bool {
  let slot = slotOf(tableOf(pmd), va, PTE_SHIFT);
  const last = slot + ((<usize>((end - va) >> PTE_SHIFT)) << 3);
  if (!beginTable(load<u64>(slot), flags)) return false;
  slot = flags == (GUP_PIN | GUP_WRITE)
    ? pinPtes(pmdSlot, pmd, slot, last)
    : anyPtes(pmdSlot, pmd, slot, last, flags);
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
    if (tryGet(head, 1) <= 0) break;
    pin(head, 1, flags, order);
    setReferenced(flagsAt(head));
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
    clearReferenced(flagsAt(head));
    release(head, 1, flags, deviceFolioOrder());
  }
}

/** gup_fast_pmd_leaf / gup_fast_pud_leaf of the refcount kernel: one grab for all of them. */
function gupFolioLeaf(slot: usize, entry: u64, first: u32, pages: u32, flags: u32): bool {
  const head = folioOf(first);
  if (tryGet(head, pages) <= 0) return false;
  pin(head, pages, flags, deviceFolioOrder());
  count(PT_RECHECK);
  if (load<u64>(slot) != entry || !mayGrab(head, entry, flags)) {
    release(head, pages, flags, deviceFolioOrder());
    return false;
  }
  let out = pagesAt + (got << 3);
  for (let page = first; page < first + pages; page++, out += 8) store<u64>(out, page);
  got += pages;
  setReferenced(flagsAt(head));
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
 * way to its head is read.
 */
@inline function runEnd(
  first: u32, end: u32, head: usize, base: usize, order: u32, shift: u32, mask: u32,
): u32 {
  let page = first + 1;
  if (order != 0 && !PACKED) {
    const folioEnd = ((first >> order) + 1) << order;
    const last = end < folioEnd ? end : folioEnd;
    const fours = (page + 3) & ~3;
    const few = fours < last ? fours : last;
    while (page < few && folioIn(page, base, order, shift, mask) == head) page += 1;
    if (page == fours && page < last && folioIn(page, base, order, shift, mask) == head) {
      page = sameTailsEnd(page, last, base, order, shift, mask);
    }
  }
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
  for (let page = first; page < first + pages; page++) markDirtyLocked(flagsAt(folioOf(page)));
}

/** put_page on each of consecutive device pages. */
export function putPages(first: u32, pages: u32): u32 {
  if (!load<u32>(CONTROL, CTL_ALIVE)) return tooLate(pages);
  beginOperation();
  for (let page = first; page < first + pages; page++) put(folioOf(page), 1);
  return OK;
}

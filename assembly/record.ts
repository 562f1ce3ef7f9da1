/*
 * What a page record holds, in the format of the build (RECORDS; both are drawn in layout.ts). Only
 * this file and page.ts know the format; the rest of the core knows a record by its address.
 *   line    the struct page itself; a folio's counters are in the line behind its head's
 *   packed  the counters alone, of a page or of a folio; the flags are a byte, which flagsAt finds
 */
import {
  CONTROL, FOLIO_ENTIRE_MAPCOUNT_DEVMAP, FOLIO_ENTIRE_MAPCOUNT_REFCOUNT, FOLIO_LARGE_MAPCOUNT,
  FOLIO_MM_IDS, FOLIO_MM_ID_MAPCOUNT0, FOLIO_MM_ID_MAPCOUNT1, FOLIO_NR_PAGES_MAPPED_DEVMAP,
  FOLIO_NR_PAGES_MAPPED_REFCOUNT, FOLIO_PINCOUNT, LRU_REFS_SHIFT, PACKED_DIRTY_BIT,
  PACKED_ENTIRE_MAPCOUNT, PACKED_FLAGS, PACKED_HWPOISON_BIT, PACKED_INDEX, PACKED_LARGE_MAPCOUNT,
  PACKED_LOCKED_BIT, PACKED_LRU_REFS_SHIFT, PACKED_MAPCOUNT, PACKED_MAPPING_BIT,
  PACKED_MM_IDS, PACKED_MM_ID_MAPCOUNT0, PACKED_MM_ID_MAPCOUNT1, PACKED_NR_PAGES_MAPPED,
  PACKED_PAGE_SHIFT, PACKED_PINCOUNT, PACKED_REFCOUNT, PACKED_REFERENCED_BIT,
  PACKED_WORKINGSET_BIT, PAGE_BYTES, PG_DIRTY_BIT, PG_FLAGS, PG_HWPOISON_BIT_DEVMAP,
  PG_HWPOISON_BIT_REFCOUNT, PG_INDEX, PG_LOCKED_BIT, PG_MAPCOUNT, PG_MAPPING, PG_REFCOUNT,
  PG_REFERENCED_BIT, PG_WORKINGSET_BIT,
} from './layout';
import { SET_MAPPING, count, dirtied, touched } from './ledger';
import { FULL, PACKED } from './switches';

/** log2 of the bytes of a record where folios are single pages. */
@inline export const RECORD_SHIFT: u32 = RECORDS == 0 ? 6 : PACKED_PAGE_SHIFT;

/* Counters of a page, as offsets from its record. */
@inline export const RECORD_MAPCOUNT: u32 = RECORDS == 0 ? PG_MAPCOUNT : PACKED_MAPCOUNT;
@inline export const RECORD_REFCOUNT: u32 = RECORDS == 0 ? PG_REFCOUNT : PACKED_REFCOUNT;

/* Counters of a larger folio, as offsets from its head's record, and of the line they are in. */
@inline export const FOLIO_LINE: u32 = RECORDS == 0 ? PAGE_BYTES : 0;
@inline export const RECORD_LARGE_MAPCOUNT: u32 =
  RECORDS == 0 ? FOLIO_LARGE_MAPCOUNT : PACKED_LARGE_MAPCOUNT;
@inline const LINE_ENTIRE_MAPCOUNT: u32 =
  KERNEL == 0 ? FOLIO_ENTIRE_MAPCOUNT_DEVMAP : FOLIO_ENTIRE_MAPCOUNT_REFCOUNT;
@inline export const RECORD_ENTIRE_MAPCOUNT: u32 =
  RECORDS == 0 ? LINE_ENTIRE_MAPCOUNT : PACKED_ENTIRE_MAPCOUNT;
@inline const LINE_NR_PAGES_MAPPED: u32 =
  KERNEL == 0 ? FOLIO_NR_PAGES_MAPPED_DEVMAP : FOLIO_NR_PAGES_MAPPED_REFCOUNT;
@inline export const RECORD_NR_PAGES_MAPPED: u32 =
  RECORDS == 0 ? LINE_NR_PAGES_MAPPED : PACKED_NR_PAGES_MAPPED;
@inline export const RECORD_PINCOUNT: u32 = RECORDS == 0 ? FOLIO_PINCOUNT : PACKED_PINCOUNT;
@inline export const RECORD_MM_ID_MAPCOUNT0: u32 =
  RECORDS == 0 ? FOLIO_MM_ID_MAPCOUNT0 : PACKED_MM_ID_MAPCOUNT0;
@inline export const RECORD_MM_ID_MAPCOUNT1: u32 =
  RECORDS == 0 ? FOLIO_MM_ID_MAPCOUNT1 : PACKED_MM_ID_MAPCOUNT1;
@inline export const RECORD_MM_IDS: u32 = RECORDS == 0 ? FOLIO_MM_IDS : PACKED_MM_IDS;

/* The page flags that can change, as bits of what loadFlags answers. */
@inline export const PAGE_LOCKED: u64 = 1 << (RECORDS == 0 ? PG_LOCKED_BIT : PACKED_LOCKED_BIT);
@inline export const PAGE_REFERENCED: u64 =
  1 << (RECORDS == 0 ? PG_REFERENCED_BIT : PACKED_REFERENCED_BIT);
@inline export const PAGE_DIRTY: u64 = 1 << (RECORDS == 0 ? PG_DIRTY_BIT : PACKED_DIRTY_BIT);
@inline export const PAGE_WORKINGSET: u64 =
  1 << (RECORDS == 0 ? PG_WORKINGSET_BIT : PACKED_WORKINGSET_BIT);
@inline export const PAGE_LRU_REF: u64 =
  1 << (RECORDS == 0 ? LRU_REFS_SHIFT : PACKED_LRU_REFS_SHIFT);
@inline export const PAGE_LRU_REFS: u64 = PAGE_LRU_REF * 3;
@inline const LINE_HWPOISON_BIT: u32 =
  KERNEL == 0 ? PG_HWPOISON_BIT_DEVMAP : PG_HWPOISON_BIT_REFCOUNT;
@inline export const PAGE_HWPOISON: u64 =
  1 << (RECORDS == 0 ? LINE_HWPOISON_BIT : PACKED_HWPOISON_BIT);
@inline const MAPPING_KNOWN: u32 = 1 << PACKED_MAPPING_BIT;

/* packed: a record's flag byte is at flagOrigin + (record >> flagShift). */
let flagOrigin: usize = 0;
let flagShift: u32 = 0;

/** As page.ts attaches to a device whose records begin at `records`. */
@inline export function attachRecords(records: usize, pages: u32, order: u32): void {
  if (!PACKED) return;
  flagShift = order == 0 ? PACKED_PAGE_SHIFT : 0;
  const counters = order == 0 ? (<usize>pages) << PACKED_PAGE_SHIFT : PACKED_FLAGS;
  flagOrigin = records + counters - (records >> flagShift);
}

/** Address of a record's flags: the line to touch for them. */
@inline export function flagsAt(record: usize): usize {
  return PACKED ? flagOrigin + (record >> flagShift) : record + PG_FLAGS;
}

/** The same of a record that is known to be a single page's. */
@inline export function pageFlagsAt(record: usize): usize {
  return PACKED ? flagOrigin + (record >> PACKED_PAGE_SHIFT) : record + PG_FLAGS;
}

/** The flags at an address that flagsAt gave, as are those below. */
@inline export function loadFlags(at: usize): u64 {
  return PACKED ? load<u8>(at) : load<u64>(at);
}

/** Sets bits, lock-prefixed. */
@inline export function orFlags(at: usize, bits: u64): void {
  if (PACKED) atomic.or<u8>(at, <u8>bits);
  else atomic.or<u64>(at, bits);
}

/** Clears all but `mask`, lock-prefixed. */
@inline export function andFlags(at: usize, mask: u64): void {
  if (PACKED) atomic.and<u8>(at, <u8>mask);
  else atomic.and<u64>(at, mask);
}

/** One compare-and-exchange; answers what the flags were. */
@inline export function swapFlags(at: usize, seen: u64, next: u64): u64 {
  return PACKED
    ? atomic.cmpxchg<u8>(at, <u8>seen, <u8>next)
    : atomic.cmpxchg<u64>(at, seen, next);
}

/** Whether the folio knows its file: some fault reached it since the device was bound. */
@inline export function hasMapping(head: usize): bool {
  return PACKED
    ? (load<u8>(flagsAt(head)) & MAPPING_KNOWN) != 0
    : load<u64>(head, PG_MAPPING) != 0;
}

/**
 * dax_set_mapping: the head learns its file and offset the first time it is faulted (1.5).
 * Plain stores, never cleared. Answers what it read: a chained operation waits for it.
 * `large` says that its folio is more than a page.
 */
@inline export function setMapping(head: usize, index: u64, large: bool): u64 {
  return PACKED ? setMappingBit(head, index, large) : setMappingWord(head, index);
}

@inline function setMappingWord(head: usize, index: u64): u64 {
  touched(head);
  const mapping = load<u64>(head, PG_MAPPING);
  if (mapping == 0) {
    dirtied(head);
    count(SET_MAPPING);
    store<u64>(head, CONTROL, PG_MAPPING);
    store<u64>(head, index, PG_INDEX);
  }
  return mapping;
}

/**
 * Every other flag is set behind the first fault, so the byte is 0 here. A plain store can lose a
 * flag only where two threads fault in a page for the first time at once and the slower of them is
 * held up right here until the leaf of the faster is pinned or gone again. Timed builds take it: on
 * packed records they run on one thread only.
 */
@inline function setMappingBit(head: usize, index: u64, large: bool): u64 {
  const at = large ? flagsAt(head) : pageFlagsAt(head);
  touched(at);
  const flags: u32 = load<u8>(at);
  if (!(flags & MAPPING_KNOWN)) {
    dirtied(at);
    count(SET_MAPPING);
    if (DETAIL >= FULL) atomic.or<u8>(at, <u8>MAPPING_KNOWN);
    else store<u8>(at, <u8>(flags | MAPPING_KNOWN));
    if (large) store<u64>(head, index, PACKED_INDEX);
  }
  return flags;
}

/* packed: _mapcount -1, _refcount 1. */
@inline const IDLE: u64 = 0x1FFFFFFFF;

/** packed: the records of so many single pages as binding the device leaves them. */
export function initPages(first: usize, pages: u32): void {
  const end = first + ((<usize>pages) << PACKED_PAGE_SHIFT);
  for (let record = first; record < end; record += 1 << PACKED_PAGE_SHIFT) {
    store<u64>(record, IDLE);
  }
  memory.fill(flagsAt(first), 0, pages);
}

/** packed: a larger folio's, the same: mapped by nobody, no owner of a map count. */
export function initFolioLine(head: usize): void {
  memory.fill(head, 0, PAGE_BYTES);
  store<u64>(head, IDLE);
  store<i32>(head, -1, PACKED_LARGE_MAPCOUNT);
  store<i32>(head, -1, PACKED_ENTIRE_MAPCOUNT);
  store<u64>(head, ~0, PACKED_MM_ID_MAPCOUNT0);
}

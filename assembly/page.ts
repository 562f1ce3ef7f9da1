/*
 * struct page records: where they are, and what binding a device writes into them (semantics 1).
 */
import { ADDRESS_MASK, physIn } from './entry';
import {
  CONTROL, CTL_COMPOUND_SHIFT, CTL_FIRST_COMPOUND, CTL_LEAF_ORDER, CTL_ORDER,
  CTL_PAGES, CTL_PHYS, CTL_RECORDS, CTL_STAMPS,
  CTL_TAIL_MASK, FOLIO_NR_PAGES_DEVMAP, FOLIO_NR_PAGES_REFCOUNT, FOLIO_ORDER, PAGE_BYTES, PG_FLAGS,
  PG_HEAD_BIT, PG_MAPPING, PG_RESERVED_BIT, PG_WORD1, PG_ZONE_BITS,
} from './layout';
import { touched } from './ledger';
import { RANGE_PAGES, inOneOfRanges, pageInRanges, physInRanges, rangeAt } from './range';
import {
  RECORD_ENTIRE_MAPCOUNT, RECORD_LARGE_MAPCOUNT, RECORD_MAPCOUNT, RECORD_MM_IDS,
  RECORD_MM_ID_MAPCOUNT0, RECORD_MM_ID_MAPCOUNT1, RECORD_NR_PAGES_MAPPED, RECORD_PINCOUNT,
  RECORD_REFCOUNT, RECORD_SHIFT, attachRecords, initFolioLine, initPages, setMapping,
} from './record';
import { DEVMAP, MASK_TAILS, PACKED } from './switches';

@inline const FOLIO_NR_PAGES: u32 = KERNEL == 0 ? FOLIO_NR_PAGES_DEVMAP : FOLIO_NR_PAGES_REFCOUNT;

@inline const TAIL_MAPPING: u64 = 0xdead000000000400;
/** Struct pages that binding initialises of a folio whose tails are shared: two 4 KiB frames. */
@inline const DEDUP_STRUCTS: u32 = 128;

/* The device, as this instance knows it: copied from the control block by attachPages. */
let devicePhys: u64 = 0;
let pageCount: u32 = 0;
/** Pages of the first range: all of them, unless a dynamic device has several. */
let firstPages: u32 = 0;
/** Order of the folios, and of the leaves that map them: the same on any device in order. */
let order: u32 = 0;
let leafOrder: u32 = 0;
/** A huge leaf's folio cannot be found by arithmetic: the hazards of semantics 1.3 and 1.4. */
let outOfOrder: bool = false;
let records: usize = 0;
let compoundShift: u32 = 0;
let tailMask: u32 = 0;

export function attachPages(): void {
  devicePhys = load<u64>(CONTROL, CTL_PHYS);
  pageCount = load<u32>(CONTROL, CTL_PAGES);
  firstPages = load<u32>(rangeAt(0), RANGE_PAGES);
  order = load<u32>(CONTROL, CTL_ORDER);
  leafOrder = load<u32>(CONTROL, CTL_LEAF_ORDER);
  outOfOrder = leafOrder != order || load<u32>(CONTROL, CTL_FIRST_COMPOUND) != 0;
  records = load<u32>(CONTROL, CTL_RECORDS);
  compoundShift = load<u32>(CONTROL, CTL_COMPOUND_SHIFT);
  tailMask = load<u32>(CONTROL, CTL_TAIL_MASK);
  attachRecords(records, pageCount, order);
}

/** log2 of the pages of one of the device's leaves: 0, 9 or 18. */
@inline export function deviceOrder(): u32 {
  return leafOrder;
}

@inline export function deviceFolioOrder(): u32 {
  return order;
}

/** folio_test_large, of any of the device's folios. */
@inline export function largeFolios(): bool {
  return order != 0;
}

@inline export function devicePages(): u32 {
  return pageCount;
}

/** Physical address of a device page. */
@inline export function physOf(page: u32): u64 {
  return page < firstPages ? devicePhys + (<u64>page << 12) : physInRanges(page);
}

/** Pages of the first range, which pages of others do not count from. */
@inline export function firstRangePages(): u32 {
  return firstPages;
}

/** Whether a page lies outside pgmap->range, which is the first range alone (6.5). */
@inline export function beyondFirstRange(page: u32): bool {
  return page >= firstPages;
}

/** dax_pgoff_to_phys succeeds: one range of the device holds all these pages (5.2). */
@inline export function inOneRange(page: u64, pages: u64): bool {
  return page + pages <= firstPages || inOneOfRanges(page, pages);
}

/**
 * The device page a PTE maps; loops over pages read the device once, and pass it. The inverted
 * address of a PROT_NONE entry is far beyond any device, so such an entry goes the long way too.
 */
@inline export function smallPageOf(entry: u64, phys: u64, pages: u32): u32 {
  const offset = ((entry & ADDRESS_MASK) - phys) >> 12;
  return offset < pages ? <u32>offset : pageInRanges(physIn(entry));
}

/** The device page a leaf entry maps: the first, where it maps many. */
@inline export function pageOf(entry: u64): u32 {
  return smallPageOf(entry, devicePhys, firstPages) & ~((1 << leafOrder) - 1);
}

/** The record of a page of an order-0 device. */
@inline export function smallRecord(page: u32): usize {
  return records + ((<usize>page) << RECORD_SHIFT);
}

/** The head of the folio that `page` belongs to, by arithmetic. */
@inline export function headRecord(page: u32): usize {
  return records + ((<usize>(page >> order)) << compoundShift);
}

/** Where the records begin. */
@inline export function recordsStart(): usize {
  return records;
}

@inline export function folioShift(): u32 {
  return compoundShift;
}

@inline export function sharedTailMask(): u32 {
  return tailMask;
}

/** Whether every leaf maps a folio of its size, found by arithmetic. */
@inline export function leavesInOrder(): bool {
  return !outOfOrder;
}

/** The folio whose references and map counts a huge leaf of `page` takes: page_folio. */
@inline export function leafFolio(page: u32): usize {
  return !PACKED && outOfOrder ? folioOf(page) : headRecord(page);
}

/** folio_order: kept in page[1], but only a head has one (1.1). packed: every folio is alike. */
@inline export function folioOrder(head: usize): u32 {
  if (PACKED) return order;
  if (!(load<u64>(head, PG_FLAGS) & (1 << PG_HEAD_BIT))) return 0;
  touched(head + PAGE_BYTES);
  return load<u8>(head, FOLIO_ORDER);
}

/**
 * page_folio: what the kernel reads to get from a page to its head. packed: nothing, it is known.
 * Deduplicated tails share: 64 and up repeat every 64 (2.1).
 * Kernel: devmap, refcount-6.15: the tail holds head|1; refcount: a mask|1 for the tail's own
 * address, which takes the folio to be naturally aligned (1.2).
 *
 * Why the parameters: a loop over pages reads the device once, not once a page, and where it knows
 * that folios are single pages the arithmetic folds away.
 */
@inline export function folioIn(
  page: u32, base: usize, folioOrder: u32, shift: u32, mask: u32,
): usize {
  const folio = base + ((<usize>(page >> folioOrder)) << shift);
  if (PACKED) return folio;
  const record = recordIn(folio, page & ((1 << folioOrder) - 1), mask);
  touched(record);
  const word = load<u64>(record, PG_WORD1);
  if ((word & 1) == 0) return record;
  if (!MASK_TAILS) return <usize>(word - 1);
  return base + ((<usize>((page & <u32>(word >> 6)) >> folioOrder)) << shift);
}

/** The record of the `index`th page of the folio whose records begin at `folio`. */
@inline function recordIn(folio: usize, index: u32, mask: u32): usize {
  const distinct = index < 64 ? index : index & mask | (mask == 63 ? 64 : 0);
  return folio + ((<usize>distinct) << 6);
}

/**
 * How far the pages from `page` on, a multiple of four, are tails of one folio that all hold what
 * the first of them does; `end` lies in the same folio or at its end. Every word is read, but the
 * same word leads all pages of a folio to the same head: folioIn takes of the page only which folio
 * it is in. Four at a time, whose records are neighbours, for a turn of the loop costs as much.
 */
@inline export function sameTailsEnd(
  page: u32, end: u32, base: usize, folioOrder: u32, shift: u32, mask: u32,
): u32 {
  const folio = base + ((<usize>(page >> folioOrder)) << shift);
  const inFolio = (1 << folioOrder) - 1;
  const word = load<u64>(recordIn(folio, page & inFolio, mask), PG_WORD1);
  let at = page;
  while (at + 3 < end) {
    const record = recordIn(folio, at & inFolio, mask);
    const differ = load<u64>(record, PG_WORD1) ^ word |
      load<u64>(record, PG_WORD1 + PAGE_BYTES) ^ word |
      load<u64>(record, PG_WORD1 + 2 * PAGE_BYTES) ^ word |
      load<u64>(record, PG_WORD1 + 3 * PAGE_BYTES) ^ word;
    if (differ) break;
    touched(record);
    touched(record + PAGE_BYTES);
    touched(record + 2 * PAGE_BYTES);
    touched(record + 3 * PAGE_BYTES);
    at += 4;
  }
  return at;
}

@inline export function folioOf(page: u32): usize {
  return folioIn(page, records, order, compoundShift, tailMask);
}

/** dax_set_mapping where no compound pages were made: every page of the leaf learns it (1.5). */
function setMappings(page: u32): u64 {
  let token: u64 = 0;
  const end = page + (1 << leafOrder);
  for (let at = page; at < end; at++) token += setMapping(smallRecord(at), at, false);
  return token;
}

/** dax_set_mapping for a huge leaf whose folio is `head`. */
@inline export function setLeafMapping(head: usize, page: u32): u64 {
  return !PACKED && leafOrder != order ? setMappings(page) : setMapping(head, page, true);
}

function initRecord(record: usize): void {
  memory.fill(record, 0, PAGE_BYTES);
  store<u64>(record, PG_ZONE_BITS | (1 << PG_RESERVED_BIT), PG_FLAGS);
  store<u64>(record, CONTROL, PG_WORD1);
  store<i32>(record, -1, RECORD_MAPCOUNT);
  store<i32>(record, 1, RECORD_REFCOUNT);
}

function initTail(record: usize, head: usize): void {
  initRecord(record);
  const mask = ~(((<u64>PAGE_BYTES) << order) - 1);
  store<u64>(record, (MASK_TAILS ? mask : <u64>head) | 1, PG_WORD1);
  store<u64>(record, TAIL_MAPPING, PG_MAPPING);
  store<i32>(record, 0, RECORD_REFCOUNT);
}

/** prep_compound_head: the fields that live in page[1]. */
function initFolio(head: usize): void {
  store<u64>(head, load<u64>(head) | (1 << PG_HEAD_BIT));
  store<u8>(head, <u8>order, FOLIO_ORDER);
  store<i32>(head, -1, RECORD_LARGE_MAPCOUNT);
  store<i32>(head, -1, RECORD_ENTIRE_MAPCOUNT);
  store<i32>(head, 0, RECORD_NR_PAGES_MAPPED);
  store<i32>(head, 0, RECORD_PINCOUNT);
  store<i32>(head, 1 << order, FOLIO_NR_PAGES);
  if (KERNEL != DEVMAP) {
    store<i32>(head, -1, RECORD_MM_ID_MAPCOUNT0);
    store<i32>(head, -1, RECORD_MM_ID_MAPCOUNT1);
    store<u64>(head, 0, RECORD_MM_IDS);
  }
}

function initCompound(head: usize): void {
  initRecord(head);
  const structs: u32 = tailMask == 63 ? DEDUP_STRUCTS : 1 << order;
  for (let i: u32 = 1; i < structs; i++) initTail(head + ((<usize>i) << 6), head);
  initFolio(head);
}

/** packed: the folios of `pages` pages from `first` as binding leaves them. */
function initPacked(first: u32, pages: u32): void {
  if (order == 0) {
    initPages(smallRecord(first), pages);
    return;
  }
  for (let page = first; page < first + pages; page += 1 << order) initFolioLine(headRecord(page));
}

/** memmap_init_zone_device: every struct page as it is after the driver bound the device. */
export function bindPages(): void {
  if (PACKED) {
    initPacked(0, pageCount);
    return;
  }
  if (order == 0) {
    for (let page: u32 = 0; page < pageCount; page++) initRecord(smallRecord(page));
  } else {
    const step: u32 = 1 << order;
    for (let page = load<u32>(CONTROL, CTL_FIRST_COMPOUND); page < pageCount; page += step) {
      // Off their units heads lie anywhere among the struct pages, none of which is shared then.
      initCompound(outOfOrder ? smallRecord(page) : headRecord(page));
    }
  }
}

/**
 * Puts back what faults, zaps and pins can have changed in the folios of `pages` pages from
 * `first`: the same state as bindPages, for a fraction of its stores (tails never change).
 */
export function resetPages(first: u32, pages: u32): void {
  if (PACKED) {
    initPacked(first, pages);
    return;
  }
  const step: u32 = 1 << order;
  for (let page = first; page < first + pages; page += step) {
    const head = headRecord(page);
    initRecord(head);
    if (order != 0) {
      initTail(head + PAGE_BYTES, head);
      initFolio(head);
    }
  }
}

/** Counted builds: forget which operation touched which line. */
export function clearStamps(): void {
  if (COUNT) {
    const stamps: usize = load<u32>(CONTROL, CTL_STAMPS);
    memory.fill(stamps, 0, (stamps - records) >> 3);
  }
}

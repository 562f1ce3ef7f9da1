/*
 * Invariants over a whole machine: every leaf of every mm against the struct pages, the page tables
 * and the arena. For tests and fuzzing; it trusts nothing that the other files computed.
 */
import { isLeaf, physIn, tableOf } from './entry';
import {
  CONTROL, CTL_ARENA_START, CTL_ARENA_TOP, ENTIRELY_MAPPED, MAGAZINES, MAGAZINE_BYTES, MAG_FIRST,
  MAG_LIVE, MAG_TABLES, MMS, MM_BYTES, MM_LEVELS, MM_TABLES, MM_TOP, OPS, PAGES, PAGES_MAX, POOL,
} from './layout';
import { deviceFolioOrder, deviceOrder, devicePages, headRecord, largeFolios } from './page';
import {
  RECORD_ENTIRE_MAPCOUNT, RECORD_LARGE_MAPCOUNT, RECORD_MAPCOUNT, RECORD_NR_PAGES_MAPPED,
  RECORD_PINCOUNT, RECORD_REFCOUNT,
} from './record';
import {
  BAD_ARENA, BAD_ENTIRE_MAPCOUNT, BAD_FILE_PAGES, BAD_LARGE_MAPCOUNT, BAD_LEAF_ADDRESS,
  BAD_LEAF_LEVEL, BAD_MAPCOUNT, BAD_NR_PAGES_MAPPED, BAD_PINCOUNT, BAD_REFCOUNT, BAD_TABLES, OK,
} from './status';
import { chargedPages } from './percpu';
import { pageInRanges } from './range';
import { DEVMAP, FULL } from './switches';
import { P4D_SHIFT, PGD5_SHIFT, PMD_SHIFT, PTE_SHIFT, PUD_SHIFT } from './walk';

/* The first violation found, and the folio or mm it concerns. */
let violation: u32 = OK;
let subject: u32 = 0;
/* Per mm, while it is walked. */
let tables: u32 = 0;
let leaves: u64 = 0;

function report(what: u32, whom: u32): void {
  if (violation != OK) return;
  violation = what;
  subject = whom;
}

/** Leaves found so far that map a folio; the PAGES array is the scratch. */
@inline function tally(folio: u32): usize {
  return PAGES + (folio << 2);
}

function leaf(entry: u64, shift: u32): void {
  const order = deviceOrder();
  if (shift != order + PTE_SHIFT) {
    report(BAD_LEAF_LEVEL, shift);
    return;
  }
  const page = pageInRanges(physIn(entry) & ~(((<u64>1) << shift) - 1));
  if (page >= devicePages() || (page & ((1 << order) - 1)) != 0) {
    report(BAD_LEAF_ADDRESS, page);
    return;
  }
  const at = tally(page >> deviceFolioOrder());
  store<u32>(at, load<u32>(at) + 1);
  leaves += 1;
}

function level(table: usize, shift: u32): void {
  for (let slot = table; slot < table + 4096; slot += 8) {
    const entry = load<u64>(slot);
    if (!entry) continue;
    if (shift == PTE_SHIFT || (shift <= PUD_SHIFT && isLeaf(entry))) leaf(entry, shift);
    else {
      tables += 1;
      level(tableOf(entry), shift == PGD5_SHIFT ? P4D_SHIFT : shift - 9);
    }
  }
}

/* Leaves that the kernel itself lost with what they hold, from OPS on: a folio, and 1 + its mm. */
let leaks: u32 = 0;

@inline function leakAt(i: u32): usize {
  return OPS + (i << 3);
}

/** How many lost leaves an mm is still charged for. */
function lostBy(index: u32): u64 {
  let found: u64 = 0;
  for (let i: u32 = 0; i < leaks; i++) if (load<u32>(leakAt(i), 4) == index + 1) found += 1;
  return found;
}

/** One mm: its tables, and what it is charged. */
function checkMm(mm: usize, index: u32): void {
  tables = 0;
  leaves = 0;
  level(load<u32>(mm, MM_TOP), load<u32>(mm, MM_LEVELS) == 5 ? PGD5_SHIFT : P4D_SHIFT);
  if (tables != load<u32>(mm, MM_TABLES)) report(BAD_TABLES, index);
  const charged: i64 = KERNEL == DEVMAP ? 0 : leaves + lostBy(index) << deviceOrder();
  if (DETAIL >= FULL && chargedPages(mm) != charged) report(BAD_FILE_PAGES, index);
}

function checkFolio(folio: u32): void {
  const head = headRecord(folio << deviceFolioOrder());
  const mapped = KERNEL == DEVMAP ? 0 : <i32>load<u32>(tally(folio));
  const large = largeFolios();
  const pins = large ? load<i32>(head, RECORD_PINCOUNT) : 0;
  if (pins < 0) report(BAD_PINCOUNT, folio);
  if (load<i32>(head, RECORD_REFCOUNT) < 1 + mapped + pins) report(BAD_REFCOUNT, folio);
  if (load<i32>(head, RECORD_MAPCOUNT) != (large ? 0 : mapped) - 1) report(BAD_MAPCOUNT, folio);
  if (!large) return;
  if (load<i32>(head, RECORD_ENTIRE_MAPCOUNT) != mapped - 1) report(BAD_ENTIRE_MAPCOUNT, folio);
  if (load<i32>(head, RECORD_LARGE_MAPCOUNT) != mapped - 1) report(BAD_LARGE_MAPCOUNT, folio);
  const entirely = mapped > 0 ? ENTIRELY_MAPPED : 0;
  if (load<i32>(head, RECORD_NR_PAGES_MAPPED) != entirely) report(BAD_NR_PAGES_MAPPED, folio);
}

/** Live tables are those that somebody reaches, and with the free ones all that were ever cut. */
function checkArena(reached: u32): void {
  let free: u32 = 0;
  let live: u32 = 0;
  for (let list: usize = MAGAZINES; list <= POOL; list += MAGAZINE_BYTES) {
    const before = free;
    let table: usize = load<u32>(list, MAG_FIRST);
    for (; table; table = load<u32>(table)) free += 1;
    if (free - before != load<u32>(list, MAG_TABLES)) report(BAD_ARENA, free - before);
    live += load<i32>(list, MAG_LIVE);
  }
  const start = load<u32>(CONTROL, CTL_ARENA_START);
  const cut = (load<u32>(CONTROL, CTL_ARENA_TOP) - start) >> PTE_SHIFT;
  if (live != reached || live + free != cut) report(BAD_ARENA, live);
}

/**
 * Checks everything; overwrites PAGES. OPS lists `lost` leaves that the kernel lost. Answers a
 * violation's status with its subject (a folio, an mm) above bit 8, or OK. Needs a folio count that
 * PAGES can tally: two million.
 */
export function checkMachine(mms: u32, lost: u32): u64 {
  violation = OK;
  leaks = lost;
  const folios = devicePages() >> deviceFolioOrder();
  if (folios > PAGES_MAX << 1) unreachable();
  memory.fill(PAGES, 0, folios << 2);
  for (let i: u32 = 0; i < leaks; i++) {
    const at = tally(load<u32>(leakAt(i)));
    store<u32>(at, load<u32>(at) + 1);
  }
  let reached: u32 = 0;
  for (let i: u32 = 0; i < mms; i++) {
    const mm: usize = MMS + i * MM_BYTES;
    if (!load<u32>(mm, MM_TOP)) continue;
    checkMm(mm, i);
    reached += tables + 1;
  }
  for (let folio: u32 = 0; folio < folios; folio++) checkFolio(folio);
  checkArena(reached);
  return violation | (<u64>subject << 8);
}

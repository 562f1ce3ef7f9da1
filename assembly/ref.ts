/*
 * References, pins, map counts and page flags: the read-modify-writes whose cost is the question.
 * Every function here that carries the kernel's lock prefix is an atomic; nothing else is.
 */
import { CONTROL, CTL_ZERO_PUTS, CTL_ZERO_PUT_AT, ENTIRELY_MAPPED, WARN_NEGATIVE } from './layout';
import {
  CAS_RETRY, RMW_ENTIRE_MAPCOUNT, RMW_FLAGS, RMW_MAPCOUNT, RMW_MM_IDS, RMW_NR_PAGES_MAPPED,
  RMW_PINCOUNT, RMW_REFCOUNT, count, dirtied,
} from './ledger';
import { awaitChange } from './lock';
import { largeFolios } from './page';
import {
  FOLIO_LINE, PAGE_DIRTY, PAGE_HWPOISON, PAGE_LOCKED, PAGE_LRU_REF, PAGE_LRU_REFS, PAGE_REFERENCED,
  PAGE_WORKINGSET, RECORD_ENTIRE_MAPCOUNT, RECORD_LARGE_MAPCOUNT, RECORD_MAPCOUNT, RECORD_MM_IDS,
  RECORD_MM_ID_MAPCOUNT0, RECORD_MM_ID_MAPCOUNT1, RECORD_NR_PAGES_MAPPED, RECORD_PINCOUNT,
  RECORD_REFCOUNT, andFlags, loadFlags, orFlags, swapFlags,
} from './record';
import { DEVMAP } from './switches';
import { warn } from './warn';

/* _mm_ids: two 31-bit mm ids; bit 31 says "shared", bit 63 is the lock. */
@inline const MM_ID_MASK: u64 = 0x7FFFFFFF;
@inline const MM_IDS_SHARED: u64 = 1 << 31;
@inline const MM_IDS_LOCK: u64 = 1 << 63;

/**
 * Whether a read-modify-write lost a race: what the field held when it was looked at is not what
 * the step found, so the compare-and-swap loop that V8 makes of it went round again. Answers
 * `before`.
 */
@inline function raced(seen: i32, before: i32): i32 {
  if (COUNT && seen != before) count(CAS_RETRY);
  return before;
}

/** What a field holds now, where somebody asks; in timed builds nobody does. */
@inline function look(at: usize): i32 {
  return COUNT ? load<i32>(at) : 0;
}

/** folio_ref_add. Answers the count before. */
@inline export function refAdd(head: usize, by: i32): i32 {
  count(RMW_REFCOUNT);
  dirtied(head);
  return raced(look(head + RECORD_REFCOUNT), atomic.add<i32>(head, by, RECORD_REFCOUNT));
}

/**
 * try_get_folio: add unless zero; refuses a negative (saturated) count, with a WARN (6.2). Answers
 * the count before: above zero where it was had. What is rare is apart: a loop in here would cost
 * the loop over pages around it its registers.
 */
@inline export function tryGet(head: usize, by: i32): i32 {
  const seen = load<i32>(head, RECORD_REFCOUNT);
  if (seen <= 0) return refuse(seen);
  const before = addIf(head, seen, by);
  return before == seen ? before : tryGetAgain(head, before, by);
}

/** One compare-and-exchange; answers what the count was. */
@inline function addIf(head: usize, seen: i32, by: i32): i32 {
  count(RMW_REFCOUNT);
  dirtied(head);
  return atomic.cmpxchg<i32>(head, seen, seen + by, RECORD_REFCOUNT);
}

function refuse(seen: i32): i32 {
  if (seen < 0) warn(WARN_NEGATIVE);
  return seen;
}

/** After a compare-and-exchange that found other than was read. Calls itself, so is not inlined. */
function tryGetAgain(head: usize, seen: i32, by: i32): i32 {
  count(CAS_RETRY);
  if (seen == 0) return 0;
  const before = addIf(head, seen, by);
  return before == seen ? before : tryGetAgain(head, before, by);
}

/**
 * free_zone_device_folio: a count that reached 0, which only an unbalanced put can do (9.1).
 * Kernel: refcount sets it back to 1, silently; devmap warns once and leaves it.
 */
function lastPut(head: usize): void {
  atomic.add<u32>(CONTROL, 1, CTL_ZERO_PUTS);
  store<u32>(CONTROL, <u32>head, CTL_ZERO_PUT_AT);
  if (KERNEL != DEVMAP) store<i32>(head, 1, RECORD_REFCOUNT);
}

/** folio_put_refs. */
@inline export function put(head: usize, by: i32): void {
  if (refAdd(head, -by) == by) lastPut(head);
}

@inline export function pincountAdd(head: usize, by: i32): void {
  count(RMW_PINCOUNT);
  dirtied(head + FOLIO_LINE);
  raced(look(head + RECORD_PINCOUNT), atomic.add<i32>(head, by, RECORD_PINCOUNT));
}

/* Flags are known by their address, for several steps on them want it: record.ts, flagsAt. */

/** Sets flag bits with a lock prefix, set already or not (set_bit). */
@inline function setFlags(at: usize, bits: u64): void {
  count(RMW_FLAGS);
  dirtied(at);
  orFlags(at, bits);
}

/** Clears flag bits the same way (clear_bit). */
@inline function clearFlags(at: usize, bits: u64): void {
  count(RMW_FLAGS);
  dirtied(at);
  andFlags(at, ~bits);
}

/** folio_set_referenced: unconditional, as GUP-fast does it. */
@inline export function setReferenced(flags: usize): void {
  setFlags(flags, PAGE_REFERENCED);
}

/** folio_clear_referenced: unconditional too. */
export function clearReferenced(flags: usize): void {
  clearFlags(flags, PAGE_REFERENCED);
}

/** SetPageHWPoison on the head: all of a huge unit counts as poisoned. */
export function setHwPoison(flags: usize): void {
  setFlags(flags, PAGE_HWPOISON);
}

/** folio_lock and folio_unlock of a folio that nobody else locks: PG_locked set, and cleared. */
export function markDirtyLocked(flags: usize): void {
  setFlags(flags, PAGE_LOCKED);
  markDirty(flags);
  clearFlags(flags, PAGE_LOCKED);
}

/** folio_mapcount: one a leaf, whatever its size. */
@inline export function mapsOf(head: usize): i32 {
  return load<i32>(head + (largeFolios() ? RECORD_LARGE_MAPCOUNT : RECORD_MAPCOUNT)) + 1;
}

/** folio_mark_dirty on device memory (noop_dirty_folio): only the first time costs. */
@inline export function markDirty(flags: usize): void {
  if (!(loadFlags(flags) & PAGE_DIRTY)) setFlags(flags, PAGE_DIRTY);
}

/** The flags after one more access: the MGLRU order of semantics 7.2, `flags` where it ends. */
@inline function accessedFlags(flags: u64): u64 {
  const counted = (flags & PAGE_LRU_REFS) != PAGE_LRU_REFS ? flags + PAGE_LRU_REF : flags;
  if (KERNEL == DEVMAP) {
    if (!(flags & PAGE_REFERENCED)) return flags | PAGE_REFERENCED;
    return flags & PAGE_WORKINGSET ? counted : flags | PAGE_WORKINGSET;
  }
  if (!(flags & PAGE_REFERENCED)) return flags & ~PAGE_LRU_REFS | PAGE_REFERENCED;
  return counted != flags ? counted : flags | PAGE_WORKINGSET;
}

/** folio_mark_accessed under MGLRU: one compare-and-exchange, unless nothing changes. */
@inline export function markAccessed(flags: usize): void {
  const seen = loadFlags(flags);
  const before = accessOnce(flags, seen);
  if (before != seen) markAccessedAgain(flags, before);
}

@inline function accessOnce(flags: usize, seen: u64): u64 {
  const next = accessedFlags(seen);
  if (next == seen) return seen;
  count(RMW_FLAGS);
  dirtied(flags);
  return swapFlags(flags, seen, next);
}

/** After a compare-and-exchange that found other than was read. Calls itself, so is not inlined. */
function markAccessedAgain(flags: usize, seen: u64): void {
  count(CAS_RETRY);
  const before = accessOnce(flags, seen);
  if (before != seen) markAccessedAgain(flags, before);
}

/** folio_add_file_rmap_pte / folio_remove_rmap_pte, order 0. Answers the count before. */
@inline export function mapcountAdd(record: usize, by: i32): i32 {
  count(RMW_MAPCOUNT);
  dirtied(record);
  return raced(look(record + RECORD_MAPCOUNT), atomic.add<i32>(record, by, RECORD_MAPCOUNT));
}

/** Takes the bit lock in _mm_ids and answers what the word held. */
function lockMmIds(head: usize): u64 {
  count(RMW_MM_IDS);
  dirtied(head + FOLIO_LINE);
  let ids = atomic.or<u64>(head, MM_IDS_LOCK, RECORD_MM_IDS);
  for (let looks: u32 = 0; ids & MM_IDS_LOCK; looks++) {
    count(CAS_RETRY);
    // The half of the word that has the lock.
    awaitChange(head + RECORD_MM_IDS + 4, <u32>(ids >> 32), looks);
    ids = atomic.or<u64>(head, MM_IDS_LOCK, RECORD_MM_IDS);
  }
  return ids;
}

@inline function addToSlot(head: usize, slot: u32, by: i32): i32 {
  const now = load<i32>(head + slot) + by;
  store<i32>(head + slot, now);
  return now;
}

/** folio_add_large_mapcount: plain stores under the bit lock (mm ids: semantics 5.4). */
function largeMapcountInc(head: usize, mm: u32): void {
  let ids = lockMmIds(head);
  const now = load<i32>(head, RECORD_LARGE_MAPCOUNT) + 1;
  store<i32>(head, now, RECORD_LARGE_MAPCOUNT);
  const first = ids & MM_ID_MASK;
  const second = (ids >> 32) & MM_ID_MASK;
  if (first == mm) addToSlot(head, RECORD_MM_ID_MAPCOUNT0, 1);
  else if (second == mm) addToSlot(head, RECORD_MM_ID_MAPCOUNT1, 1);
  else {
    if (!first) {
      ids |= mm;
      store<i32>(head, 0, RECORD_MM_ID_MAPCOUNT0);
    } else if (!second) {
      ids |= <u64>mm << 32;
      store<i32>(head, 0, RECORD_MM_ID_MAPCOUNT1);
    }
    if (now > 0) ids |= MM_IDS_SHARED;
  }
  store<u64>(head, ids, RECORD_MM_IDS);
}

/** folio_sub_large_mapcount. One mm that owns every mapping left is no sharing any more. */
function largeMapcountDec(head: usize, mm: u32): void {
  let ids = lockMmIds(head);
  const now = load<i32>(head, RECORD_LARGE_MAPCOUNT) - 1;
  store<i32>(head, now, RECORD_LARGE_MAPCOUNT);
  if ((ids & MM_ID_MASK) == mm) {
    if (addToSlot(head, RECORD_MM_ID_MAPCOUNT0, -1) < 0) ids &= ~MM_ID_MASK;
  } else if (((ids >> 32) & MM_ID_MASK) == mm) {
    if (addToSlot(head, RECORD_MM_ID_MAPCOUNT1, -1) < 0) ids &= ~(MM_ID_MASK << 32);
  }
  if (
    load<i32>(head, RECORD_MM_ID_MAPCOUNT0) == now ||
    load<i32>(head, RECORD_MM_ID_MAPCOUNT1) == now
  ) ids &= ~MM_IDS_SHARED;
  store<u64>(head, ids, RECORD_MM_IDS);
}

/** folio_add_file_rmap_pmd / _pud: E, N if it is the first, L. Answers what E was. */
export function addHugeRmap(head: usize, mm: u32): i32 {
  count(RMW_ENTIRE_MAPCOUNT);
  dirtied(head + FOLIO_LINE);
  const seen = look(head + RECORD_ENTIRE_MAPCOUNT);
  const before = raced(seen, atomic.add<i32>(head, 1, RECORD_ENTIRE_MAPCOUNT));
  if (before == -1) {
    count(RMW_NR_PAGES_MAPPED);
    atomic.add<i32>(head, ENTIRELY_MAPPED, RECORD_NR_PAGES_MAPPED);
  }
  largeMapcountInc(head, mm);
  return before;
}

/** folio_remove_rmap_pmd / _pud: L, E, and N if it was the last. Answers what E was. */
export function removeHugeRmap(head: usize, mm: u32): i32 {
  largeMapcountDec(head, mm);
  count(RMW_ENTIRE_MAPCOUNT);
  const seen = look(head + RECORD_ENTIRE_MAPCOUNT);
  const before = raced(seen, atomic.add<i32>(head, -1, RECORD_ENTIRE_MAPCOUNT));
  if (before == 0) {
    count(RMW_NR_PAGES_MAPPED);
    atomic.add<i32>(head, -ENTIRELY_MAPPED, RECORD_NR_PAGES_MAPPED);
  }
  return before;
}

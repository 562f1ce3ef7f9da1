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
  RECORD_REFCOUNT, andFlags, flagsAt, loadFlags, orFlags, swapFlags,
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

/** try_get_folio: add unless zero; refuses a negative (saturated) count, with a WARN (6.2). */
@inline export function tryGet(head: usize, by: i32): bool {
  let seen = load<i32>(head, RECORD_REFCOUNT);
  if (seen < 0) {
    warn(WARN_NEGATIVE);
    return false;
  }
  while (seen != 0) {
    count(RMW_REFCOUNT);
    dirtied(head);
    const before = atomic.cmpxchg<i32>(head, seen, seen + by, RECORD_REFCOUNT);
    if (before == seen) return true;
    count(CAS_RETRY);
    seen = before;
  }
  return false;
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

/** Sets flag bits with a lock prefix, set already or not (set_bit). */
@inline function flagsOr(record: usize, bits: u64): void {
  count(RMW_FLAGS);
  dirtied(flagsAt(record));
  orFlags(record, bits);
}

/** folio_set_referenced: unconditional, as GUP-fast does it. */
@inline export function setReferenced(head: usize): void {
  flagsOr(head, PAGE_REFERENCED);
}

/** folio_clear_referenced: unconditional too. */
export function clearReferenced(head: usize): void {
  count(RMW_FLAGS);
  dirtied(flagsAt(head));
  andFlags(head, ~PAGE_REFERENCED);
}

/** SetPageHWPoison on the head: all of a huge unit counts as poisoned. */
export function setHwPoison(head: usize): void {
  flagsOr(head, PAGE_HWPOISON);
}

/** folio_lock and folio_unlock of a folio that nobody else locks: PG_locked set, and cleared. */
export function markDirtyLocked(head: usize): void {
  flagsOr(head, PAGE_LOCKED);
  markDirty(head);
  count(RMW_FLAGS);
  andFlags(head, ~PAGE_LOCKED);
}

/** folio_mapcount: one a leaf, whatever its size. */
@inline export function mapsOf(head: usize): i32 {
  return load<i32>(head + (largeFolios() ? RECORD_LARGE_MAPCOUNT : RECORD_MAPCOUNT)) + 1;
}

/** folio_mark_dirty on device memory (noop_dirty_folio): only the first time costs. */
@inline export function markDirty(head: usize): void {
  if (!(loadFlags(head) & PAGE_DIRTY)) flagsOr(head, PAGE_DIRTY);
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

/** folio_mark_accessed under MGLRU. */
export function markAccessed(head: usize): void {
  let seen = loadFlags(head);
  while (true) {
    const next = accessedFlags(seen);
    if (next == seen) return;
    count(RMW_FLAGS);
    dirtied(flagsAt(head));
    const before = swapFlags(head, seen, next);
    if (before == seen) return;
    count(CAS_RETRY);
    seen = before;
  }
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

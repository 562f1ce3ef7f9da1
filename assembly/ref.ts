/*
 * References, pins, map counts and page flags: the read-modify-writes whose cost is the question.
 * Every function here that carries the kernel's lock prefix is an atomic; nothing else is.
 */
import {
  CONTROL, CTL_ZERO_PUTS, CTL_ZERO_PUT_AT, ENTIRELY_MAPPED, FOLIO_LARGE_MAPCOUNT, FOLIO_MM_IDS,
  FOLIO_MM_ID_MAPCOUNT0, FOLIO_MM_ID_MAPCOUNT1, FOLIO_PINCOUNT, LRU_REFS_SHIFT, PAGE_BYTES,
  PG_DIRTY_BIT, PG_FLAGS, PG_HWPOISON_BIT_DEVMAP, PG_HWPOISON_BIT_REFCOUNT, PG_MAPCOUNT,
  PG_REFCOUNT, PG_REFERENCED_BIT, PG_WORKINGSET_BIT, WARN_NEGATIVE,
} from './layout';
import {
  CAS_RETRY, RMW_ENTIRE_MAPCOUNT, RMW_FLAGS, RMW_MAPCOUNT, RMW_MM_IDS, RMW_NR_PAGES_MAPPED,
  RMW_PINCOUNT, RMW_REFCOUNT, count, dirtied,
} from './ledger';
import { FOLIO_ENTIRE_MAPCOUNT, FOLIO_NR_PAGES_MAPPED, largeFolios } from './page';
import { DEVMAP } from './switches';
import { warn } from './warn';

@inline const LOCKED: u64 = 1;
@inline const REFERENCED: u64 = 1 << PG_REFERENCED_BIT;
@inline const DIRTY: u64 = 1 << PG_DIRTY_BIT;
@inline const WORKINGSET: u64 = 1 << PG_WORKINGSET_BIT;
@inline const LRU_REFS: u64 = 3 << LRU_REFS_SHIFT;

/* _mm_ids: two 31-bit mm ids; bit 31 says "shared", bit 63 is the lock. */
@inline const MM_ID_MASK: u64 = 0x7FFFFFFF;
@inline const MM_IDS_SHARED: u64 = 1 << 31;
@inline const MM_IDS_LOCK: u64 = 1 << 63;

/** folio_ref_add. Answers the count before. */
@inline export function refAdd(head: usize, by: i32): i32 {
  count(RMW_REFCOUNT);
  dirtied(head);
  return atomic.add<i32>(head, by, PG_REFCOUNT);
}

/** try_get_folio: add unless zero; refuses a negative (saturated) count, with a WARN (6.2). */
@inline export function tryGet(head: usize, by: i32): bool {
  let seen = load<i32>(head, PG_REFCOUNT);
  if (seen < 0) {
    warn(WARN_NEGATIVE);
    return false;
  }
  while (seen != 0) {
    count(RMW_REFCOUNT);
    dirtied(head);
    const before = atomic.cmpxchg<i32>(head, seen, seen + by, PG_REFCOUNT);
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
  store<u32>(CONTROL, load<u32>(CONTROL, CTL_ZERO_PUTS) + 1, CTL_ZERO_PUTS);
  store<u32>(CONTROL, <u32>head, CTL_ZERO_PUT_AT);
  if (KERNEL != DEVMAP) store<i32>(head, 1, PG_REFCOUNT);
}

/** folio_put_refs. */
@inline export function put(head: usize, by: i32): void {
  if (refAdd(head, -by) == by) lastPut(head);
}

@inline export function pincountAdd(head: usize, by: i32): void {
  count(RMW_PINCOUNT);
  dirtied(head + PAGE_BYTES);
  atomic.add<i32>(head, by, FOLIO_PINCOUNT);
}

/** Sets flag bits with a lock prefix, set already or not (set_bit). */
@inline function flagsOr(record: usize, bits: u64): void {
  count(RMW_FLAGS);
  dirtied(record);
  atomic.or<u64>(record, bits, PG_FLAGS);
}

/** folio_set_referenced: unconditional, as GUP-fast does it. */
@inline export function setReferenced(head: usize): void {
  flagsOr(head, REFERENCED);
}

/** folio_clear_referenced: unconditional too. */
export function clearReferenced(head: usize): void {
  count(RMW_FLAGS);
  dirtied(head);
  atomic.and<u64>(head, ~REFERENCED, PG_FLAGS);
}

/** SetPageHWPoison on the head: all of a huge unit counts as poisoned. */
export function setHwPoison(head: usize): void {
  flagsOr(head, (<u64>1) << (KERNEL == 0 ? PG_HWPOISON_BIT_DEVMAP : PG_HWPOISON_BIT_REFCOUNT));
}

/** folio_lock and folio_unlock of a folio that nobody else locks: PG_locked set, and cleared. */
export function markDirtyLocked(head: usize): void {
  flagsOr(head, LOCKED);
  markDirty(head);
  count(RMW_FLAGS);
  atomic.and<u64>(head, ~LOCKED, PG_FLAGS);
}

/** folio_mapcount: one a leaf, whatever its size. */
@inline export function mapsOf(head: usize): i32 {
  return load<i32>(head + (largeFolios() ? FOLIO_LARGE_MAPCOUNT : PG_MAPCOUNT)) + 1;
}

/** folio_mark_dirty on device memory (noop_dirty_folio): only the first time costs. */
@inline export function markDirty(head: usize): void {
  if (!(load<u64>(head, PG_FLAGS) & DIRTY)) flagsOr(head, DIRTY);
}

/** The flags after one more access: the MGLRU order of semantics 7.2, `flags` where it ends. */
@inline function accessedFlags(flags: u64): u64 {
  const counted = (flags & LRU_REFS) != LRU_REFS ? flags + (1 << LRU_REFS_SHIFT) : flags;
  if (KERNEL == DEVMAP) {
    if (!(flags & REFERENCED)) return flags | REFERENCED;
    return flags & WORKINGSET ? counted : flags | WORKINGSET;
  }
  if (!(flags & REFERENCED)) return flags & ~LRU_REFS | REFERENCED;
  return counted != flags ? counted : flags | WORKINGSET;
}

/** folio_mark_accessed under MGLRU. */
export function markAccessed(head: usize): void {
  let seen = load<u64>(head, PG_FLAGS);
  while (true) {
    const next = accessedFlags(seen);
    if (next == seen) return;
    count(RMW_FLAGS);
    dirtied(head);
    const before = atomic.cmpxchg<u64>(head, seen, next, PG_FLAGS);
    if (before == seen) return;
    count(CAS_RETRY);
    seen = before;
  }
}

/** folio_add_file_rmap_pte / folio_remove_rmap_pte, order 0. Answers the count before. */
@inline export function mapcountAdd(record: usize, by: i32): i32 {
  count(RMW_MAPCOUNT);
  dirtied(record);
  return atomic.add<i32>(record, by, PG_MAPCOUNT);
}

/** Takes the bit lock in _mm_ids and answers what the word held. */
function lockMmIds(head: usize): u64 {
  count(RMW_MM_IDS);
  dirtied(head + PAGE_BYTES);
  let ids = atomic.or<u64>(head, MM_IDS_LOCK, FOLIO_MM_IDS);
  while (ids & MM_IDS_LOCK) {
    count(CAS_RETRY);
    ids = atomic.or<u64>(head, MM_IDS_LOCK, FOLIO_MM_IDS);
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
  const now = load<i32>(head, FOLIO_LARGE_MAPCOUNT) + 1;
  store<i32>(head, now, FOLIO_LARGE_MAPCOUNT);
  const first = ids & MM_ID_MASK;
  const second = (ids >> 32) & MM_ID_MASK;
  if (first == mm) addToSlot(head, FOLIO_MM_ID_MAPCOUNT0, 1);
  else if (second == mm) addToSlot(head, FOLIO_MM_ID_MAPCOUNT1, 1);
  else {
    if (!first) {
      ids |= mm;
      store<i32>(head, 0, FOLIO_MM_ID_MAPCOUNT0);
    } else if (!second) {
      ids |= <u64>mm << 32;
      store<i32>(head, 0, FOLIO_MM_ID_MAPCOUNT1);
    }
    if (now > 0) ids |= MM_IDS_SHARED;
  }
  store<u64>(head, ids, FOLIO_MM_IDS);
}

/** folio_sub_large_mapcount. One mm that owns every mapping left is no sharing any more. */
function largeMapcountDec(head: usize, mm: u32): void {
  let ids = lockMmIds(head);
  const now = load<i32>(head, FOLIO_LARGE_MAPCOUNT) - 1;
  store<i32>(head, now, FOLIO_LARGE_MAPCOUNT);
  if ((ids & MM_ID_MASK) == mm) {
    if (addToSlot(head, FOLIO_MM_ID_MAPCOUNT0, -1) < 0) ids &= ~MM_ID_MASK;
  } else if (((ids >> 32) & MM_ID_MASK) == mm) {
    if (addToSlot(head, FOLIO_MM_ID_MAPCOUNT1, -1) < 0) ids &= ~(MM_ID_MASK << 32);
  }
  if (
    load<i32>(head, FOLIO_MM_ID_MAPCOUNT0) == now ||
    load<i32>(head, FOLIO_MM_ID_MAPCOUNT1) == now
  ) ids &= ~MM_IDS_SHARED;
  store<u64>(head, ids, FOLIO_MM_IDS);
}

/** folio_add_file_rmap_pmd / _pud: E, N if it is the first, L. Answers what E was. */
export function addHugeRmap(head: usize, mm: u32): i32 {
  count(RMW_ENTIRE_MAPCOUNT);
  dirtied(head + PAGE_BYTES);
  const before = atomic.add<i32>(head, 1, FOLIO_ENTIRE_MAPCOUNT);
  if (before == -1) {
    count(RMW_NR_PAGES_MAPPED);
    atomic.add<i32>(head, ENTIRELY_MAPPED, FOLIO_NR_PAGES_MAPPED);
  }
  largeMapcountInc(head, mm);
  return before;
}

/** folio_remove_rmap_pmd / _pud: L, E, and N if it was the last. Answers what E was. */
export function removeHugeRmap(head: usize, mm: u32): i32 {
  largeMapcountDec(head, mm);
  count(RMW_ENTIRE_MAPCOUNT);
  const before = atomic.add<i32>(head, -1, FOLIO_ENTIRE_MAPCOUNT);
  if (before == 0) {
    count(RMW_NR_PAGES_MAPPED);
    atomic.add<i32>(head, -ENTIRELY_MAPPED, FOLIO_NR_PAGES_MAPPED);
  }
  return before;
}

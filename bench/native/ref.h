/* References, pins, map counts and page flags: assembly/ref.ts. */
#pragma once
#include "page.h"

#define MM_ID_MASK ((u64)0x7FFFFFFF)
#define MM_IDS_SHARED ((u64)1 << 31)
#define MM_IDS_LOCK ((u64)1 << 63)

inline_ u32 ref_add(u32 head, u32 by) { return fetch_add32(head + REFCOUNT, by); }

static bool try_get(u32 head, u32 by)
{
	u32 seen = ld32(head + REFCOUNT);
	if ((i32)seen < 0) {
		warn(WARN_NEGATIVE);
		return false;
	}
	while (seen != 0)
		if (cas32(head + REFCOUNT, &seen, seen + by))
			return true;
	return false;
}

/* A count that reached 0, which only an unbalanced put can do. */
cold_ void last_put(u32 head)
{
	st32(CONTROL + CTL_ZERO_PUTS, ld32(CONTROL + CTL_ZERO_PUTS) + 1);
	st32(CONTROL + CTL_ZERO_PUT_AT, head);
	if (!DEVMAP)
		st32(head + REFCOUNT, 1);
}

inline_ void put(u32 head, u32 by)
{
	if (ref_add(head, -by) == by)
		last_put(head);
}

inline_ void pincount_add(u32 head, u32 by) { fetch_add32(head + PINCOUNT, by); }
inline_ void clear_referenced(u32 head) { and_flags(head, ~REFERENCED); }
inline_ void set_referenced(u32 head) { or_flags(head, REFERENCED); }

inline_ void mark_dirty(u32 head)
{
	if (!(load_flags(head) & PAGE_DIRTY))
		or_flags(head, PAGE_DIRTY);
}

/* Under the folio's lock, which nobody else takes. */
inline_ void mark_dirty_locked(u32 head)
{
	or_flags(head, PAGE_LOCKED);
	mark_dirty(head);
	and_flags(head, ~PAGE_LOCKED);
}

inline_ u64 accessed_flags(u64 flags)
{
	u64 counted = (flags & LRU_REFS) != LRU_REFS ? flags + LRU_REF : flags;
	if (DEVMAP) {
		if (!(flags & REFERENCED))
			return flags | REFERENCED;
		return flags & WORKINGSET ? counted : flags | WORKINGSET;
	}
	if (!(flags & REFERENCED))
		return (flags & ~LRU_REFS) | REFERENCED;
	return counted != flags ? counted : flags | WORKINGSET;
}

static void mark_accessed(u32 head)
{
	u64 seen = load_flags(head);
	for (;;) {
		u64 next = accessed_flags(seen);
		if (next == seen || swap_flags(head, &seen, next))
			return;
	}
}

inline_ i32 mapcount_add(u32 record, u32 by) { return fetch_add32(record + MAPCOUNT, by); }

static u64 lock_mm_ids(u32 head)
{
	u64 ids = fetch_or64(head + MM_IDS, MM_IDS_LOCK);
	while (ids & MM_IDS_LOCK)
		ids = fetch_or64(head + MM_IDS, MM_IDS_LOCK);
	return ids;
}

inline_ i32 add_to_slot(u32 at, i32 by)
{
	i32 now = (i32)ld32(at) + by;
	st32(at, now);
	return now;
}

static void large_mapcount_inc(u32 head, u32 mm)
{
	u64 ids = lock_mm_ids(head);
	i32 now = add_to_slot(head + LARGE_MAPCOUNT, 1);
	u64 first = ids & MM_ID_MASK, second = (ids >> 32) & MM_ID_MASK;
	if (first == mm) {
		add_to_slot(head + MM_ID_MAPCOUNT0, 1);
	} else if (second == mm) {
		add_to_slot(head + MM_ID_MAPCOUNT1, 1);
	} else {
		if (!first) {
			ids |= mm;
			st32(head + MM_ID_MAPCOUNT0, 0);
		} else if (!second) {
			ids |= (u64)mm << 32;
			st32(head + MM_ID_MAPCOUNT1, 0);
		}
		if (now > 0)
			ids |= MM_IDS_SHARED;
	}
	release64(head + MM_IDS, ids);
}

static void large_mapcount_dec(u32 head, u32 mm)
{
	u64 ids = lock_mm_ids(head);
	i32 now = add_to_slot(head + LARGE_MAPCOUNT, -1);
	if ((ids & MM_ID_MASK) == mm) {
		if (add_to_slot(head + MM_ID_MAPCOUNT0, -1) < 0)
			ids &= ~MM_ID_MASK;
	} else if (((ids >> 32) & MM_ID_MASK) == mm) {
		if (add_to_slot(head + MM_ID_MAPCOUNT1, -1) < 0)
			ids &= ~(MM_ID_MASK << 32);
	}
	if ((i32)ld32(head + MM_ID_MAPCOUNT0) == now ||
	    (i32)ld32(head + MM_ID_MAPCOUNT1) == now)
		ids &= ~MM_IDS_SHARED;
	release64(head + MM_IDS, ids);
}

static i32 add_huge_rmap(u32 head, u32 mm)
{
	i32 before = fetch_add32(head + ENTIRE, 1);
	if (before == -1)
		fetch_add32(head + NR_MAPPED, ENTIRELY_MAPPED);
	large_mapcount_inc(head, mm);
	return before;
}

static i32 remove_huge_rmap(u32 head, u32 mm)
{
	large_mapcount_dec(head, mm);
	i32 before = fetch_add32(head + ENTIRE, -1);
	if (before == 0)
		fetch_add32(head + NR_MAPPED, -ENTIRELY_MAPPED);
	return before;
}

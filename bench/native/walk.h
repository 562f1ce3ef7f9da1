/* The table arena and the walk: assembly/arena.ts, walk.ts. */
#pragma once
#include "entry.h"

static u32 alloc_table(void)
{
	u32 left = ld32(CONTROL + CTL_ARENA_FAIL_AFTER);
	if ((i32)left >= 0) {
		if (left == 0)
			return 0;
		st32(CONTROL + CTL_ARENA_FAIL_AFTER, left - 1);
	}
	u32 table = ld32(CONTROL + CTL_ARENA_FREE);
	if (table) {
		st32(CONTROL + CTL_ARENA_FREE, ld32(table));
	} else {
		table = ld32(CONTROL + CTL_ARENA_TOP);
		if (table >= ld32(CONTROL + CTL_ARENA_END))
			return 0;
		st32(CONTROL + CTL_ARENA_TOP, table + 4096);
	}
	memset(bank + table, 0, 4096);
	st32(CONTROL + CTL_ARENA_LIVE, ld32(CONTROL + CTL_ARENA_LIVE) + 1);
	return table;
}

static void free_table(u32 table)
{
	st32(table, ld32(CONTROL + CTL_ARENA_FREE));
	st32(CONTROL + CTL_ARENA_FREE, table);
	st32(CONTROL + CTL_ARENA_LIVE, ld32(CONTROL + CTL_ARENA_LIVE) - 1);
}

inline_ u32 slot_of(u32 table, u64 va, u32 shift)
{
	return table + (((u32)(va >> shift) & 511) << 3);
}

inline_ u64 entry_end(u64 va, u64 end, u32 shift)
{
	u64 next = ((va >> shift) + 1) << shift;
	return next < end ? next : end;
}

inline_ void install(u32 mm, u32 slot, u32 table)
{
	st32(mm + MM_TABLES, ld32(mm + MM_TABLES) + 1);
	st64(slot, (u64)table | TABLE_BITS);
}

static u32 populate(u32 mm, u32 slot)
{
	u32 table = alloc_table();
	if (table)
		install(mm, slot, table);
	return table;
}

inline_ u32 p4d_slot(u32 mm, u64 va)
{
	u32 top = ld32(mm + MM_TOP);
	if (ld32(mm + MM_LEVELS) == 4)
		return slot_of(top, va, P4D_SHIFT);
	u64 entry = ld64(slot_of(top, va, PGD5_SHIFT));
	return entry ? slot_of(table_of(entry), va, P4D_SHIFT) : 0;
}

inline_ u32 find_pud(u32 mm, u64 va)
{
	u32 slot = p4d_slot(mm, va);
	if (!slot)
		return 0;
	u64 entry = ld64(slot);
	return entry ? slot_of(table_of(entry), va, PUD_SHIFT) : 0;
}

static __attribute__((noinline)) u32 grow_pud(u32 mm, u64 va)
{
	u32 slot = slot_of(ld32(mm + MM_TOP), va, P4D_SHIFT);
	if (ld32(mm + MM_LEVELS) == 5) {
		slot = slot_of(ld32(mm + MM_TOP), va, PGD5_SHIFT);
		u64 entry = ld64(slot);
		u32 p4d = entry ? table_of(entry) : populate(mm, slot);
		if (!p4d)
			return 0;
		slot = slot_of(p4d, va, P4D_SHIFT);
	}
	u64 entry = ld64(slot);
	u32 pud = entry ? table_of(entry) : populate(mm, slot);
	return pud ? slot_of(pud, va, PUD_SHIFT) : 0;
}

inline_ u32 need_pud(u32 mm, u64 va)
{
	u32 slot = find_pud(mm, va);
	return likely(slot) ? slot : grow_pud(mm, va);
}

/* The table arena and the walk: assembly/arena.ts, walk.ts. */
#pragma once
#include "entry.h"

/*
 * A thread alone locks nothing of the arena; several keep a few free tables each and give the rest to
 * the pool (assembly/arena.ts). These locks are the emulator's own.
 */
#define MAGAZINE_MAX 64
#define BATCH 32

static u32 magazine = MAGAZINES;

inline_ void lock(u32 list)
{
	u32 seen = 0;
	while (!cas32(list + MAG_LOCK, &seen, 1))
		seen = 0;
}

inline_ void unlock(u32 list) { release32(list + MAG_LOCK, 0); }

inline_ void push(u32 list, u32 table)
{
	st32(table, ld32(list + MAG_FIRST));
	st32(list + MAG_FIRST, table);
	st32(list + MAG_TABLES, ld32(list + MAG_TABLES) + 1);
}

inline_ u32 pop(u32 list)
{
	u32 table = ld32(list + MAG_FIRST);
	if (!table)
		return 0;
	st32(list + MAG_FIRST, ld32(table));
	st32(list + MAG_TABLES, ld32(list + MAG_TABLES) - 1);
	return table;
}

inline_ u32 cut(void)
{
	u32 table = ld32(CONTROL + CTL_ARENA_TOP);
	if (table >= ld32(CONTROL + CTL_ARENA_END))
		return 0;
	st32(CONTROL + CTL_ARENA_TOP, table + 4096);
	return table;
}

static void move_part(u32 from, u32 to, u32 tables)
{
	for (u32 table; tables && (table = pop(from)); tables--)
		push(to, table);
}

static u32 steal(void)
{
	for (u32 thread = 0; thread < THREADS_MAX; thread++) {
		u32 other = MAGAZINES + thread * MAGAZINE_BYTES;
		if (!ld32(other + MAG_FIRST))
			continue;
		lock(other);
		u32 table = pop(other);
		unlock(other);
		if (table)
			return table;
	}
	return 0;
}

static u32 take_shared(void)
{
	lock(magazine);
	u32 table = pop(magazine);
	if (!table) {
		lock(POOL);
		table = pop(POOL);
		if (table)
			move_part(POOL, magazine, BATCH - 1);
		else
			table = cut();
		unlock(POOL);
	}
	unlock(magazine);
	return table ? table : steal();
}

static void give_shared(u32 table)
{
	lock(magazine);
	push(magazine, table);
	if (ld32(magazine + MAG_TABLES) > MAGAZINE_MAX) {
		lock(POOL);
		move_part(magazine, POOL, BATCH);
		unlock(POOL);
	}
	unlock(magazine);
}

inline_ u32 take_alone(void)
{
	u32 table = pop(magazine);
	if (table)
		return table;
	return ld32(POOL + MAG_FIRST) ? pop(POOL) : cut();
}

inline_ bool shared(void) { return ld32(CONTROL + CTL_THREADS) > 1; }
inline_ void add_live(i32 by) { st32(magazine + MAG_LIVE, ld32(magazine + MAG_LIVE) + by); }

static void detach_arena(void)
{
	lock(magazine);
	lock(POOL);
	move_part(magazine, POOL, ld32(magazine + MAG_TABLES));
	unlock(POOL);
	unlock(magazine);
}

static u32 alloc_table(void)
{
	u32 left = ld32(CONTROL + CTL_ARENA_FAIL_AFTER);
	if ((i32)left >= 0) {
		if (left == 0)
			return 0;
		st32(CONTROL + CTL_ARENA_FAIL_AFTER, left - 1);
	}
	u32 table = shared() ? take_shared() : take_alone();
	if (!table)
		return 0;
	memset(bank + table, 0, 4096);
	add_live(1);
	return table;
}

static void free_table(u32 table)
{
	if (shared())
		give_shared(table);
	else
		push(magazine, table);
	add_live(-1);
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

/* Slot for a leaf of this order, empty or not; 0 where its table is not there. */
inline_ u32 find_slot(u32 mm, u64 va, u32 level)
{
	u32 pud_slot = find_pud(mm, va);
	if (!pud_slot || level == 18)
		return pud_slot;
	u64 pud = ld64(pud_slot);
	if (!pud || is_leaf(pud))
		return 0;
	u32 pmd_slot = slot_of(table_of(pud), va, PMD_SHIFT);
	if (level == 9)
		return pmd_slot;
	u64 pmd = ld64(pmd_slot);
	return pmd && !is_leaf(pmd) ? slot_of(table_of(pmd), va, PTE_SHIFT) : 0;
}

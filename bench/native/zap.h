/* Unmapping: assembly/zap.ts. */
#pragma once
#include "ref.h"
#include "walk.h"

#define STACK_SLOTS 7
#define BATCH_SLOTS 509
#define GATHER_MAX (STACK_SLOTS + 19 * BATCH_SLOTS)
#define DELAY_RMAP 1u

/* This thread's batch. */
static u32 gather = GATHER;
static u32 queued, limit = GATHER_MAX;
/* Whether map counts wait for the flush. */
static bool delayed;
static bool reclaims;
/* Accesses of a VMA that is read in order or at random say nothing of a page. */
static bool recency = true;

inline_ void begin_zap(u32 vma)
{
	recency = !(ld32(vma + VMA_FLAGS) & (VM_SEQ_READ | VM_RAND_READ));
}

static void drop_queued(void)
{
	for (u32 i = 0; i < queued; i++)
		put(ld32(gather + (i << 2)) & ~DELAY_RMAP, 1);
	queued = 0;
}

static void drop_delayed_rmaps(void)
{
	if (!delayed)
		return;
	for (u32 i = 0; i < queued; i++) {
		u32 item = ld32(gather + (i << 2));
		if (!(item & DELAY_RMAP))
			continue;
		mapcount_add(item & ~DELAY_RMAP, -1);
		st32(gather + (i << 2), item & ~DELAY_RMAP);
	}
	delayed = false;
	limit = GATHER_MAX;
}

inline_ bool queue(u32 item)
{
	st32(gather + (queued << 2), item);
	queued++;
	return queued == limit;
}

/* No further batch is begun while a map count waits. */
cold_ void begin_delays(void)
{
	u32 first = STACK_SLOTS + BATCH_SLOTS;
	delayed = true;
	limit = first + (queued < first ? 0 : (queued - STACK_SLOTS) / BATCH_SLOTS * BATCH_SLOTS);
}

inline_ bool release_pte(u64 entry, u64 accessed)
{
	u32 record = records + (small_page_of(entry) << RECORD_SHIFT);
	bool dirty = is_dirty(entry);
	if (dirty)
		mark_dirty(record);
	if (entry & accessed)
		mark_accessed(record);
	if (!dirty) {
		mapcount_add(record, -1);
		return queue(record);
	}
	if (!delayed)
		begin_delays();
	return queue(record | DELAY_RMAP);
}

static void force_flush(void)
{
	drop_delayed_rmaps();
	drop_queued();
}

static void zap_table(u32 table, u64 va, u64 end)
{
	u32 slot = slot_of(table, va, PTE_SHIFT);
	u32 last = slot + ((u32)((end - va) >> PTE_SHIFT) << 3);
	u64 accessed = recency ? ACCESSED : 0;
	for (; slot < last; slot += 8) {
		if (!ld64(slot))
			continue;
		u64 entry = xchg64(slot, 0);
		if (DEVMAP)
			continue;
		if (release_pte(entry, accessed))
			force_flush();
	}
	if (delayed)
		force_flush();
}

static void zap_huge(u32 mm, u32 slot, u32 level)
{
	u64 entry = xchg64(slot, 0);
	if (DEVMAP)
		return;
	u32 head = leaf_folio(page_of(entry));
	remove_huge_rmap(head, ld32(mm + MM_ID));
	if (level == 9) {
		if (is_dirty(entry))
			mark_dirty(head);
		if (recency && entry & ACCESSED)
			mark_accessed(head);
	}
	if (queue(head))
		drop_queued();
}

static void drop_huge(u32 mm, u32 slot)
{
	u64 entry = xchg64(slot, 0);
	if (DEVMAP)
		return;
	u32 head = leaf_folio(page_of(entry));
	if (is_dirty(entry))
		mark_dirty(head);
	if (entry & ACCESSED)
		set_referenced(head);
	remove_huge_rmap(head, ld32(mm + MM_ID));
	put(head, 1);
}

inline_ void zap_leaf(u32 mm, u32 slot, u64 va, u64 next, u32 level)
{
	if (next - va == (u64)4096 << level)
		zap_huge(mm, slot, level);
	else
		drop_huge(mm, slot);
}

static void free_below(u32 mm, u32 slot)
{
	u32 table = table_of(ld64(slot));
	st64(slot, 0);
	st32(mm + MM_TABLES, ld32(mm + MM_TABLES) - 1);
	free_table(table);
}

static void zap_pmds(u32 mm, u32 table, u64 va, u64 end)
{
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, PMD_SHIFT);
		u32 slot = slot_of(table, va, PMD_SHIFT);
		u64 entry = ld64(slot);
		if (!entry)
			continue;
		if (is_leaf(entry)) {
			zap_leaf(mm, slot, va, next, 9);
			continue;
		}
		zap_table(table_of(entry), va, next);
		if (reclaims && next - va == (u64)1 << PMD_SHIFT)
			free_below(mm, slot);
	}
}

static void zap_puds(u32 mm, u32 table, u64 va, u64 end)
{
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, PUD_SHIFT);
		u32 slot = slot_of(table, va, PUD_SHIFT);
		u64 entry = ld64(slot);
		if (!entry)
			continue;
		if (is_leaf(entry))
			zap_leaf(mm, slot, va, next, 18);
		else
			zap_pmds(mm, table_of(entry), va, next);
	}
}

static void zap_top(u32 mm, u32 table, u64 va, u64 end, u32 shift)
{
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, shift);
		u64 entry = ld64(slot_of(table, va, shift));
		if (!entry)
			continue;
		if (shift == PGD5_SHIFT)
			zap_top(mm, table_of(entry), va, next, P4D_SHIFT);
		else
			zap_puds(mm, table_of(entry), va, next);
	}
}

inline_ u32 top_shift(u32 mm)
{
	return ld32(mm + MM_LEVELS) == 5 ? PGD5_SHIFT : P4D_SHIFT;
}

static void dontneed(u32 vma, u64 va, u64 end)
{
	begin_zap(vma);
	u32 mm = ld32(vma + VMA_MM);
	reclaims = !DEVMAP;
	zap_top(mm, ld32(mm + MM_TOP), va, end, top_shift(mm));
	reclaims = false;
	drop_queued();
}

inline_ bool owns_span(u64 va, u64 end, u32 shift, u64 floor, u64 ceiling)
{
	if (va >> shift << shift < floor)
		return false;
	if (!ceiling)
		return true;
	u64 limit = ceiling >> shift << shift;
	return limit != 0 && end - 1 <= limit - 1;
}

static void free_tables(u32 mm, u32 table, u64 va, u64 end, u32 shift, u64 floor, u64 ceiling)
{
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, shift);
		u32 slot = slot_of(table, va, shift);
		u64 entry = ld64(slot);
		if (!entry || is_leaf(entry))
			continue;
		if (shift > PMD_SHIFT)
			free_tables(mm, table_of(entry), va, next, shift - 9, floor, ceiling);
		if (owns_span(va, next, shift, floor, ceiling))
			free_below(mm, slot);
	}
}

static void unmap(u32 vma, u64 va, u64 end)
{
	begin_zap(vma);
	u32 mm = ld32(vma + VMA_MM);
	u32 top = ld32(mm + MM_TOP);
	zap_top(mm, top, va, end, top_shift(mm));
	u64 floor = va > ld64(vma + VMA_START) ? va : ld64(vma + VMA_FLOOR);
	u64 ceiling = end < ld64(vma + VMA_END) ? end : ld64(vma + VMA_CEILING);
	free_tables(mm, top, va, end, top_shift(mm), floor, ceiling);
	drop_queued();
}

/* GUP-fast and giving back: assembly/gup.ts. */
#pragma once
#include "ref.h"
#include "walk.h"

/* This thread's PAGES array. */
static u32 pages_at = PAGES;
static u32 got;

/* Whether a walk holds the pgmap: kept for pages of the first range, taken again for each beyond. */
static bool held;

inline_ bool use_pgmap(u32 page)
{
	if (!held || page >= first_pages)
		held = ld32(CONTROL + CTL_ALIVE) != 0;
	return held;
}

inline_ void report(u32 page)
{
	st64(pages_at + (got << 3), page);
	got++;
}

inline_ bool grab(u32 head, u32 pages, u32 flags)
{
	if (!try_get(head, pages))
		return false;
	if (flags & GUP_PIN) {
		if (order != 0)
			pincount_add(head, pages);
		else
			ref_add(head, pages * (GUP_PIN_COUNTING_BIAS - 1));
	}
	return true;
}

inline_ void release(u32 head, u32 pages, bool pin)
{
	if (!pin) {
		put(head, pages);
	} else if (order == 0) {
		put(head, pages * GUP_PIN_COUNTING_BIAS);
	} else {
		pincount_add(head, -pages);
		put(head, pages);
	}
}

inline_ bool may_grab(u32 head, u64 entry, u32 flags)
{
	if (!(flags & GUP_LONGTERM))
		return true;
	if (flags & GUP_WRITE)
		return DEVMAP || !has_mapping(head);
	return entry & RW;
}

inline_ bool permits_gup(u64 entry, u32 flags)
{
	u64 needed = flags & GUP_WRITE ? PRESENT | USER | RW : PRESENT | USER;
	u64 refused = !DEVMAP ? SPECIAL : flags & GUP_LONGTERM ? DEVMAP_BIT : 0;
	return (entry & (needed | refused)) == needed;
}

inline_ bool gup_pte(u32 pmd_slot, u64 pmd, u32 slot, u32 flags)
{
	u64 entry = ld64(slot);
	if (!permits_gup(entry, flags))
		return false;
	u64 offset = (phys_in(entry) - device_phys) >> PTE_SHIFT;
	u32 page = (u32)offset;
	if (offset >= first_pages) {
		page = page_in_ranges(phys_in(entry));
		if (DEVMAP && !use_pgmap(page))
			return false;
	}
	u32 head = folio_of(page);
	if (!grab(head, 1, flags))
		return false;
	if (ld64(pmd_slot) != pmd || ld64(slot) != entry || !may_grab(head, entry, flags)) {
		release(head, 1, flags & GUP_PIN);
		return false;
	}
	set_referenced(head);
	report(page);
	return true;
}

inline_ u32 gup_ptes(u32 pmd_slot, u64 pmd, u32 slot, u32 last, u32 flags)
{
	while (slot < last && gup_pte(pmd_slot, pmd, slot, flags))
		slot += 8;
	return slot;
}

static bool gup_table(u32 pmd_slot, u64 pmd, u64 va, u64 end, u32 flags)
{
	u32 slot = slot_of(table_of(pmd), va, PTE_SHIFT);
	u64 entry = ld64(slot);
	if (DEVMAP && permits_gup(entry, flags)) {
		u32 page = page_of(entry);
		if (page < first_pages && !use_pgmap(page))
			return false;
	}
	u32 last = slot + ((u32)((end - va) >> PTE_SHIFT) << 3);
	/* A loop of its own for what storms do: the compiler leaves the tests of its flags out. */
	if (flags == (GUP_PIN | GUP_WRITE))
		slot = gup_ptes(pmd_slot, pmd, slot, last, GUP_PIN | GUP_WRITE);
	else
		slot = gup_ptes(pmd_slot, pmd, slot, last, flags);
	held = false;
	return slot == last;
}

static bool gup_devmap_leaf(u32 slot, u64 entry, u32 first, u32 pages, u32 flags)
{
	if (!use_pgmap(first))
		return false;
	bool beyond = first >= first_pages;
	u32 start = got;
	for (u32 i = 0; i < pages; i++) {
		if (beyond && i != 0 && !use_pgmap(first + i))
			break;
		u32 head = folio_of(first + i);
		if (!grab(head, 1, flags))
			break;
		set_referenced(head);
		report(first + i);
	}
	held = false;
	if (got - start == pages && ld64(slot) == entry)
		return true;
	while (got > start) {
		got--;
		u32 head = folio_of((u32)ld64(pages_at + (got << 3)));
		clear_referenced(head);
		release(head, 1, flags & GUP_PIN);
	}
	return false;
}

static bool gup_folio_leaf(u32 slot, u64 entry, u32 first, u32 pages, u32 flags)
{
	u32 head = folio_of(first);
	if (!grab(head, pages, flags))
		return false;
	if (ld64(slot) != entry || !may_grab(head, entry, flags)) {
		release(head, pages, flags & GUP_PIN);
		return false;
	}
	for (u32 i = 0; i < pages; i++)
		report(first + i);
	set_referenced(head);
	return true;
}

inline_ bool gup_leaf(u32 slot, u64 entry, u64 va, u64 end, u32 shift, u32 flags)
{
	if (!permits_gup(entry, flags))
		return false;
	u32 in_leaf = (u32)((va & (((u64)1 << shift) - 1)) >> PTE_SHIFT);
	u32 first = page_of(entry) + in_leaf;
	u32 pages = (u32)((end - va) >> PTE_SHIFT);
	return DEVMAP ? gup_devmap_leaf(slot, entry, first, pages, flags)
		      : gup_folio_leaf(slot, entry, first, pages, flags);
}

static bool gup_pmd(u32 table, u64 va, u64 end, u32 flags)
{
	u32 slot = slot_of(table, va, PMD_SHIFT);
	u64 entry = ld64(slot);
	if (!entry)
		return false;
	return is_leaf(entry) ? gup_leaf(slot, entry, va, end, PMD_SHIFT, flags)
			      : gup_table(slot, entry, va, end, flags);
}

static bool gup_pud(u32 mm, u64 va, u64 end, u32 flags)
{
	u32 slot = find_pud(mm, va);
	if (!slot)
		return false;
	u64 entry = ld64(slot);
	if (!entry)
		return false;
	if (is_leaf(entry))
		return gup_leaf(slot, entry, va, end, PUD_SHIFT, flags);
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, PMD_SHIFT);
		if (!gup_pmd(table_of(entry), va, next, flags))
			return false;
	}
	return true;
}

static u32 gup_fast(u32 vma, u64 va, u32 pages, u32 flags)
{
	u32 mm = ld32(vma + VMA_MM);
	u64 end = va + ((u64)pages << PTE_SHIFT);
	got = 0;
	for (u64 next; va < end; va = next) {
		next = entry_end(va, end, PUD_SHIFT);
		if (!gup_pud(mm, va, next, flags))
			break;
	}
	return got;
}

/* The struct pages are gone with the driver: noted, and nothing is touched. */
cold_ u32 too_late(u32 pages)
{
	st32(CONTROL + CTL_LATE_PAGES, ld32(CONTROL + CTL_LATE_PAGES) + pages);
	return GONE;
}

/* Where the run of pages of one folio ends. */
inline_ u32 run_end(u32 first, u32 end, u32 head)
{
	u32 page = first + 1;
	if (order != 0 && !PACKED) {
		u32 folio_end = ((first >> order) + 1) << order;
		u32 last = end < folio_end ? end : folio_end, fours = (page + 3) & ~3u;
		while (page < fours && page < last && folio_of(page) == head)
			page++;
		if (page == fours && page < last && folio_of(page) == head)
			page = same_tails_end(page, last);
	}
	while (page < end && folio_of(page) == head)
		page++;
	return page;
}

static u32 unpin(u32 first, u32 pages)
{
	if (!ld32(CONTROL + CTL_ALIVE))
		return too_late(pages);
	u32 end = first + pages, page = first;
	while (page < end) {
		u32 head = folio_of(page), start = page;
		page = run_end(page, end, head);
		release(head, page - start, true);
	}
	return OK;
}

static u32 put_pages(u32 first, u32 pages)
{
	if (!ld32(CONTROL + CTL_ALIVE))
		return too_late(pages);
	for (u32 page = first; page < first + pages; page++)
		put(folio_of(page), 1);
	return OK;
}

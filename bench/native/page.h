/* Struct pages: assembly/page.ts. */
#pragma once
#include "range.h"
#include "record.h"

#define TAIL_MAPPING ((u64)0xdead000000000400)
#define DEDUP_STRUCTS 128
#define RECORD_BYTES PAGE_BYTES

#define NR_PAGES (DEVMAP ? FOLIO_NR_PAGES_DEVMAP : FOLIO_NR_PAGES_REFCOUNT)

static u64 device_phys;
static u32 page_count, first_pages, order, leaf_order, records, compound_shift, tail_mask;
/* A huge leaf's folio cannot be found by arithmetic: the hazards that `guard` shows. */
static bool out_of_order;

inline_ u64 phys_of(u32 page)
{
	return likely(page < first_pages) ? device_phys + ((u64)page << 12) : phys_in_ranges(page);
}

inline_ bool in_one_range(u64 page, u64 pages)
{
	return likely(page + pages <= first_pages) || in_one_of_ranges(page, pages);
}

/* The page of a PTE: an inverted address is far beyond any device. */
inline_ u32 small_page_of(u64 entry)
{
	u64 offset = ((entry & ADDRESS_MASK) - device_phys) >> 12;
	return likely(offset < first_pages) ? (u32)offset : page_in_ranges(phys_in(entry));
}

inline_ u32 page_of(u64 entry) { return small_page_of(entry) & ~((1u << leaf_order) - 1); }

inline_ u32 small_record(u32 page) { return records + (page << RECORD_SHIFT); }
inline_ u32 head_record(u32 page) { return records + ((page >> order) << compound_shift); }

/* The record of the `index`th page of the folio whose records begin at `folio`. */
inline_ u32 record_in(u32 folio, u32 index)
{
	u32 distinct = index < 64 ? index : (index & tail_mask) | (tail_mask == 63 ? 64 : 0);
	return folio + (distinct << 6);
}

inline_ u32 folio_of(u32 page)
{
	if (PACKED)
		return head_record(page);
	u32 record = record_in(head_record(page), page & ((1u << order) - 1));
	u64 word = ld64(record + PG_WORD1);
	if (!(word & 1))
		return record;
	if (DEVMAP)
		return (u32)(word - 1);
	return head_record(page & (u32)(word >> 6));
}

/* How far the pages from `page` on, a multiple of four, are tails that hold what the first does. */
inline_ u32 same_tails_end(u32 page, u32 end)
{
	u32 folio = head_record(page), in_folio = (1u << order) - 1;
	u64 word = ld64(record_in(folio, page & in_folio) + PG_WORD1);
	for (; page + 3 < end; page += 4) {
		u32 at = record_in(folio, page & in_folio) + PG_WORD1;
		if (ld64(at) != word || ld64(at + PAGE_BYTES) != word ||
		    ld64(at + 2 * PAGE_BYTES) != word || ld64(at + 3 * PAGE_BYTES) != word)
			break;
	}
	return page;
}

/* Kept in page[1], but only a head has one. */
inline_ u32 folio_order(u32 head)
{
	if (PACKED)
		return order;
	return ld64(head + PG_FLAGS) & (1u << PG_HEAD_BIT) ? ld8(head + FOLIO_ORDER) : 0;
}

inline_ u32 leaf_folio(u32 page)
{
	return !PACKED && out_of_order ? folio_of(page) : head_record(page);
}

/* Where no compound pages were made every page of the leaf learns its mapping. */
cold_ u64 set_mappings(u32 page)
{
	u64 token = 0;
	for (u32 at = page; at < page + (1u << leaf_order); at++)
		token += set_mapping(small_record(at), at, false);
	return token;
}

inline_ u64 set_leaf_mapping(u32 head, u32 page)
{
	return !PACKED && leaf_order != order ? set_mappings(page) : set_mapping(head, page, true);
}

inline_ void init_record(u32 record)
{
	memset(bank + record, 0, RECORD_BYTES);
	st64(record + PG_FLAGS, PG_ZONE_BITS | (1u << PG_RESERVED_BIT));
	st64(record + PG_WORD1, CONTROL);
	st32(record + PG_MAPCOUNT, -1);
	st32(record + PG_REFCOUNT, 1);
}

static void init_tail(u32 record, u32 head)
{
	init_record(record);
	u64 mask = ~(((u64)RECORD_BYTES << order) - 1);
	st64(record + PG_WORD1, (DEVMAP ? (u64)head : mask) | 1);
	st64(record + PG_MAPPING, TAIL_MAPPING);
	st32(record + PG_REFCOUNT, 0);
}

static void init_folio(u32 head)
{
	st64(head, ld64(head) | (1u << PG_HEAD_BIT));
	st8(head + FOLIO_ORDER, order);
	st32(head + FOLIO_LARGE_MAPCOUNT, -1);
	st32(head + ENTIRE, -1);
	st32(head + NR_MAPPED, 0);
	st32(head + FOLIO_PINCOUNT, 0);
	st32(head + NR_PAGES, 1u << order);
	if (!DEVMAP) {
		st32(head + FOLIO_MM_ID_MAPCOUNT0, -1);
		st32(head + FOLIO_MM_ID_MAPCOUNT1, -1);
		st64(head + FOLIO_MM_IDS, 0);
	}
}

static void attach_pages(void)
{
	device_phys = ld64(CONTROL + CTL_PHYS);
	page_count = ld32(CONTROL + CTL_PAGES);
	first_pages = ld32(range_at(0) + RANGE_PAGES);
	order = ld32(CONTROL + CTL_ORDER);
	leaf_order = ld32(CONTROL + CTL_LEAF_ORDER);
	out_of_order = leaf_order != order || ld32(CONTROL + CTL_FIRST_COMPOUND) != 0;
	records = ld32(CONTROL + CTL_RECORDS);
	compound_shift = ld32(CONTROL + CTL_COMPOUND_SHIFT);
	tail_mask = ld32(CONTROL + CTL_TAIL_MASK);
	attach_records(records, page_count, order);
}

static void init_packed(u32 first, u32 pages)
{
	if (order == 0) {
		init_pages(small_record(first), pages);
		return;
	}
	for (u32 page = first; page < first + pages; page += 1u << order)
		init_folio_line(head_record(page));
}

static void bind_pages(void)
{
	if (PACKED) {
		init_packed(0, page_count);
		return;
	}
	u32 structs = tail_mask == 63 ? DEDUP_STRUCTS : 1u << order;
	u32 start = order == 0 ? 0 : ld32(CONTROL + CTL_FIRST_COMPOUND);
	for (u32 page = start; page < page_count; page += 1u << order) {
		u32 head = out_of_order ? small_record(page) : head_record(page);
		init_record(head);
		if (order == 0)
			continue;
		for (u32 i = 1; i < structs; i++)
			init_tail(head + (i << 6), head);
		init_folio(head);
	}
}

static void reset_pages(u32 first, u32 pages)
{
	if (PACKED) {
		init_packed(first, pages);
		return;
	}
	for (u32 page = first; page < first + pages; page += 1u << order) {
		u32 head = head_record(page);
		init_record(head);
		if (order != 0) {
			init_tail(head + RECORD_BYTES, head);
			init_folio(head);
		}
	}
}

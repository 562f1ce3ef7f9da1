/* What a page record holds, in either format: assembly/record.ts. */
#pragma once
#include "entry.h"

#define RECORD_SHIFT (PACKED ? PACKED_PAGE_SHIFT : 6)
#define MAPCOUNT (PACKED ? PACKED_MAPCOUNT : PG_MAPCOUNT)
#define REFCOUNT (PACKED ? PACKED_REFCOUNT : PG_REFCOUNT)
#define LARGE_MAPCOUNT (PACKED ? PACKED_LARGE_MAPCOUNT : FOLIO_LARGE_MAPCOUNT)
#define LINE_ENTIRE (DEVMAP ? FOLIO_ENTIRE_MAPCOUNT_DEVMAP : FOLIO_ENTIRE_MAPCOUNT_REFCOUNT)
#define ENTIRE (PACKED ? PACKED_ENTIRE_MAPCOUNT : LINE_ENTIRE)
#define LINE_MAPPED (DEVMAP ? FOLIO_NR_PAGES_MAPPED_DEVMAP : FOLIO_NR_PAGES_MAPPED_REFCOUNT)
#define NR_MAPPED (PACKED ? PACKED_NR_PAGES_MAPPED : LINE_MAPPED)
#define PINCOUNT (PACKED ? PACKED_PINCOUNT : FOLIO_PINCOUNT)
#define MM_ID_MAPCOUNT0 (PACKED ? PACKED_MM_ID_MAPCOUNT0 : FOLIO_MM_ID_MAPCOUNT0)
#define MM_ID_MAPCOUNT1 (PACKED ? PACKED_MM_ID_MAPCOUNT1 : FOLIO_MM_ID_MAPCOUNT1)
#define MM_IDS (PACKED ? PACKED_MM_IDS : FOLIO_MM_IDS)

#define PAGE_LOCKED ((u64)1 << (PACKED ? PACKED_LOCKED_BIT : PG_LOCKED_BIT))
#define REFERENCED ((u64)1 << (PACKED ? PACKED_REFERENCED_BIT : PG_REFERENCED_BIT))
#define PAGE_DIRTY ((u64)1 << (PACKED ? PACKED_DIRTY_BIT : PG_DIRTY_BIT))
#define WORKINGSET ((u64)1 << (PACKED ? PACKED_WORKINGSET_BIT : PG_WORKINGSET_BIT))
#define LRU_REF ((u64)1 << (PACKED ? PACKED_LRU_REFS_SHIFT : LRU_REFS_SHIFT))
#define LRU_REFS (LRU_REF * 3)
#define MAPPING_KNOWN (1u << PACKED_MAPPING_BIT)

static u32 flag_origin, flag_shift;

inline_ void attach_records(u32 records, u32 pages, u32 order)
{
	if (!PACKED)
		return;
	flag_shift = order ? 0 : PACKED_PAGE_SHIFT;
	u32 flags = records + (order ? PACKED_FLAGS : pages << PACKED_PAGE_SHIFT);
	flag_origin = flags - (records >> flag_shift);
}

inline_ u32 flags_at(u32 record)
{
	return PACKED ? flag_origin + (record >> flag_shift) : record + PG_FLAGS;
}

inline_ u64 load_flags(u32 record)
{
	return PACKED ? ld8(flags_at(record)) : ld64(flags_at(record));
}

inline_ void or_flags(u32 record, u64 bits)
{
	if (PACKED)
		fetch_or8(flags_at(record), bits);
	else
		fetch_or64(flags_at(record), bits);
}

inline_ void and_flags(u32 record, u64 mask)
{
	if (PACKED)
		fetch_and8(flags_at(record), mask);
	else
		fetch_and64(flags_at(record), mask);
}

/* Answers whether the flags were `seen`; else `seen` becomes what they were. */
inline_ bool swap_flags(u32 record, u64 *seen, u64 next)
{
	if (!PACKED)
		return cas64(flags_at(record), seen, next);
	u8 byte = *seen;
	bool swapped = cas8(flags_at(record), &byte, next);
	*seen = byte;
	return swapped;
}

inline_ bool has_mapping(u32 head)
{
	return PACKED ? ld8(flags_at(head)) & MAPPING_KNOWN : ld64(head + PG_MAPPING) != 0;
}

inline_ u64 set_mapping(u32 head, u64 index, bool large)
{
	if (PACKED) {
		u8 flags = ld8(flags_at(head));
		if (!(flags & MAPPING_KNOWN)) {
			st8(flags_at(head), flags | MAPPING_KNOWN);
			if (large)
				st64(head + PACKED_INDEX, index);
		}
		return flags;
	}
	u64 mapping = ld64(head + PG_MAPPING);
	if (mapping == 0) {
		st64(head + PG_MAPPING, CONTROL);
		st64(head + PG_INDEX, index);
	}
	return mapping;
}

/* packed: _mapcount -1, _refcount 1. */
#define IDLE ((u64)0x1FFFFFFFF)

static void init_pages(u32 first, u32 pages)
{
	for (u32 i = 0; i < pages; i++)
		st64(first + (i << PACKED_PAGE_SHIFT), IDLE);
	memset(bank + flags_at(first), 0, pages);
}

static void init_folio_line(u32 head)
{
	memset(bank + head, 0, PAGE_BYTES);
	st64(head, IDLE);
	st32(head + PACKED_LARGE_MAPCOUNT, -1);
	st32(head + PACKED_ENTIRE_MAPCOUNT, -1);
	st64(head + PACKED_MM_ID_MAPCOUNT0, ~(u64)0);
}

/* The device's physical ranges: assembly/range.ts. Only devices of several come here. */
#pragma once
#include "bank.h"

#define RANGE_PHYS 0
#define RANGE_PAGE 8
#define RANGE_PAGES 12

inline_ u32 range_count(void) { return ld32(CONTROL + CTL_RANGES); }
inline_ u32 range_at(u32 index) { return CONTROL + CTL_RANGE_TABLE + index * RANGE_BYTES; }

/* The range that holds a device page, or 0. */
static u32 range_of_page(u64 page)
{
	for (u32 i = 0; i < range_count(); i++) {
		u32 range = range_at(i), first = ld32(range + RANGE_PAGE);
		if (page >= first && page - first < ld32(range + RANGE_PAGES))
			return range;
	}
	return 0;
}

cold_ u64 phys_in_ranges(u32 page)
{
	u32 range = range_of_page(page);
	if (!range)
		__builtin_trap();
	return ld64(range + RANGE_PHYS) + ((u64)(page - ld32(range + RANGE_PAGE)) << 12);
}

cold_ u32 page_in_ranges(u64 phys)
{
	for (u32 i = 0; i < range_count(); i++) {
		u32 range = range_at(i);
		u64 offset = (phys - ld64(range + RANGE_PHYS)) >> 12;
		if (offset < ld32(range + RANGE_PAGES))
			return ld32(range + RANGE_PAGE) + (u32)offset;
	}
	return ~0u;
}

cold_ bool in_one_of_ranges(u64 page, u64 pages)
{
	u32 range = range_of_page(page);
	return range && page + pages <= (u64)ld32(range + RANGE_PAGE) + ld32(range + RANGE_PAGES);
}

cold_ void warn(u32 what) { st32(CONTROL + CTL_WARNINGS, ld32(CONTROL + CTL_WARNINGS) | what); }

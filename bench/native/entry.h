/* Page-table entries: assembly/entry.ts. */
#pragma once
#include "bank.h"

#define PRESENT ((u64)1)
#define RW ((u64)1 << 1)
#define USER ((u64)1 << 2)
#define ACCESSED ((u64)1 << 5)
#define DIRTY ((u64)1 << 6)
#define PSE ((u64)1 << 7)
#define SPECIAL ((u64)1 << 9)
#define SOFT_DIRTY ((u64)1 << 11)
#define DEVMAP_BIT ((u64)1 << 57)
#define SAVED_DIRTY ((u64)1 << 58)
#define ADDRESS_MASK ((u64)0x000FFFFFFFFFF000)
#define TABLE_BITS ((u64)0x67)

#define PTE_SHIFT 12
#define PMD_SHIFT 21
#define PUD_SHIFT 30
#define P4D_SHIFT 39
#define PGD5_SHIFT 48

inline_ bool is_present(u64 entry) { return entry & PRESENT; }
inline_ bool is_leaf(u64 entry) { return entry & PSE; }
inline_ bool is_dirty(u64 entry) { return entry & (DIRTY | SAVED_DIRTY); }
inline_ u32 table_of(u64 entry) { return (u32)(entry & ADDRESS_MASK); }
inline_ u64 phys_in(u64 leaf) { return (leaf & PRESENT ? leaf : ~leaf) & ADDRESS_MASK; }
inline_ u64 made_dirty(u64 entry) { return entry | ACCESSED | DIRTY | SOFT_DIRTY | RW; }

inline_ u64 made_writable(u64 entry) { return made_dirty(entry) & ~SAVED_DIRTY; }
inline_ bool normal_page(u64 entry) { return !(entry & (SPECIAL | DEVMAP_BIT)); }

inline_ u64 pte_leaf(u64 phys, u64 prot, u32 write)
{
	if (DEVMAP)
		return phys | prot | SPECIAL | DEVMAP_BIT;
	return write ? made_dirty(phys | prot) : phys | prot;
}

inline_ u64 huge_leaf(u64 phys, u64 prot, u32 write)
{
	u64 entry = phys | prot | PSE | (DEVMAP ? DEVMAP_BIT : 0);
	return write ? made_dirty(entry) : entry;
}

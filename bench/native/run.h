/* Runs of faults into one table: assembly/run.ts. */
#pragma once
#include "fault.h"

#define ENTRIES 512

inline_ bool is_run(u32 vma, u64 page, u64 units, u32 level)
{
	if (!vma_serves(vma) || !in_one_range(page, units << level))
		return false;
	if (level == 0)
		return true;
	return !out_of_order && !(page & ((1u << level) - 1)) &&
	       !(ld32(vma + VMA_FLAGS) & VM_NOHUGEPAGE);
}

inline_ u64 take_small(u32 record, u64 page)
{
	u64 token = set_mapping(record, page, false);
	if (!DEVMAP && ld32(record + REFCOUNT) == 0)
		return SIGBUS;
	return DONE(token + take_page(record));
}

inline_ u64 take_huge(u32 mm, u32 head, u64 page, u32 level)
{
	u64 token = set_mapping(head, page, true);
	if (guard_refuses(head, level))
		return SIGBUS;
	return DONE(token + take_folio(mm, head));
}

/* Apart, so that the loop of the run keeps its registers. */
static __attribute__((noinline)) u64 fault_apart(u32 vma, u64 va, u32 write)
{
	return handle_fault(vma, va, write);
}

/* `level` is a constant, 0, for small leaves. Answers where it stopped. */
inline_ u64 fault_run(u32 vma, u64 from, u64 end, u32 write, bool chain, u32 level)
{
	u32 mm = ld32(vma + VMA_MM), first_slot = find_slot(mm, from, level);
	if (!first_slot)
		return from;
	u64 left = ENTRIES - ((first_slot >> 3) & (ENTRIES - 1));
	u64 asked = (end - from) >> (level + PTE_SHIFT), units = asked < left ? asked : left;
	u64 first_page = page_at(vma, from);
	if (!is_run(vma, first_page, units, level))
		return from;

	u64 zero = ld64(CONTROL + CTL_ZERO), prot = ld64(vma + VMA_PROT);
	u64 phys = phys_of((u32)first_page);
	u64 leaf = level ? huge_leaf(phys, prot, write) : pte_leaf(phys, prot, write);
	u32 record_shift = level ? compound_shift : RECORD_SHIFT;
	u32 first_record = level ? head_record((u32)first_page) : small_record((u32)first_page);
	u64 unit = 0;
	while (unit < units) {
		u32 slot = first_slot + ((u32)unit << 3);
		u64 result;
		if (ld64(slot)) {
			result = fault_apart(vma, from + (unit << (level + PTE_SHIFT)), write);
		} else {
			u32 record = first_record + ((u32)unit << record_shift);
			u64 page = first_page + (unit << level);
			result = level ? take_huge(mm, record, page, level)
				       : take_small(record, page);
			if (result != SIGBUS)
				st64(slot, leaf);
		}
		note(result);
		leaf += (u64)4096 << level;
		unit++;
		if (chain)
			unit += result & zero;
	}
	return from + (unit << (level + PTE_SHIFT));
}

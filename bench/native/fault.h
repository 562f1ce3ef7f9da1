/* Page faults: assembly/fault.ts. A result is a status in the low 8 bits, a token above it. */
#pragma once
#include "ref.h"
#include "walk.h"

#define STATUS(result) ((u32)(result) & 0xFF)
#define TOKEN(result) ((result) >> 8)
#define DONE(token) ((u64)(token) << 8)

static u32 failed;

inline_ void note(u64 result) { failed += STATUS(result) != OK; }

inline_ u64 page_at(u32 vma, u64 va)
{
	return ld64(vma + VMA_PGOFF) + ((va - ld64(vma + VMA_START)) >> PTE_SHIFT);
}

inline_ bool vma_serves(u32 vma)
{
	u64 unit_mask = ((u64)1 << (leaf_order + PTE_SHIFT)) - 1;
	u64 bounds = ld64(vma + VMA_START) | ld64(vma + VMA_END);
	return ld32(CONTROL + CTL_ALIVE) != 0 && (bounds & unit_mask) == 0;
}

/* A mapping at an unaligned file offset, which no check of mmap refuses: a trap, so said. */
cold_ u64 unaligned_leaf(u32 page)
{
	warn(WARN_UNALIGNED_OFFSET);
	return phys_of(DEVMAP ? page : page & ~((1u << leaf_order) - 1));
}

inline_ u64 leaf_phys(u32 page)
{
	return page & ((1u << leaf_order) - 1) ? unaligned_leaf(page) : phys_of(page);
}

inline_ bool guard_refuses(u32 head, u32 level)
{
	if (DEVMAP || folio_order(head) == level)
		return false;
	warn(WARN_ORDER);
	return true;
}

/* What a huge leaf takes of its folio. */
inline_ u64 take_folio(u32 mm, u32 head)
{
	if (DEVMAP)
		return 0;
	u64 token = ref_add(head, 1);
	return token + (u64)(i32)add_huge_rmap(head, ld32(mm + MM_ID));
}

/* What a PTE takes of its page. */
inline_ u64 take_page(u32 record)
{
	if (DEVMAP)
		return 0;
	u64 token = ref_add(record, 1);
	return token + (u64)(i32)mapcount_add(record, 1);
}

static u64 insert_huge(u32 vma, u32 slot, u32 page, u32 level, u32 write)
{
	u32 mm = ld32(vma + VMA_MM);
	u32 head = leaf_folio(page);
	u64 token = set_leaf_mapping(head, page);
	if (guard_refuses(head, level))
		return SIGBUS;
	token += take_folio(mm, head);
	st64(slot, huge_leaf(leaf_phys(page), ld64(vma + VMA_PROT), write));
	return DONE(token);
}

static u64 huge_fault(u32 vma, u64 va, u32 slot, u32 level, u32 write)
{
	if (!vma_serves(vma) || leaf_order > level)
		return SIGBUS;
	if (leaf_order < level)
		return FALLBACK;
	u64 page = page_at(vma, va & ~(((u64)1 << (level + PTE_SHIFT)) - 1));
	if (!in_one_range(page, (u64)1 << level))
		return SIGBUS;
	return insert_huge(vma, slot, (u32)page, level, write);
}

inline_ u64 insert_pte(u32 vma, u32 slot, u32 page, u32 record, u32 write)
{
	u64 token = take_page(record);
	st64(slot, pte_leaf(phys_of(page), ld64(vma + VMA_PROT), write));
	return DONE(token);
}

inline_ u64 pte_insert(u32 vma, u64 va, u32 pmd_slot, u32 found, u32 write)
{
	if (!vma_serves(vma) || leaf_order != 0)
		return SIGBUS;
	u64 page = page_at(vma, va);
	if (!in_one_range(page, 1))
		return SIGBUS;
	u32 record = small_record((u32)page);
	u64 token = set_mapping(record, page, false);
	if (!DEVMAP && ld32(record + REFCOUNT) == 0)
		return SIGBUS;
	u32 slot = found;
	if (!slot) {
		u32 table = alloc_table();
		if (!table)
			return OOM;
		install(ld32(vma + VMA_MM), pmd_slot, table);
		slot = slot_of(table, va, PTE_SHIFT);
	}
	return insert_pte(vma, slot, (u32)page, record, write) + DONE(token);
}

static __attribute__((noinline)) u64 pte_fault(u32 vma, u64 va, u32 pmd_slot, u32 write)
{
	u32 spare = alloc_table();
	if (!spare)
		return OOM;
	u64 result = pte_insert(vma, va, pmd_slot, 0, write);
	free_table(spare);
	return result;
}

static __attribute__((noinline)) u64 spurious_fault(u32 vma, u32 slot, u64 entry, u32 write)
{
	if (write && ld32(vma + VMA_FLAGS) & VM_WRITE) {
		u64 now = made_dirty(entry);
		if (now != entry)
			st64(slot, now);
	}
	return DONE(entry);
}

/* do_wp_page: a write to an entry that soft-dirty tracking write-protected. */
cold_ u64 write_protected_pte(u32 vma, u32 slot, u64 entry)
{
	if (!(ld32(vma + VMA_FLAGS) & VM_WRITE))
		return DONE(entry);
	u32 page = normal_page(entry) ? small_record(page_of(entry)) : 0;
	if (page && !DEVMAP)
		ref_add(page, 1);
	st64(slot, made_writable(entry));
	if (page && !DEVMAP) {
		mark_dirty_locked(page);
		put(page, 1);
	}
	return DONE(entry);
}

/* wp_huge_pmd and _pud: the driver's huge_fault again, on an entry that is there. */
cold_ u64 write_protected_huge(u32 vma, u64 va, u32 slot, u32 level)
{
	if (!vma_serves(vma))
		return SIGBUS;
	u32 page = (u32)page_at(vma, va & ~(((u64)1 << (level + PTE_SHIFT)) - 1));
	u64 token = set_leaf_mapping(leaf_folio(page), page);
	if (ld32(vma + VMA_FLAGS) & VM_WRITE)
		st64(slot, made_writable(ld64(slot)));
	return DONE(token);
}

inline_ u64 present_huge(u32 vma, u64 va, u32 slot, u64 entry, u32 level, u32 write)
{
	if (write && !(entry & RW))
		return write_protected_huge(vma, va, slot, level);
	return spurious_fault(vma, slot, entry, write);
}

inline_ u64 fault_pass(u32 vma, u64 va, u32 write, bool vma_lock)
{
	u32 mm = ld32(vma + VMA_MM);
	bool huge = !(ld32(vma + VMA_FLAGS) & VM_NOHUGEPAGE);
	u32 pud_slot = need_pud(mm, va);
	if (!pud_slot)
		return OOM;
	u64 entry = ld64(pud_slot);
	if (!entry) {
		if (huge) {
			u64 result = huge_fault(vma, va, pud_slot, 18, write);
			if (result != FALLBACK)
				return result;
		}
		u32 table = populate(mm, pud_slot);
		if (!table)
			return OOM;
		entry = table;
	} else if (is_leaf(entry)) {
		return present_huge(vma, va, pud_slot, entry, 18, write);
	}

	u32 pmd_slot = slot_of(table_of(entry), va, PMD_SHIFT);
	u32 slot = 0;
	entry = ld64(pmd_slot);
	if (!entry) {
		if (huge) {
			u64 result = huge_fault(vma, va, pmd_slot, 9, write);
			if (result != FALLBACK)
				return result;
		}
	} else {
		if (is_leaf(entry))
			return present_huge(vma, va, pmd_slot, entry, 9, write);
		slot = slot_of(table_of(entry), va, PTE_SHIFT);
		entry = ld64(slot);
		if (entry) {
			if (write && !(entry & RW))
				return write_protected_pte(vma, slot, entry);
			return spurious_fault(vma, slot, entry, write);
		}
	}
	if (vma_lock)
		return RETRY;
	return slot ? pte_insert(vma, va, pmd_slot, slot, write)
		    : pte_fault(vma, va, pmd_slot, write);
}

inline_ u64 handle_fault(u32 vma, u64 va, u32 write)
{
	u64 result = fault_pass(vma, va, write, true);
	if (STATUS(result) != RETRY)
		return result;
	/* The second pass walks again: between the two the kernel drops one lock and takes another. */
	__asm__ volatile("" ::: "memory");
	return fault_pass(vma, va, write, false);
}

static u32 leaf_slot(u32 mm, u64 va)
{
	u32 slot = find_pud(mm, va);
	if (!slot)
		return 0;
	u64 entry = ld64(slot);
	if (!entry || is_leaf(entry))
		return entry ? slot : 0;
	slot = slot_of(table_of(entry), va, PMD_SHIFT);
	entry = ld64(slot);
	if (!entry || is_leaf(entry))
		return entry ? slot : 0;
	slot = slot_of(table_of(entry), va, PTE_SHIFT);
	return ld64(slot) ? slot : 0;
}

inline_ u64 touch(u32 vma, u64 va, u32 write)
{
	u32 needed = write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC;
	if (!(ld32(vma + VMA_FLAGS) & needed))
		return SIGSEGV;
	u64 bits = write ? ACCESSED | DIRTY : ACCESSED;
	u32 mm = ld32(vma + VMA_MM);
	u32 slot = leaf_slot(mm, va);
	u64 token = 0;
	/* Twice where devmap's insert leaves a write-tracked PTE read-only. */
	while (!slot || !is_present(ld64(slot)) || (write && !(ld64(slot) & RW))) {
		u64 result = handle_fault(vma, va, write);
		if (STATUS(result) != OK)
			return result;
		token = TOKEN(result);
		slot = leaf_slot(mm, va);
	}
	u64 entry = ld64(slot);
	if ((entry & bits) != bits)
		st64(slot, entry | bits);
	return DONE(token + entry);
}

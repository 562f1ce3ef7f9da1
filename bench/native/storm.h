/* The op-stream loop: assembly/storm.ts. */
#pragma once
#include "fault.h"
#include "gup.h"
#include "run.h"
#include "zap.h"

/* This thread's op buffer. */
static u32 ops_at = OPS;

/* With `chain` each operation's address waits for the result before it: overlap none. */
inline_ u64 faults(u32 vma, u64 from, u32 units, u32 write, bool chain, u32 level, u64 dep)
{
	u64 zero = ld64(CONTROL + CTL_ZERO), step = (u64)1 << (level + PTE_SHIFT);
	u64 end = from + units * step;
	for (u64 va = from + dep;;) {
		if (va >= end)
			return va & zero;
		u64 result = handle_fault(vma, va, write);
		note(result);
		va += step;
		if (chain)
			va += result & zero;
		if (va < end)
			va = fault_run(vma, va, end, write, chain, level);
	}
}

inline_ u64 touches(u32 vma, u64 from, u32 pages, u32 write, bool chain, u64 dep)
{
	u64 zero = ld64(CONTROL + CTL_ZERO), va = from + dep;
	for (u32 i = 0; i < pages; i++) {
		u64 result = touch(vma, va, write);
		note(result);
		va += 4096;
		if (chain)
			va += result & zero;
	}
	return va & zero;
}

inline_ void gup(u32 vma, u64 va, u32 pages, u32 flags)
{
	if (gup_fast(vma, va, pages, flags) != pages)
		note(SHORT);
}

static void other(u32 code, u32 vma, u64 va, u32 page, u32 times)
{
	u64 bytes = (u64)times << (leaf_order + PTE_SHIFT);
	switch (code) {
	case OP_DONTNEED: dontneed(vma, va, va + bytes); break;
	case OP_MUNMAP: unmap(vma, va, va + bytes); break;
	case OP_GET_READ: gup(vma, va, times, 0); break;
	case OP_GET_WRITE: gup(vma, va, times, GUP_WRITE); break;
	case OP_PIN_READ: gup(vma, va, times, GUP_PIN); break;
	case OP_PIN_WRITE: gup(vma, va, times, GUP_PIN | GUP_WRITE); break;
	case OP_PUT: note(put_pages(page, times)); break;
	case OP_UNPIN: note(unpin(page, times)); break;
	default: note(BAD_OP);
	}
}

/* `level` is a constant, 0, for small leaves. */
inline_ u32 run(u32 first, u32 ops, bool chain, u32 level)
{
	failed = 0;
	u64 dep = 0;
	for (u32 at = ops_at + (first << 3), end = at + (ops << 3); at < end; at += 8) {
		u64 op = ld64(at);
		u32 code = (u32)(op >> OP_CODE_SHIFT);
		u32 times = ((u32)(op >> OP_COUNT_SHIFT) & OP_COUNT_MASK) + 1;
		u32 vma = VMAS + ((u32)(op >> OP_VMA_SHIFT) & OP_VMA_MASK) * VMA_BYTES;
		u64 va = ld64(vma + VMA_START) + ((op & 0xFFFFFFFF) << PTE_SHIFT);
		if (code <= OP_FAULT_WRITE)
			dep = faults(vma, va, times, code - OP_FAULT_READ, chain, level, dep);
		else if (code <= OP_TOUCH_WRITE)
			dep = touches(vma, va, times, code - OP_TOUCH_READ, chain, dep);
		else
			other(code, vma, va, (u32)op, times);
	}
	return failed;
}

static u32 run_chained(u32 first, u32 ops)
{
	return leaf_order ? run(first, ops, true, leaf_order) : run(first, ops, true, 0);
}

static u32 run_natural(u32 first, u32 ops)
{
	return leaf_order ? run(first, ops, false, leaf_order) : run(first, ops, false, 0);
}

/*
 * A twin's statics are one thread's: every thread loads a copy of the module of its own
 * (bench/native.ts).
 */
static void attach(u32 thread)
{
	u32 region = ld32(CONTROL + CTL_THREAD_REGIONS) + (thread - 1) * REGION_BYTES;
	magazine = MAGAZINES + thread * MAGAZINE_BYTES;
	gather = thread ? region + REGION_GATHER : GATHER;
	pages_at = thread ? region + REGION_PAGES : PAGES;
	ops_at = thread ? region + REGION_OPS : OPS;
}

static u64 hash_range(u32 from, u32 to)
{
	u64 hash = 0xcbf29ce484222325;
	for (u32 at = from; at < to; at += 8) {
		hash = (hash ^ ld64(at)) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	return hash;
}

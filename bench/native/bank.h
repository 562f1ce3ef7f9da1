/*
 * The C twin of the core's timed builds: the same steps on the same bank, in C. It stands beside the
 * Wasm core in one process and takes turns with it, so that the ratio of their times says what
 * WebAssembly costs and nothing else.
 *
 * KERNEL  0 devmap, 1 refcount (assembly/switches.ts)
 * RECORDS 0 line, 1 packed
 * CAS     1: read-modify-writes are loops of lock cmpxchg, as V8 compiles Wasm's; 0: what a C
 *         compiler makes of them (lock xadd, lock or)
 *
 * layout.h is generated from assembly/layout.ts and status.ts.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "layout.h"

#define DEVMAP (KERNEL == 0)
#define PACKED (RECORDS == 1)
#define inline_ static inline __attribute__((always_inline))
#define cold_ static __attribute__((noinline, cold))
#define likely(x) __builtin_expect(!!(x), 1)

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;

/*
 * The bank's first byte. Addresses in the bank are 32-bit, as in Wasm. No pointer to this variable is
 * ever taken, so the compiler knows that no store goes to it.
 */
static u8 *bank;

inline_ u8 ld8(u32 at) { return *(u8 *)(bank + at); }
inline_ u32 ld32(u32 at) { return *(u32 *)(bank + at); }
inline_ u64 ld64(u32 at) { return *(u64 *)(bank + at); }
inline_ void st8(u32 at, u8 value) { *(u8 *)(bank + at) = value; }
inline_ void st32(u32 at, u32 value) { *(u32 *)(bank + at) = value; }
inline_ void st64(u32 at, u64 value) { *(u64 *)(bank + at) = value; }

/* A lock's release: a plain store to the processor, which the compiler may not move. */
inline_ void release32(u32 at, u32 value)
{
	__atomic_store_n((u32 *)(bank + at), value, __ATOMIC_RELEASE);
}

inline_ void release64(u32 at, u64 value)
{
	__atomic_store_n((u64 *)(bank + at), value, __ATOMIC_RELEASE);
}

inline_ u64 xchg64(u32 at, u64 value)
{
	return __atomic_exchange_n((u64 *)(bank + at), value, __ATOMIC_SEQ_CST);
}

/* Answers whether the word was `seen`; else `seen` becomes what it was. */
inline_ bool cas32(u32 at, u32 *seen, u32 next)
{
	return __atomic_compare_exchange_n((u32 *)(bank + at), seen, next, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

inline_ bool cas64(u32 at, u64 *seen, u64 next)
{
	return __atomic_compare_exchange_n((u64 *)(bank + at), seen, next, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

inline_ bool cas8(u32 at, u8 *seen, u8 next)
{
	return __atomic_compare_exchange_n(bank + at, seen, next, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* All of these answer what the word was. */
inline_ u32 fetch_add32(u32 at, u32 by)
{
	if (!CAS)
		return __atomic_fetch_add((u32 *)(bank + at), by, __ATOMIC_SEQ_CST);
	u32 seen = ld32(at);
	while (!cas32(at, &seen, seen + by))
		;
	return seen;
}

inline_ u8 fetch_or8(u32 at, u8 bits)
{
	if (!CAS)
		return __atomic_fetch_or(bank + at, bits, __ATOMIC_SEQ_CST);
	u8 seen = ld8(at);
	while (!cas8(at, &seen, seen | bits))
		;
	return seen;
}

inline_ u8 fetch_and8(u32 at, u8 bits)
{
	if (!CAS)
		return __atomic_fetch_and(bank + at, bits, __ATOMIC_SEQ_CST);
	u8 seen = ld8(at);
	while (!cas8(at, &seen, seen & bits))
		;
	return seen;
}

inline_ u64 fetch_or64(u32 at, u64 bits)
{
	if (!CAS)
		return __atomic_fetch_or((u64 *)(bank + at), bits, __ATOMIC_SEQ_CST);
	u64 seen = ld64(at);
	while (!cas64(at, &seen, seen | bits))
		;
	return seen;
}

inline_ u64 fetch_and64(u32 at, u64 bits)
{
	if (!CAS)
		return __atomic_fetch_and((u64 *)(bank + at), bits, __ATOMIC_SEQ_CST);
	u64 seen = ld64(at);
	while (!cas64(at, &seen, seen & bits))
		;
	return seen;
}

/*
 * What a data-plane operation answers: the low 8 bits of its result. The core never throws; a trap
 * means a broken invariant. host/wasm/abi.ts is generated from this file.
 */

/** The entry is there now (VM_FAULT_NOPAGE), or the operation is done. */
@inline export const OK: u32 = 0;
/** huge_fault: this order is larger than the device's units; try the next (VM_FAULT_FALLBACK). */
@inline export const FALLBACK: u32 = 1;
/** The per-VMA lock is not enough; start again under mmap_lock (VM_FAULT_RETRY). */
@inline export const RETRY: u32 = 2;
/** VM_FAULT_SIGBUS. */
@inline export const SIGBUS: u32 = 3;
/** The VMA does not permit the access. */
@inline export const SIGSEGV: u32 = 4;
/** No page table could be had (VM_FAULT_OOM). */
@inline export const OOM: u32 = 5;
/** A get or pin got fewer pages than were asked for. */
@inline export const SHORT: u32 = 6;
/** The op stream holds an operation this build does not know. */
@inline export const BAD_OP: u32 = 7;
/** The driver is unbound: a real kernel would touch a struct page that no longer exists. */
@inline export const GONE: u32 = 8;
/** No fault ever reached this folio, so nobody knows whose it is (-EBUSY of memory_failure). */
@inline export const NEVER_FAULTED: u32 = 9;

/* What checkMachine found wrong. */
@inline export const BAD_LEAF_LEVEL: u32 = 32;
@inline export const BAD_LEAF_ADDRESS: u32 = 33;
@inline export const BAD_REFCOUNT: u32 = 34;
@inline export const BAD_MAPCOUNT: u32 = 35;
@inline export const BAD_ENTIRE_MAPCOUNT: u32 = 36;
@inline export const BAD_LARGE_MAPCOUNT: u32 = 37;
@inline export const BAD_NR_PAGES_MAPPED: u32 = 38;
@inline export const BAD_PINCOUNT: u32 = 39;
@inline export const BAD_FILE_PAGES: u32 = 40;
@inline export const BAD_TABLES: u32 = 41;
@inline export const BAD_ARENA: u32 = 42;

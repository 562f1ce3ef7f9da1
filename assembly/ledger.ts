/*
 * The event ledger: what happened, counted exactly. One block of counters a thread, plain adds,
 * summed by the host. In builds with COUNT=0 nothing of it is left.
 */
import {
  CONTROL, CTL_ASIDE, CTL_RECORDS, CTL_STAMPS, LEDGER, LEDGER_BLOCK_BYTES, THREADS_MAX,
} from './layout';

/** Page-table entries the software walk reads. */
@inline export const PT_READ: u32 = 0;
/** Leaf entries GUP-fast reads again after it took its references. */
@inline export const PT_RECHECK: u32 = 1;
/** PMD entries GUP-fast reads again beside each PTE. */
@inline export const PMD_RECHECK: u32 = 2;
@inline export const PT_WRITE: u32 = 3;
@inline export const TABLE_ALLOC: u32 = 4;
@inline export const TABLE_FREE: u32 = 5;
/** Lock-prefixed read-modify-writes of struct-page fields, by field. */
@inline export const RMW_REFCOUNT: u32 = 6;
@inline export const RMW_MAPCOUNT: u32 = 7;
@inline export const RMW_ENTIRE_MAPCOUNT: u32 = 8;
@inline export const RMW_NR_PAGES_MAPPED: u32 = 9;
@inline export const RMW_MM_IDS: u32 = 10;
@inline export const RMW_PINCOUNT: u32 = 11;
@inline export const RMW_FLAGS: u32 = 12;
/** Distinct struct-page cache lines an operation touched, and those it wrote. */
@inline export const LINE_TOUCHED: u32 = 13;
@inline export const LINE_DIRTIED: u32 = 14;
/** dax_set_mapping found no mapping and stored mapping and index. */
@inline export const SET_MAPPING: u32 = 15;
/** percpu references on the pgmap, taken and dropped (devmap GUP). */
@inline export const PGMAP_GET: u32 = 16;
@inline export const PGMAP_PUT: u32 = 17;
@inline export const TLB_FLUSH: u32 = 18;
/** Of those flushes: made under a PTE lock, for a dirty page or a full batch. */
@inline export const TLB_FLUSH_FORCED: u32 = 19;
/** Minor faults that succeeded. */
@inline export const FAULT_MINOR: u32 = 20;
/** dev_dax_huge_fault calls, one SRCU read section each. */
@inline export const HUGE_FAULT: u32 = 21;
@inline export const HUGE_FAULT_FALLBACK: u32 = 22;
/** Faults started again under mmap_lock. */
@inline export const FAULT_RETRY: u32 = 23;
/** Faults that found the leaf present. */
@inline export const FAULT_SPURIOUS: u32 = 24;
@inline export const FAULT_SIGBUS: u32 = 25;
@inline export const FAULT_OOM: u32 = 26;
/** Leaf entries put in and taken out. */
@inline export const LEAF_SET: u32 = 27;
@inline export const LEAF_CLEAR: u32 = 28;
/** Pages got or pinned by GUP-fast, and calls that stopped early. */
@inline export const GUP_PAGE: u32 = 29;
@inline export const GUP_STOP: u32 = 30;
/** Read-modify-writes of struct-page fields that lost a race and had to go round again. */
@inline export const CAS_RETRY: u32 = 31;
/** Walks of GUP's slow path and of populate. */
@inline export const GUP_WALK: u32 = 32;
/** Huge leaves removed because a part of them was hit (__split_huge_pmd / _pud on DAX). */
@inline export const SPLIT: u32 = 33;
/** Locks taken, by lock; DETAIL=full. Which cost a lock prefix: lock.ts. */
@inline export const VMA_LOCK: u32 = 34;
@inline export const MMAP_LOCK_READ: u32 = 35;
@inline export const MMAP_LOCK_WRITE: u32 = 36;
@inline export const PTE_LOCK: u32 = 37;
@inline export const PMD_LOCK: u32 = 38;
@inline export const PAGE_TABLE_LOCK: u32 = 39;
@inline export const RESOURCE_LOCK: u32 = 40;
@inline export const MEMTYPE_LOCK: u32 = 41;
/** Changes of MM_FILEPAGES, and those of them too large for the per-CPU share. */
@inline export const RSS_ADD: u32 = 42;
@inline export const RSS_SPILL: u32 = 43;
/** Changes of per-CPU statistics, and the adds to global counters that spills made. */
@inline export const VMSTAT_ADD: u32 = 44;
@inline export const VMSTAT_SPILL: u32 = 45;
/** Nodes that looking up a memory type and a pgmap visited. */
@inline export const PAT_NODE: u32 = 46;
@inline export const PGMAP_NODE: u32 = 47;
/** Lock-prefixed read-modify-writes of anything but struct pages and table entries. */
@inline export const RMW_OTHER: u32 = 48;
/** i_mmap_rwsem of the dax inode, to read: unmap_mapping_range. */
@inline export const I_MMAP_LOCK_READ: u32 = 49;
/** 1G leaves that a walk took for corrupt tables and zeroed (mremap). */
@inline export const LEAF_LOST: u32 = 50;
/** file_update_time on the device node: a write to a write-protected PTE with a struct page. */
@inline export const MTIME_UPDATE: u32 = 51;
/** 2M leaves that mprotect made clean, their D lost (6.12.95). */
@inline export const DIRTY_LOST: u32 = 52;
/** Locks that were taken when they were wanted, and read-write locks that were closed. */
@inline export const LOCK_WAIT: u32 = 53;
@inline export const EVENTS: u32 = 54;

let block: usize = LEDGER;
/** The thread's own block, which `block` is but for countIf. */
let own: usize = LEDGER;
let operation: u32 = 0;

export function attachLedger(thread: u32): void {
  own = LEDGER + thread * LEDGER_BLOCK_BYTES;
  block = own;
  operation = thread;
}

/** Whether what is counted from here on is this bank's to count: see seam.ts. */
@inline export function countIf(mine: bool): void {
  if (COUNT) block = mine ? own : CONTROL + CTL_ASIDE;
}

@inline export function count(event: u32, times: u64 = 1): void {
  if (COUNT) {
    const at = block + (event << 3);
    store<u64>(at, load<u64>(at) + times);
  }
}

/**
 * A new operation begins: lines are distinct within one. No two threads have an operation's number.
 */
@inline export function beginOperation(): void {
  if (COUNT) operation += THREADS_MAX;
}

/*
 * Stamps: 8 bytes a struct-page line. Plain ones: where threads share a line, each may be counted
 * again after the other.
 *   ┌ 0 operation that touched it last ┬ 4 operation that wrote it last ┐
 */
function stamp(at: usize, event: u32): void {
  if (load<u32>(at) == operation) return;
  store<u32>(at, operation);
  count(event);
}

@inline function stampOf(record: usize): usize {
  const line = (<u32>record - load<u32>(CONTROL, CTL_RECORDS)) >> 6;
  return load<u32>(CONTROL, CTL_STAMPS) + (line << 3);
}

/** The operation reads the struct-page line that holds `record`. */
@inline export function touched(record: usize): void {
  if (COUNT) stamp(stampOf(record), LINE_TOUCHED);
}

/** The operation writes it. */
@inline export function dirtied(record: usize): void {
  if (COUNT) {
    const at = stampOf(record);
    stamp(at, LINE_TOUCHED);
    stamp(at + 4, LINE_DIRTIED);
  }
}

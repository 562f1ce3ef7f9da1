/*
 * Per-CPU state: plain adds on a line of the thread's own, spilling into shared counters when the
 * local share grows (semantics 5.7, 11). Nothing of it is left in builds with DETAIL=pages.
 */
import {
  GLOBALS, MMS, MM_BYTES, MM_FILEPAGES, MMS_MAX, PER_CPU, PER_CPU_BYTES, RSS_BATCH, RSS_LOCAL,
  THREADS_MAX, VMSTAT_THRESHOLD,
} from './layout';
import { RMW_OTHER, RSS_ADD, RSS_SPILL, VMSTAT_ADD, VMSTAT_SPILL, count } from './ledger';
import { lockRss, unlockRss } from './lock';
import { FULL } from './switches';

/* A thread's line: SRCU entries and exits, pgmap references, then one u64 a statistic. */
@inline const SRCU_ENTERED: u32 = 0;
@inline const SRCU_LEFT: u32 = 8;
@inline const PGMAP_REFERENCES: u32 = 16;
@inline const STATISTICS: u32 = 24;

/** Offsets of statistics in a thread's line, and of their two counters among the globals. */
@inline export const NR_FILE_MAPPED: u32 = 0;
@inline export const NR_FILE_PMDMAPPED: u32 = 8;
/** The node's counters; the kernel's own totals are a line further. */
@inline const NODE_STATISTICS: usize = GLOBALS + 128;
@inline const VM_STATISTICS: usize = GLOBALS + 192;

let line: usize = PER_CPU;
let rssShares: usize = RSS_LOCAL;

export function attachPerCpu(thread: u32): void {
  line = PER_CPU + thread * PER_CPU_BYTES;
  rssShares = RSS_LOCAL + ((<usize>thread * MMS_MAX) << 3);
}

@inline function add(at: usize, by: i64): i64 {
  if (PERCPU) return atomic.add<i64>(at, by) + by;
  const now = load<i64>(at) + by;
  store<i64>(at, now);
  return now;
}

/** dax_read_lock and dax_read_unlock: SRCU. */
@inline export function enterSrcu(): void {
  if (DETAIL >= FULL) add(line + SRCU_ENTERED, 1);
}

@inline export function leaveSrcu(): void {
  if (DETAIL >= FULL) add(line + SRCU_LEFT, 1);
}

/** The pgmap's percpu_ref. */
@inline export function countPgmap(by: i64): void {
  if (DETAIL >= FULL) add(line + PGMAP_REFERENCES, by);
}

/** One counter of every thread's line, summed. */
function sum(counter: u32): i64 {
  let all: i64 = 0;
  for (let thread: u32 = 0; thread < THREADS_MAX; thread++) {
    all += atomic.load<i64>(PER_CPU + thread * PER_CPU_BYTES + counter);
  }
  return all;
}

/** synchronize_srcu: until every fault that got past the ALIVE test has left. */
export function awaitSrcu(): void {
  if (DETAIL < FULL) return;
  while (sum(SRCU_LEFT) != sum(SRCU_ENTERED)) continue;
}

/** wait_for_completion(&pgmap->done): until no walk holds the pgmap; page counts are no part. */
export function awaitPgmap(): void {
  if (DETAIL < FULL) return;
  while (sum(PGMAP_REFERENCES) != 0) continue;
}

/** A thread's share of an mm's MM_FILEPAGES. */
@inline function rssShare(mm: usize): usize {
  return rssShares + ((mm - MMS) / MM_BYTES << 3);
}

/** add_mm_counter(MM_FILEPAGES): percpu_counter_add_batch. */
@inline export function chargePages(mm: usize, pages: i64): void {
  if (DETAIL < FULL) return;
  count(RSS_ADD);
  const share = rssShare(mm);
  const now = add(share, pages);
  if (now < RSS_BATCH && now > -RSS_BATCH) return;
  count(RSS_SPILL);
  lockRss(mm);
  add(mm + MM_FILEPAGES, now);
  store<i64>(share, 0);
  unlockRss(mm);
}

/** MM_FILEPAGES of an mm with every thread's share: percpu_counter_sum. */
export function chargedPages(mm: usize): i64 {
  let sum = load<i64>(mm, MM_FILEPAGES);
  const index = (mm - MMS) / MM_BYTES;
  for (let at: usize = RSS_LOCAL + (index << 3); at < PER_CPU; at += MMS_MAX << 3) {
    sum += load<i64>(at);
  }
  return sum;
}

/** __mod_node_page_state: a spill adds to the node's counter and to the total. */
@inline export function countPages(statistic: u32, pages: i64): void {
  if (DETAIL < FULL) return;
  count(VMSTAT_ADD);
  const at = line + STATISTICS + statistic;
  const now = add(at, pages);
  if (now <= VMSTAT_THRESHOLD && now >= -VMSTAT_THRESHOLD) return;
  count(VMSTAT_SPILL, 2);
  count(RMW_OTHER, 2);
  atomic.add<i64>(NODE_STATISTICS + statistic, now);
  atomic.add<i64>(VM_STATISTICS + statistic, now);
  store<i64>(at, 0);
}

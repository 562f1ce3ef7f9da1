/*
 * mmu_gather (semantics 7.1): the pages that a zap lets go of, queued until the TLB is flushed.
 */
import { CONTROL, GATHER, REGION_GATHER, SEAM_FLUSH, SEAM_GATHERED } from './layout';
import { TLB_FLUSH, TLB_FLUSH_FORCED, count } from './ledger';
import { unlockPte } from './lock';
import { NR_FILE_MAPPED, countPages } from './percpu';
import { mapcountAdd, put } from './ref';
import { gatherBegins, gatherEnds } from './seam';
import { GATHERS, REFERENCES, RMAP, STATISTICS } from './switches';

/* mmu_gather: 7 slots on the stack and up to 19 batches of 509 (7.1). */
@inline const STACK_SLOTS: u32 = 7;
@inline const BATCH_SLOTS: u32 = 509;
@inline const GATHER_MAX: u32 = STACK_SLOTS + 19 * BATCH_SLOTS;
/** A queued page whose map count is dropped after the flush (delay_rmap). */
@inline const DELAY_RMAP: u32 = 1;

/* What a call that goes on in another bank has yet to flush: SEAM_FLUSH. */
@inline const FLUSH_LEAVES: u32 = 1;
@inline const FLUSH_TABLES: u32 = 2;

/** This thread's batch. */
let gather: usize = GATHER;
let queued: u32 = 0;
/** Of them: those that earlier parts of the call queued, and let go of, in other banks. */
let elsewhere: u32 = 0;
/** Whether map counts wait for the flush (delayed_rmap): pages of the batch are dirty. */
let delayed: bool = false;
/** How many fill it. */
let limit: u32 = GATHER_MAX;
let needsFlush: bool = false;
/** Whether the call has freed page tables: their flush is its last one. */
let freed: bool = false;

export function attachGather(region: usize): void {
  gather = region ? region + REGION_GATHER : GATHER;
}

/** A gather begins, or goes on where an earlier part of the call left off in another bank. */
@inline export function openGather(): void {
  if (gatherBegins()) return;
  queued = load<u32>(CONTROL, SEAM_GATHERED);
  elsewhere = queued;
  const due = load<u32>(CONTROL, SEAM_FLUSH);
  needsFlush = (due & FLUSH_LEAVES) != 0;
  freed = (due & FLUSH_TABLES) != 0;
}

/** An entry was cleared: some TLB may still have it. */
@inline export function needFlush(): void {
  needsFlush = true;
}

/** tlb_flush_mmu_tlbonly. */
function flushTlb(): void {
  if (!needsFlush) return;
  needsFlush = false;
  count(TLB_FLUSH);
}

/** tlb_batch_pages_flush: the references go, after the flush. */
function dropQueued(): void {
  // A page may not be given back while a TLB may still reach it (7.1).
  if (COUNT && queued != 0 && needsFlush) unreachable();
  const end = gather + (queued << 2);
  for (let at = gather + (elsewhere << 2); at < end; at += 4) {
    if (REFERENCES) put(load<u32>(at) & ~DELAY_RMAP, 1);
  }
  queued = 0;
  elsewhere = 0;
}

/** folio_remove_rmap_pte: the end of the last mapping is counted. */
@inline export function dropRmap(record: usize): void {
  const left = RMAP ? mapcountAdd(record, -1) : 0;
  if (STATISTICS && left == 0) countPages(NR_FILE_MAPPED, -1);
}

/** tlb_flush_rmaps: the map counts that waited for the forced flush. */
function dropDelayedRmaps(): void {
  if (!delayed) return;
  const end = gather + (queued << 2);
  for (let at = gather + (elsewhere << 2); at < end; at += 4) {
    const item = load<u32>(at);
    if (!(item & DELAY_RMAP)) continue;
    dropRmap(item & ~DELAY_RMAP);
    store<u32>(at, item & ~DELAY_RMAP);
  }
  delayed = false;
  limit = GATHER_MAX;
}

/** Whether dirty pages are in the batch: they force a flush before the PTE lock is let go of. */
@inline export function awaitsFlush(): bool {
  return delayed;
}

/** Puts an item into the batch. True: it is full. */
@inline function enqueue(item: u32): bool {
  const at = queued;
  store<u32>(gather + (at << 2), item);
  queued = at + 1;
  return at == limit - 1;
}

/** __tlb_remove_folio_pages. True: the batch is full. */
@inline export function queue(item: u32): bool {
  if (!GATHERS) {
    if (REFERENCES) put(item, 1);
    return false;
  }
  return enqueue(item);
}

/**
 * tlb_next_batch: while a map count waits, no further batch is begun behind the first one off the
 * stack, or behind the one that is being filled.
 */
function beginDelays(): void {
  delayed = true;
  const first = STACK_SLOTS + BATCH_SLOTS;
  limit = first + (queued < first ? 0 : (queued - STACK_SLOTS) / BATCH_SLOTS * BATCH_SLOTS);
}

/** The same for a dirty page, whose map count waits for the forced flush. */
@inline export function queueDelayed(item: u32): bool {
  if (!delayed) beginDelays();
  return enqueue(item | DELAY_RMAP);
}

/** A forced flush: TLB and map counts under the PTE lock, then references outside it (7.3). */
export function forceFlush(slot: usize): void {
  if (needsFlush) count(TLB_FLUSH_FORCED);
  flushTlb();
  dropDelayedRmaps();
  unlockPte(slot);
  dropQueued();
}

/** tlb_flush_mmu: at the end, or when the batch is full outside a page-table lock. */
export function finishGather(): void {
  flushTlb();
  dropQueued();
}

/**
 * The end of a zap, or where it goes on in another bank: there the batch goes on filling, while the
 * references of this bank's pages, which nobody counts together, go at once.
 */
export function closeGather(): void {
  if (!gatherEnds()) {
    store<u32>(CONTROL, queued, SEAM_GATHERED);
    const due = (needsFlush ? FLUSH_LEAVES : 0) | (freed ? FLUSH_TABLES : 0);
    store<u32>(CONTROL, due, SEAM_FLUSH);
    needsFlush = false;
    freed = false;
  }
  finishGather();
}

/** The flush of a call's tables is its last: what its leaves have due is set aside. */
@inline export function beginTables(): bool {
  if (!COUNT) return false;
  const due = needsFlush;
  needsFlush = freed;
  return due;
}

@inline export function endTables(due: bool): void {
  if (!COUNT) return;
  freed = needsFlush && !gatherEnds();
  needsFlush = due || (needsFlush && gatherEnds());
}

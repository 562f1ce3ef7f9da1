/*
 * Taking a device away (semantics 7.5, 9.3), and a page of it that went bad (8). The order of the
 * steps is the host's: host/syscall/unbind.ts.
 */
import { closeGather } from './gather';
import {
  CONTROL, CTL_ALIVE, GUP_PIN_COUNTING_BIAS, HELD_BYTES, HELD_MAX, MM_TOP, PAGES, VMAS, VMA_BYTES,
  VMA_END, VMA_MM, VMA_PGOFF, VMA_START,
} from './layout';
import { beginOperation, countIf } from './ledger';
import { lockMapping, unlockMapping } from './lock';
import { deviceFolioOrder, devicePages, folioOf, headRecord, physOf } from './page';
import { awaitPgmap, awaitSrcu } from './percpu';
import { getPgmap, putPgmap, unbindPgmap } from './pgmap';
import { RECORD_PINCOUNT, RECORD_REFCOUNT, flagsAt, hasMapping } from './record';
import { setHwPoison } from './ref';
import { begins, ends } from './seam';
import { GONE, NEVER_FAULTED, OK } from './status';
import { FULL } from './switches';
import { beginZap, topShift, zapTop } from './zap';

/** kill_dax: from here on check_vma fails; the faults that were past it are waited for. */
export function killDax(): void {
  atomic.store<u32>(CONTROL, 0, CTL_ALIVE);
  awaitSrcu();
}

/** run_dax: the last step of probe. */
export function runDax(): void {
  atomic.store<u32>(CONTROL, 1, CTL_ALIVE);
}

/** unmap_mapping_range_vma: an mmu_gather of its own, so a flush of its own; no mmap_lock. */
function unmapIn(vma: usize, first: u64, end: u64): void {
  beginZap(vma);
  const start = load<u64>(vma, VMA_START);
  const pgoff = load<u64>(vma, VMA_PGOFF);
  const stop = pgoff + ((load<u64>(vma, VMA_END) - start) >> 12);
  const from = first > pgoff ? first : pgoff;
  const to = end < stop ? end : stop;
  if (from >= to) return;
  const mm: usize = load<u32>(vma, VMA_MM);
  const va = start + ((from - pgoff) << 12);
  zapTop(mm, load<u32>(mm, MM_TOP), va, va + ((to - from) << 12), topShift(mm));
  closeGather();
}

/**
 * unmap_mapping_range: the file's pages [first, end) leave every VMA whose slot is in PAGES (a u32
 * each), in that order. Page tables stay.
 */
export function unmapMapping(vmas: u32, first: u64, end: u64): void {
  countIf(begins());
  lockMapping();
  countIf(true);
  for (let i: u32 = 0; i < vmas; i++) {
    unmapIn(VMAS + load<u32>(PAGES + (i << 2)) * VMA_BYTES, first, end);
  }
  countIf(ends());
  unlockMapping();
  countIf(true);
}

/**
 * memunmap_pages: waits for walks that hold the pgmap (devmap GUP, memory_failure), for no page
 * reference and no pin; then the struct pages are no more.
 */
export function unmapPgmap(): void {
  if (DETAIL < FULL) return;
  awaitPgmap();
  unbindPgmap();
}

/* One unit's holders: references that are no pins, and pins. */
let references: u32 = 0;
let pins: u32 = 0;

/**
 * Splits the count of an unmapped folio. An order-0 pin is 1024 references, so 1024 plain ones
 * look like a pin (6.1).
 */
@inline function holdersOf(head: usize): void {
  const held = load<i32>(head, RECORD_REFCOUNT) - 1;
  references = 0;
  pins = 0;
  if (held <= 0) return;
  const large = deviceFolioOrder() != 0;
  pins = large ? load<u32>(head, RECORD_PINCOUNT) : <u32>held / GUP_PIN_COUNTING_BIAS;
  references = <u32>held - (large ? pins : pins * GUP_PIN_COUNTING_BIAS);
}

@inline function record(at: usize, unit: u32): void {
  store<u32>(at, unit);
  store<u32>(at, 1, 4);
  store<u32>(at, references, 8);
  store<u32>(at, pins, 12);
}

/**
 * What is still referenced of a device that nobody maps, from `first` on: runs of units in PAGES.
 * Answers how many runs, and above bit 32 the unit to go on with: past the last, all was seen.
 */
export function scanHeld(first: u32): u64 {
  const order = deviceFolioOrder();
  const units = devicePages() >> order;
  let runs: u32 = 0;
  let at: usize = PAGES - HELD_BYTES;
  let unit = first;
  for (; unit < units; unit++) {
    holdersOf(headRecord(unit << order));
    if (references == 0 && pins == 0) continue;
    const goesOn = runs != 0 && load<u32>(at) + load<u32>(at, 4) == unit
      && load<u32>(at, 8) == references && load<u32>(at, 12) == pins;
    if (goesOn) store<u32>(at, load<u32>(at, 4) + 1, 4);
    else {
      if (runs == HELD_MAX) break;
      runs += 1;
      at += HELD_BYTES;
      record(at, unit);
    }
  }
  return (<u64>unit << 32) | runs;
}

/**
 * The head of memory_failure_dev_pagemap: a pgmap reference, the folio's mapping, PG_hwpoison. Who
 * is told and what is unmapped is the host's.
 */
export function poison(page: u32): u32 {
  beginOperation();
  if (!getPgmap(physOf(page))) return GONE;
  const head = folioOf(page);
  const known = hasMapping(head);
  if (known) setHwPoison(flagsAt(head));
  putPgmap();
  return known ? OK : NEVER_FAULTED;
}

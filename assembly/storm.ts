/*
 * The op-stream loop: storms, traces and tests all arrive here as the same 64-bit operations.
 */
import { touch } from './access';
import { readAhead } from './ahead';
import { HUGE_LEAVES, SMALL_LEAVES, takeFault } from './fault';
import { gupFast, pagesGot, putPages, unpin } from './gup';
import { gupSlow, populateRange } from './gupSlow';
import { beginLaps, lap } from './histogram';
import {
  CONTROL, CTL_ZERO, GUP_APPEND, GUP_LONGTERM, GUP_PIN, GUP_WRITE, OPS, OP_DONTNEED, OP_FAULT_READ,
  OP_FAULT_WRITE, OP_GET_READ, OP_GET_SLOW_READ, OP_MUNMAP, OP_PIN_LONGTERM_READ,
  OP_PIN_LONGTERM_SLOW_READ, OP_PIN_LONGTERM_SLOW_WRITE, OP_PIN_SLOW_READ, OP_PIN_WRITE,
  OP_POPULATE_WRITE, OP_PROTECT, OP_PUT, OP_TOUCH_READ, OP_TOUCH_WRITE, OP_UNPIN, REGION_OPS,
  VMA_END, VMA_FLAGS, VMA_PROT, VM_EXEC, VM_READ, VM_WRITE,
} from './layout';
import { codeOf, timesOf, vaOf, vmaOf } from './op';
import { deviceOrder } from './page';
import { protect } from './protect';
import { beginNotes, failures, note } from './result';
import { faultRun } from './run';
import { BAD_OP, SHORT, SIGSEGV } from './status';
import { CACHED_WALK } from './switches';
import { dontneed, munmap } from './zap';

@inline const PAGE_SHIFT: u32 = 12;

/** This thread's op buffer. */
let opsAt: usize = OPS;

export function attachStorm(region: usize): void {
  opsAt = region ? region + REGION_OPS : OPS;
}

/** So many faults on consecutive units; `dep` is the zero a chained storm carries on and on. */
@inline function faults(
  vma: usize, from: u64, units: u32, write: u32, chain: bool, likely: u32, dep: u64,
): u64 {
  const zero = load<u64>(CONTROL, CTL_ZERO);
  const unitShift = likely == SMALL_LEAVES ? PAGE_SHIFT : deviceOrder() + PAGE_SHIFT;
  const end = from + ((<u64>units) << unitShift);
  let va = from + dep;
  while (va < end) {
    const result = takeFault(vma, va, write, likely);
    note(result);
    lap();
    va += (<u64>1) << unitShift;
    if (chain) va += result & zero;
    if (CACHED_WALK && va < end) va = faultRun(vma, va, end, write, chain, likely);
  }
  return va & zero;
}

@inline function touches(
  vma: usize, from: u64, pages: u32, write: u32, chain: bool, dep: u64,
): u64 {
  const zero = load<u64>(CONTROL, CTL_ZERO);
  let va = from + dep;
  for (let i: u32 = 0; i < pages; i++) {
    const result = touch(vma, va, write);
    note(result);
    lap();
    va += 4096;
    if (chain) va += result & zero;
  }
  return va & zero;
}

/** get_user_pages and pin_user_pages in all their forms (6.3, 6.4); `code` says which. */
function gup(code: u32, vma: usize, va: u64, pages: u32): void {
  // The low bit of every one of these codes says whether it is for writing.
  let flags = code & 1 ? GUP_WRITE : 0;
  const form = code & ~1;
  if (form != OP_GET_READ && form != OP_GET_SLOW_READ) flags |= GUP_PIN;
  if (form >= OP_PIN_LONGTERM_READ) flags |= GUP_LONGTERM;
  const slow =
    form == OP_GET_SLOW_READ || form == OP_PIN_SLOW_READ || form == OP_PIN_LONGTERM_SLOW_READ;
  const got = slow ? 0 : gupFast(vma, va, pages, flags);
  if (got == pages) return;
  if (!slow) flags |= GUP_APPEND;
  if (gupRest(vma, va, pages, got, flags) != pages) note(SHORT);
}

/** MADV_POPULATE: for reading any right to the VMA will do (FOLL_FORCE). */
function populate(code: u32, vma: usize, va: u64, end: u64): void {
  const write = code == OP_POPULATE_WRITE;
  const needed = write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC;
  if (!(load<u32>(vma, VMA_FLAGS) & needed)) note(SIGSEGV);
  else note(populateRange(vma, va, end, write ? GUP_WRITE : 0));
}

/** The pages of the call that GUP-fast did not get, as far as the mapping permits and goes. */
function gupRest(vma: usize, va: u64, pages: u32, got: u32, flags: u32): u32 {
  // check_vma_flags: the slow path would fault for ever where the VMA permits no write.
  if (!(load<u32>(vma, VMA_FLAGS) & (flags & GUP_WRITE ? VM_WRITE : VM_READ))) return got;
  const room = (load<u64>(vma, VMA_END) - va) >> PAGE_SHIFT;
  const end: u32 = room < pages ? <u32>room : pages;
  gupSlow(vma, va + (<u64>got << PAGE_SHIFT), end - got, flags);
  return pagesGot();
}

/** Everything but faults and touches: rare enough per page that a chain would not show. */
function other(code: u32, vma: usize, va: u64, page: u32, times: u32): void {
  const end = va + ((<u64>times) << (deviceOrder() + PAGE_SHIFT));
  if (code == OP_DONTNEED) dontneed(vma, va, end);
  else if (code == OP_MUNMAP) munmap(vma, va, end);
  else if (code >= OP_GET_READ && code <= OP_PIN_WRITE) gup(code, vma, va, times);
  else if (code == OP_PUT) note(putPages(page, times));
  else if (code == OP_UNPIN) note(unpin(page, times));
  else if (code <= OP_PIN_LONGTERM_SLOW_WRITE) gup(code, vma, va, times);
  else if (code <= OP_POPULATE_WRITE) populate(code, vma, va, end);
  else if (code == OP_PROTECT) protect(vma, va, end, load<u64>(vma, VMA_PROT));
  else note(BAD_OP);
  lap();
}

@inline function loop(first: u32, ops: u32, chain: bool, likely: u32): u32 {
  beginNotes();
  beginLaps();
  let dep: u64 = 0;
  let at = opsAt + (first << 3);
  const end = at + (ops << 3);
  for (; at < end; at += 8) {
    const op = load<u64>(at);
    const code = codeOf(op);
    const times = timesOf(op);
    const vma = vmaOf(op);
    const va = vaOf(op, vma);
    if (code <= OP_FAULT_WRITE) {
      dep = faults(vma, va, times, code - OP_FAULT_READ, chain, likely, dep);
    } else if (code <= OP_TOUCH_WRITE) {
      dep = touches(vma, va, times, code - OP_TOUCH_READ, chain, dep);
    } else other(code, vma, va, <u32>op, times);
  }
  return failures();
}

/* A loop for each size of leaf, so that what it does most is inlined in it and nothing else. */
function smallChained(first: u32, ops: u32): u32 {
  return loop(first, ops, true, SMALL_LEAVES);
}

function hugeChained(first: u32, ops: u32): u32 {
  return loop(first, ops, true, HUGE_LEAVES);
}

function smallNatural(first: u32, ops: u32): u32 {
  return loop(first, ops, false, SMALL_LEAVES);
}

function hugeNatural(first: u32, ops: u32): u32 {
  return loop(first, ops, false, HUGE_LEAVES);
}

/** Runs `ops` operations from the op buffer; each fault waits for the one before (overlap none). */
export function runChained(first: u32, ops: u32): u32 {
  return deviceOrder() == 0 ? smallChained(first, ops) : hugeChained(first, ops);
}

/** The same, letting the processor overlap what it can (overlap natural). */
export function runNatural(first: u32, ops: u32): u32 {
  return deviceOrder() == 0 ? smallNatural(first, ops) : hugeNatural(first, ops);
}

/** Operations that are read ahead for at once. */
@inline const AHEAD: u32 = 32;

/**
 * The same with read-ahead (overlap batched). Builds that count do without, for its reads are none
 * of the kernel's.
 */
export function runBatched(first: u32, ops: u32): u32 {
  if (COUNT) return runNatural(first, ops);
  let notOk: u32 = 0;
  let token: u64 = 0;
  for (let done: u32 = 0; done < ops; done += AHEAD) {
    const batch = ops - done < AHEAD ? ops - done : AHEAD;
    token += readAhead(opsAt + ((first + done) << 3), batch);
    notOk += runNatural(first + done, batch);
  }
  return notOk + <u32>(token & load<u64>(CONTROL, CTL_ZERO));
}

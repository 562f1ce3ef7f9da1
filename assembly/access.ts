/*
 * Loads, stores and instruction fetches by the program: what the processor does with the entry, and
 * the fault where it will not do.
 */
import { ACCESSED, DIRTY, RW, isLeaf, isPresent, tableOf } from './entry';
import { handleFault } from './fault';
import {
  ACCESS_EXEC, ACCESS_WRITE, VMA_FLAGS, VMA_MM, VM_EXEC, VM_READ, VM_WRITE,
} from './layout';
import { done, statusOf, tokenOf } from './result';
import { OK, SIGSEGV } from './status';
import { FULL } from './switches';
import { PMD_SHIFT, PTE_SHIFT, findPud, slotOf } from './walk';

/** The leaf entry's slot for `va`, or 0: what the hardware walk finds. Counts nothing. */
function leafSlot(mm: usize, va: u64): usize {
  let slot = findPud(mm, va);
  if (!slot) return 0;
  let entry = load<u64>(slot);
  if (!entry || isLeaf(entry)) return entry ? slot : 0;
  slot = slotOf(tableOf(entry), va, PMD_SHIFT);
  entry = load<u64>(slot);
  if (!entry || isLeaf(entry)) return entry ? slot : 0;
  slot = slotOf(tableOf(entry), va, PTE_SHIFT);
  return load<u64>(slot) ? slot : 0;
}

/** access_error: what the VMA must permit (5.1, step 2). */
@inline function needed(kind: u32): u32 {
  if (kind == ACCESS_WRITE) return VM_WRITE;
  return kind == ACCESS_EXEC ? VM_EXEC : VM_READ | VM_WRITE | VM_EXEC;
}

/**
 * A load, store or instruction fetch by the program: the hardware sets A and D where the entry
 * permits, else the fault handler runs and the access is tried again.
 */
export function touch(vma: usize, va: u64, kind: u32): u64 {
  if (!(load<u32>(vma, VMA_FLAGS) & needed(kind))) return SIGSEGV;
  const write: u32 = kind == ACCESS_WRITE ? 1 : 0;
  const bits = write ? ACCESSED | DIRTY : ACCESSED;
  const mm: usize = load<u32>(vma, VMA_MM);
  let slot = leafSlot(mm, va);
  let token: u64 = 0;
  // Twice where devmap's insert leaves a write-tracked PTE read-only: the retry faults again.
  while (!slot || !permits(load<u64>(slot), write)) {
    const result = handleFault(vma, va, write);
    if (statusOf(result) != OK) return result;
    token = tokenOf(result);
    slot = leafSlot(mm, va);
  }
  const entry = load<u64>(slot);
  if ((entry & bits) == bits) return done(token + entry);
  if (DETAIL < FULL) store<u64>(slot, entry | bits);
  else if (!setByHardware(slot, entry, bits, write)) return touch(vma, va, kind);
  return done(token + entry);
}

/**
 * The processor sets A and D in one locked step, and only in an entry that still permits the
 * access. An address space maps a page at one place: what a table that was freed and is another's
 * by now has in this slot is no such entry.
 */
@inline function setByHardware(slot: usize, entry: u64, bits: u64, write: u32): bool {
  return permits(entry, write) && atomic.cmpxchg<u64>(slot, entry, entry | bits) == entry;
}

@inline function permits(entry: u64, write: u32): bool {
  return isPresent(entry) && (!write || (entry & RW) != 0);
}

/*
 * Faults that find the leaf there (semantics 5.3, 5.4, 5.6): second faulters, stale TLBs, writes to
 * write-protected entries. Nothing is taken of the folio; under the lock everybody looks again.
 */
import { ACCESSED, RW, isLeaf, madeDirty, madeWritable, normalPage } from './entry';
import { VMA_FLAGS, VMA_MM, VM_WRITE } from './layout';
import { FAULT_SPURIOUS, HUGE_FAULT, MTIME_UPDATE, count } from './ledger';
import { lockHuge, lockPte, unlockHuge, unlockPte } from './lock';
import { deviceOrder, leafFolio, pageOf, physOf, setLeafMapping, smallRecord } from './page';
import { trackInsert } from './pat';
import { enterSrcu, leaveSrcu } from './percpu';
import { flagsAt } from './record';
import { markDirtyLocked, put, refAdd } from './ref';
import { done } from './result';
import { SIGBUS } from './status';
import { DEVMAP, FULL, MARKS, REFERENCES } from './switches';
import { pageAt, vmaServes } from './vma';
import { PTE_SHIFT, stillUnder, writeEntry } from './walk';

/**
 * Under the lock somebody else's leaf is found (5.3, 5.4, 5.6): nothing is taken of its folio.
 * Kernel: a 4K write fault of devmap leaves the entry alone, one of refcount does not set D.
 */
export function secondFaulter(vma: usize, slot: usize, write: u32): void {
  count(FAULT_SPURIOUS);
  if (!write || !(load<u32>(vma, VMA_FLAGS) & VM_WRITE)) return;
  const entry = load<u64>(slot);
  if (isLeaf(entry)) writeEntry(slot, madeDirty(entry));
  else if (KERNEL != DEVMAP) writeEntry(slot, entry | ACCESSED | RW);
}

/**
 * A fault on a leaf that is there: a second faulter, or a stale TLB. No counter moves (5.6).
 * A is set, and D for a write; written back only for a write, and while the entry is the same.
 */
@inline function setAccessed(vma: usize, slot: usize, entry: u64, write: u32): void {
  if (!write || !(load<u32>(vma, VMA_FLAGS) & VM_WRITE)) return;
  const now = madeDirty(entry);
  if (now != entry && unchanged(slot, entry)) writeEntry(slot, now);
}

/** pte_same, pmd_same and pud_same, under the lock. */
@inline function unchanged(slot: usize, entry: u64): bool {
  return DETAIL < FULL || load<u64>(slot) == entry;
}

/** handle_pte_fault of a present entry. */
@inline function spuriousPte(vma: usize, pmdSlot: usize, slot: usize, entry: u64, write: u32): u64 {
  count(FAULT_SPURIOUS);
  lockPte(slot);
  if (stillUnder(pmdSlot, slot)) setAccessed(vma, slot, entry, write);
  unlockPte(slot);
  return done(entry);
}

/** huge_pmd_set_accessed and huge_pud_set_accessed. */
@inline function spuriousHuge(vma: usize, slot: usize, entry: u64, order: u32, write: u32): u64 {
  const mm: usize = load<u32>(vma, VMA_MM);
  count(FAULT_SPURIOUS);
  lockHuge(mm, slot, order);
  setAccessed(vma, slot, entry, write);
  unlockHuge(mm, slot, order);
  return done(entry);
}

/**
 * do_wp_page on a shared mapping: a write to an entry that soft-dirty tracking write-protected
 * (5.6). wp_pfn_shared where there is no normal page; else wp_page_shared, which holds a reference
 * meanwhile, marks the page dirty under its lock, and updates the time of the device's node.
 */
function writeProtectedPte(vma: usize, slot: usize, entry: u64): u64 {
  if (!(load<u32>(vma, VMA_FLAGS) & VM_WRITE)) return done(entry);
  const page = normalPage(entry) ? smallRecord(pageOf(entry)) : 0;
  lockPte(slot);
  if (!unchanged(slot, entry)) {
    unlockPte(slot);
    return done(entry);
  }
  if (page && REFERENCES) refAdd(page, 1);
  writeEntry(slot, madeWritable(entry));
  unlockPte(slot);
  if (page) {
    if (MARKS) markDirtyLocked(flagsAt(page));
    count(MTIME_UPDATE);
    if (REFERENCES) put(page, 1);
  }
  return done(entry);
}

/** wp_huge_pmd and _pud: the driver's huge_fault again, on an entry that is there (5.6). */
function writeProtectedHuge(vma: usize, va: u64, slot: usize, order: u32): u64 {
  count(HUGE_FAULT);
  enterSrcu();
  const result = hugeMakeWritable(vma, va, slot, order);
  leaveSrcu();
  return result;
}

@inline function hugeMakeWritable(vma: usize, va: u64, slot: usize, order: u32): u64 {
  if (!vmaServes(vma, deviceOrder())) return SIGBUS;
  const page = <u32>pageAt(vma, va & ~(((<u64>1) << (order + PTE_SHIFT)) - 1));
  const token = setLeafMapping(leafFolio(page), page) + trackInsert(physOf(page));
  const mm: usize = load<u32>(vma, VMA_MM);
  lockHuge(mm, slot, order);
  const entry = load<u64>(slot);
  if (entry && load<u32>(vma, VMA_FLAGS) & VM_WRITE) writeEntry(slot, madeWritable(entry));
  unlockHuge(mm, slot, order);
  return done(token);
}

/** A fault on a leaf that is there; `above` is the slot that its table hangs from. */
export function presentFault(
  vma: usize, va: u64, above: usize, slot: usize, entry: u64, order: u32, write: u32,
): u64 {
  if (!write || entry & RW) {
    return order == 0
      ? spuriousPte(vma, above, slot, entry, write)
      : spuriousHuge(vma, slot, entry, order, write);
  }
  return order == 0
    ? writeProtectedPte(vma, slot, entry)
    : writeProtectedHuge(vma, va, slot, order);
}

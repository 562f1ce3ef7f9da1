/*
 * Page faults on a device-DAX mapping (semantics 5): handle_mm_fault, dev_dax_huge_fault by order,
 * and what each kernel inserts. What it does where the leaf is there is in present.ts.
 */
import { allocTable, freeTable } from './arena';
import { hugeLeaf, isLeaf, pteLeaf, tableOf } from './entry';
import {
  MM_ID, VMA_FLAGS, VMA_MM, VMA_PROT, VM_NOHUGEPAGE, WARN_ORDER, WARN_UNALIGNED_OFFSET,
} from './layout';
import {
  FAULT_MINOR, FAULT_OOM, FAULT_RETRY as RETRIES, FAULT_SIGBUS, HUGE_FAULT, HUGE_FAULT_FALLBACK,
  LEAF_SET, beginOperation, count,
} from './ledger';
import {
  lockHuge, lockMmapRead, lockPte, lockVma, unlockHuge, unlockMmapRead, unlockPte, unlockVma,
} from './lock';
import {
  deviceOrder, folioOrder, inOneRange, leafFolio, physOf, setLeafMapping, smallRecord,
} from './page';
import { trackInsert } from './pat';
import {
  NR_FILE_MAPPED, NR_FILE_PMDMAPPED, chargePages, countPages, enterSrcu, leaveSrcu,
} from './percpu';
import { RECORD_REFCOUNT, setMapping } from './record';
import { addHugeRmap, mapcountAdd, refAdd } from './ref';
import { presentFault, secondFaulter } from './present';
import { done, statusOf } from './result';
import { FALLBACK, OK, OOM, RETRY, SIGBUS } from './status';
import { DEVMAP, FULL, REFERENCES, RMAP, STATISTICS } from './switches';
import { pageAt, vmaServes } from './vma';
import {
  PMD_SHIFT, PTE_SHIFT, installPteTable, needPud, populate, readEntry, slotOf, stillUnder,
  writeEntry,
} from './walk';
import { warn } from './warn';

/** Which leaves a loop of faults expects: those of the device. */
@inline export const SMALL_LEAVES: u32 = 0;
@inline export const HUGE_LEAVES: u32 = 1;

/** What mapping a folio for the first time adds to the statistics (5.5). */
@inline function countMapped(order: u32): void {
  countPages(NR_FILE_MAPPED, (<i64>1) << order);
  if (order == 9) countPages(NR_FILE_PMDMAPPED, 512);
}

/** Whether the order guard of refcounted kernels lets no leaf of this order map the folio (1.3). */
@inline export function guardRefuses(head: usize, order: u32): bool {
  if (!GUARD || KERNEL == DEVMAP || folioOrder(head) == order) return false;
  warn(WARN_ORDER);
  return true;
}

/** What a huge leaf takes of its folio: one reference and one map count, whatever its size. */
@inline export function takeFolio(mm: usize, head: usize, order: u32): u64 {
  let token: u64 = 0;
  if (REFERENCES) token += refAdd(head, 1);
  let before = -1;
  if (RMAP) {
    before = addHugeRmap(head, load<u32>(mm, MM_ID));
    token += before;
  }
  if (STATISTICS) {
    if (before == -1) countMapped(order);
    chargePages(mm, (<i64>1) << order);
  }
  return token;
}

/** What a PTE takes of its page. */
@inline export function takePage(mm: usize, record: usize): u64 {
  let token: u64 = 0;
  if (REFERENCES) token += refAdd(record, 1);
  if (STATISTICS) chargePages(mm, 1);
  let before = -1;
  if (RMAP) {
    before = mapcountAdd(record, 1);
    token += before;
  }
  if (STATISTICS && before == -1) countMapped(0);
  return token;
}

/**
 * insert_pfn_pmd / insert_pmd and their PUD twins.
 * Kernel: devmap looks up the memory type; refcount takes the folio, and the order guard refuses
 * one that is not of exactly this size (1.3).
 */
@inline function insertHuge(vma: usize, slot: usize, page: u32, order: u32, write: u32): u64 {
  const mm: usize = load<u32>(vma, VMA_MM);
  const head = leafFolio(page);
  let token = setLeafMapping(head, page) + trackInsert(physOf(page));
  if (guardRefuses(head, order)) return SIGBUS;
  lockHuge(mm, slot, order);
  if (DETAIL >= FULL && load<u64>(slot)) {
    secondFaulter(vma, slot, write);
    unlockHuge(mm, slot, order);
    return done(token);
  }
  token += takeFolio(mm, head, order);
  writeEntry(slot, hugeLeaf(leafPhys(page), load<u64>(vma, VMA_PROT), write));
  unlockHuge(mm, slot, order);
  count(LEAF_SET);
  return done(token);
}

/**
 * Where the leaf of a mapping at an unaligned file offset points, which no check of mmap refuses: a
 * trap, so said (12.20).
 * Kernel: devmap makes an entry of the unaligned address, whose low bits are PAT and reserved ones
 * there; the refcounted kernels map the folio from its head on.
 */
function unalignedLeaf(page: u32): u64 {
  warn(WARN_UNALIGNED_OFFSET);
  return physOf(KERNEL == DEVMAP ? page : page & ~((1 << deviceOrder()) - 1));
}

/** The physical address in the huge leaf of `page`. */
@inline function leafPhys(page: u32): u64 {
  return page & ((1 << deviceOrder()) - 1) ? unalignedLeaf(page) : physOf(page);
}

/** dev_dax_huge_fault, order 9 or 18, on an empty entry (5.2): one SRCU read section. */
@inline function hugeFault(vma: usize, va: u64, slot: usize, order: u32, write: u32): u64 {
  count(HUGE_FAULT);
  enterSrcu();
  const result = hugeInsert(vma, va, slot, order, write);
  leaveSrcu();
  return result;
}

/** The same where it is rare: a copy in every place would cost the loop around it registers. */
function hugeFaultApart(vma: usize, va: u64, slot: usize, order: u32, write: u32): u64 {
  return hugeFault(vma, va, slot, order, write);
}

@inline function hugeInsert(vma: usize, va: u64, slot: usize, order: u32, write: u32): u64 {
  if (!vmaServes(vma, deviceOrder()) || deviceOrder() > order) return SIGBUS;
  if (deviceOrder() < order) {
    count(HUGE_FAULT_FALLBACK);
    return FALLBACK;
  }
  const page = pageAt(vma, va & ~(((<u64>1) << (order + PTE_SHIFT)) - 1));
  if (!inOneRange(page, (<u64>1) << order)) return SIGBUS;
  return insertHuge(vma, slot, <u32>page, order, write);
}

/**
 * get_locked_pte: the slot of `va` with its table's lock held, 0 where a table was missing and
 * could not be had. `found` is the slot where there is a table, as far as the walk saw.
 */
@inline function lockedPte(vma: usize, va: u64, pmdSlot: usize, found: usize): usize {
  let slot = found;
  while (true) {
    if (!slot) {
      const table = allocTable();
      if (!table) return 0;
      slot = slotOf(installPteTable(load<u32>(vma, VMA_MM), pmdSlot, table), va, PTE_SHIFT);
    }
    lockPte(slot);
    if (stillUnder(pmdSlot, slot)) return slot;
    unlockPte(slot);
    const pmd = load<u64>(pmdSlot);
    slot = pmd ? slotOf(tableOf(pmd), va, PTE_SHIFT) : 0;
  }
}

/** vmf_insert_mixed / vmf_insert_page_mkwrite into a PTE whose table is locked (5.3). */
@inline function insertPte(vma: usize, slot: usize, page: u32, record: usize, write: u32): u64 {
  let token: u64 = 0;
  if (DETAIL >= FULL && load<u64>(slot)) {
    secondFaulter(vma, slot, write);
    unlockPte(slot);
    return done(token);
  }
  token += takePage(load<u32>(vma, VMA_MM), record);
  writeEntry(slot, pteLeaf(physOf(page), load<u64>(vma, VMA_PROT), write));
  unlockPte(slot);
  count(LEAF_SET);
  return done(token);
}

/**
 * do_fault under mmap_lock. Where the PTE table is missing it is allocated twice: __do_fault
 * preallocates one, get_locked_pte installs another, the first is freed (5.6).
 */
function pteFault(vma: usize, va: u64, pmdSlot: usize, found: usize, write: u32): u64 {
  let spare: usize = 0;
  if (!found) {
    spare = allocTable();
    if (!spare) return OOM;
  }
  const result = pteInsert(vma, va, pmdSlot, found, write);
  if (spare) freeTable(spare);
  return result;
}

/** dev_dax_huge_fault, order 0. `found` is the PTE's slot where there is a table. */
@inline function pteInsert(vma: usize, va: u64, pmdSlot: usize, found: usize, write: u32): u64 {
  count(HUGE_FAULT);
  enterSrcu();
  const result = pteInsertInSrcu(vma, va, pmdSlot, found, write);
  leaveSrcu();
  return result;
}

@inline function pteInsertInSrcu(
  vma: usize, va: u64, pmdSlot: usize, found: usize, write: u32,
): u64 {
  if (deviceOrder() != 0 || !vmaServes(vma, 0)) return SIGBUS;
  const page = pageAt(vma, va);
  if (!inOneRange(page, 1)) return SIGBUS;
  const record = smallRecord(<u32>page);
  const token = setMapping(record, page, false) + trackInsert(physOf(<u32>page));
  if (KERNEL != DEVMAP && load<i32>(record, RECORD_REFCOUNT) == 0) return SIGBUS;
  const slot = lockedPte(vma, va, pmdSlot, found);
  if (!slot) return OOM;
  return insertPte(vma, slot, <u32>page, record, write) + done(token);
}

/**
 * __handle_mm_fault. Under the per-VMA lock the PTE level may only look (5.1, step 5).
 *
 * Why `likely`: the leaves of the device that this loop is for. Their insert is inlined, those of
 * others are called: all of them inlined cost each other registers.
 */
@inline function faultPass(
  vma: usize, va: u64, write: u32, vmaLock: bool, likely: u32,
): u64 {
  const mm: usize = load<u32>(vma, VMA_MM);
  const huge = !(load<u32>(vma, VMA_FLAGS) & VM_NOHUGEPAGE);
  const pudSlot = needPud(mm, va);
  if (!pudSlot) return OOM;
  let entry = readEntry(pudSlot);
  if (!entry) {
    if (huge) {
      const result = vmaLock && likely == HUGE_LEAVES
        ? hugeFault(vma, va, pudSlot, 18, write)
        : hugeFaultApart(vma, va, pudSlot, 18, write);
      if (result != FALLBACK) return result;
    }
    const table = populate(mm, pudSlot);
    if (!table) return OOM;
    entry = <u64>table;
  } else if (isLeaf(entry)) return presentFault(vma, va, 0, pudSlot, entry, 18, write);

  const pmdSlot = slotOf(tableOf(entry), va, PMD_SHIFT);
  entry = readEntry(pmdSlot);
  let slot: usize = 0;
  if (!entry) {
    if (huge) {
      const result = vmaLock && likely == HUGE_LEAVES
        ? hugeFault(vma, va, pmdSlot, 9, write)
        : hugeFaultApart(vma, va, pmdSlot, 9, write);
      if (result != FALLBACK) return result;
    }
  } else {
    if (isLeaf(entry)) return presentFault(vma, va, pudSlot, pmdSlot, entry, 9, write);
    slot = slotOf(tableOf(entry), va, PTE_SHIFT);
    entry = readEntry(slot);
    if (entry) return presentFault(vma, va, pmdSlot, slot, entry, 0, write);
  }
  if (vmaLock) return RETRY;
  return slot && likely == SMALL_LEAVES
    ? pteInsert(vma, va, pmdSlot, slot, write)
    : pteFault(vma, va, pmdSlot, slot, write);
}

@inline function counted(result: u64): u64 {
  const status = statusOf(result);
  if (status == OK) count(FAULT_MINOR);
  else if (status == SIGBUS) count(FAULT_SIGBUS);
  else count(FAULT_OOM);
  return result;
}

/** handle_mm_fault as the exception handler calls it: per-VMA lock first, then mmap_lock. */
@inline export function takeFault(vma: usize, va: u64, write: u32, likely: u32): u64 {
  beginOperation();
  lockVma(vma);
  let result = faultPass(vma, va, write, true, likely);
  unlockVma(vma);
  if (statusOf(result) == RETRY) {
    count(RETRIES);
    const mm: usize = load<u32>(vma, VMA_MM);
    lockMmapRead(mm);
    result = faultPass(vma, va, write, false, likely);
    unlockMmapRead(mm);
  }
  return counted(result);
}

export function handleFault(vma: usize, va: u64, write: u32): u64 {
  return takeFault(vma, va, write, SMALL_LEAVES);
}

/** handle_mm_fault as GUP calls it, which holds mmap_lock: one pass, whatever the level. */
export function faultUnderMmapLock(vma: usize, va: u64, write: u32): u64 {
  return counted(faultPass(vma, va, write, false, SMALL_LEAVES));
}

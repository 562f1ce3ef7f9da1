/*
 * Page faults on a device-DAX mapping (semantics 5): handle_mm_fault, dev_dax_huge_fault by order,
 * and what each kernel inserts.
 *
 * A result is a u64: status in the low 8 bits, above it a token mixed from the last values read.
 * A chained storm adds (token & 0) to the next address, so that no fault starts before the one
 * before it has its loads: real faults have an exception entry between them.
 */
import { allocTable, freeTable } from './arena';
import {
  ACCESSED, DIRTY, RW, hugeLeaf, isLeaf, isPresent, madeDirty, madeWritable, normalPage, pteLeaf,
  tableOf,
} from './entry';
import {
  ACCESS_EXEC, ACCESS_WRITE, CONTROL, CTL_ALIVE, MM_ID, VMA_END,
  VMA_FLAGS, VMA_MM, VMA_PGOFF, VMA_PROT, VMA_START, VM_EXEC, VM_NOHUGEPAGE, VM_READ, VM_WRITE,
  WARN_ORDER, WARN_UNALIGNED_OFFSET,
} from './layout';
import {
  FAULT_MINOR, FAULT_OOM, FAULT_RETRY as RETRIES, FAULT_SIGBUS, FAULT_SPURIOUS, HUGE_FAULT,
  HUGE_FAULT_FALLBACK, LEAF_SET, MTIME_UPDATE, beginOperation, count,
} from './ledger';
import {
  lockHuge, lockMmapRead, lockPte, lockVma, unlockHuge, unlockMmapRead, unlockPte, unlockVma,
} from './lock';
import {
  deviceOrder, folioOrder, inOneRange, leafFolio, pageOf, physOf, setLeafMapping, smallRecord,
} from './page';
import { trackInsert } from './pat';
import {
  NR_FILE_MAPPED, NR_FILE_PMDMAPPED, chargePages, countPages, enterSrcu, leaveSrcu,
} from './percpu';
import { RECORD_REFCOUNT, setMapping } from './record';
import { addHugeRmap, mapcountAdd, markDirtyLocked, put, refAdd } from './ref';
import { FALLBACK, OK, OOM, RETRY, SIGBUS, SIGSEGV } from './status';
import { DEVMAP, MARKS, REFERENCES, RMAP, STATISTICS } from './switches';
import {
  PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, findPud, installPteTable, needPud, populate, readEntry, slotOf,
  writeEntry,
} from './walk';
import { warn } from './warn';

/** Which leaves a loop of faults expects: those of the device. */
@inline export const SMALL_LEAVES: u32 = 0;
@inline export const HUGE_LEAVES: u32 = 1;

@inline export function statusOf(result: u64): u32 {
  return <u32>result & 0xFF;
}

@inline export function tokenOf(result: u64): u64 {
  return result >> 8;
}

@inline function done(token: u64): u64 {
  return token << 8;
}

/** The device page behind `va`. */
@inline function pageAt(vma: usize, va: u64): u64 {
  return load<u64>(vma, VMA_PGOFF) + ((va - load<u64>(vma, VMA_START)) >> PTE_SHIFT);
}

/** check_vma, where a VMA that mmap let through can still fail: dying device, lost alignment. */
@inline function vmaServes(vma: usize, order: u32): bool {
  const unitMask = ((<u64>1) << (order + PTE_SHIFT)) - 1;
  const bounds = load<u64>(vma, VMA_START) | load<u64>(vma, VMA_END);
  return load<u32>(CONTROL, CTL_ALIVE) != 0 && (bounds & unitMask) == 0;
}

/** What mapping a folio for the first time adds to the statistics (5.5). */
@inline function countMapped(order: u32): void {
  countPages(NR_FILE_MAPPED, (<i64>1) << order);
  if (order == 9) countPages(NR_FILE_PMDMAPPED, 512);
}

/**
 * insert_pfn_pmd / insert_pmd and their PUD twins.
 * Kernel: devmap looks up the memory type; refcount takes one reference and one map count per leaf,
 * whatever its size, and the order guard refuses a folio that is not of exactly this size (1.3).
 */
@inline function insertHuge(vma: usize, slot: usize, page: u32, order: u32, write: u32): u64 {
  const mm: usize = load<u32>(vma, VMA_MM);
  const head = leafFolio(page);
  let token = setLeafMapping(head, page) + trackInsert(physOf(page));
  if (GUARD && KERNEL != DEVMAP && folioOrder(head) != order) {
    warn(WARN_ORDER);
    return SIGBUS;
  }
  lockHuge(mm, slot, order);
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

/** vmf_insert_mixed / vmf_insert_page_mkwrite into an empty PTE (5.3). */
@inline function insertPte(vma: usize, slot: usize, page: u32, record: usize, write: u32): u64 {
  let token: u64 = 0;
  lockPte(slot);
  if (REFERENCES) token += refAdd(record, 1);
  if (STATISTICS) chargePages(load<u32>(vma, VMA_MM), 1);
  let before = -1;
  if (RMAP) {
    before = mapcountAdd(record, 1);
    token += before;
  }
  if (STATISTICS && before == -1) countMapped(0);
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
  let slot = found;
  if (!slot) {
    const table = allocTable();
    if (!table) return OOM;
    installPteTable(load<u32>(vma, VMA_MM), pmdSlot, table);
    slot = slotOf(table, va, PTE_SHIFT);
  }
  return insertPte(vma, slot, <u32>page, record, write) + done(token);
}

/**
 * A fault on a leaf that is there: a second faulter, or a stale TLB. No counter moves (5.6).
 * A is set, and D for a write; written back only for a write.
 */
@inline function spuriousFault(vma: usize, slot: usize, entry: u64, write: u32): u64 {
  count(FAULT_SPURIOUS);
  if (write && load<u32>(vma, VMA_FLAGS) & VM_WRITE) {
    const now = madeDirty(entry);
    if (now != entry) writeEntry(slot, now);
  }
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
  if (page && REFERENCES) refAdd(page, 1);
  writeEntry(slot, madeWritable(entry));
  unlockPte(slot);
  if (page) {
    if (MARKS) markDirtyLocked(page);
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
  if (load<u32>(vma, VMA_FLAGS) & VM_WRITE) writeEntry(slot, madeWritable(load<u64>(slot)));
  unlockHuge(mm, slot, order);
  return done(token);
}

/** A fault on a leaf that is there. */
function presentFault(
  vma: usize, va: u64, slot: usize, entry: u64, order: u32, write: u32,
): u64 {
  if (!write || entry & RW) return spuriousFault(vma, slot, entry, write);
  return order == 0
    ? writeProtectedPte(vma, slot, entry)
    : writeProtectedHuge(vma, va, slot, order);
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
  } else if (isLeaf(entry)) return presentFault(vma, va, pudSlot, entry, 18, write);

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
    if (isLeaf(entry)) return presentFault(vma, va, pmdSlot, entry, 9, write);
    slot = slotOf(tableOf(entry), va, PTE_SHIFT);
    entry = readEntry(slot);
    if (entry) return presentFault(vma, va, slot, entry, 0, write);
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
  if ((entry & bits) != bits) store<u64>(slot, entry | bits);
  return done(token + entry);
}

@inline function permits(entry: u64, write: u32): bool {
  return isPresent(entry) && (!write || (entry & RW) != 0);
}

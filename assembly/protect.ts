/*
 * mprotect's walk over the leaves of a range (semantics 8, 3.2): change_protection.
 */
import { RW, isDirty, isLeaf, modified, tableOf, upgraded } from './entry';
import { CONTROL, MM_TOP, SEAM_FLUSH, VMA_FLAGS, VMA_MM, VM_WRITE } from './layout';
import { DIRTY_LOST, TLB_FLUSH, beginOperation, count } from './ledger';
import { gatherBegins, gatherEnds } from './seam';
import { DEVMAP } from './switches';
import {
  PMD_SHIFT, PTE_SHIFT, PUD_SHIFT, entryEnd, readEntry, slotOf, writeEntry,
} from './walk';
import { dropHuge, topShift } from './zap';

let changed: u32 = 0;
/** MM_CP_TRY_CHANGE_WRITABLE: the VMA may write, but its entries start without RW (soft-dirty). */
let upgrades: bool = false;

function protectTable(table: usize, va: u64, end: u64, prot: u64): void {
  let slot = slotOf(table, va, PTE_SHIFT);
  const last = slot + ((<usize>((end - va) >> PTE_SHIFT)) << 3);
  for (; slot < last; slot += 8) {
    const entry = readEntry(slot);
    if (!entry) continue;
    writeEntry(slot, upgrades ? upgraded(modified(entry, prot, 0)) : modified(entry, prot, 0));
    changed += 1;
  }
}

/** A leaf of which only a part is in the range is removed: DAX leaves are never split (4.4). */
function protectLeaf(
  mm: usize, slot: usize, va: u64, next: u64, prot: u64, order: u32,
): void {
  if (next - va != (<u64>4096) << order) {
    dropHuge(mm, slot, order);
    return;
  }
  const before = load<u64>(slot);
  const leaf = modified(before, prot, order);
  if (KERNEL == DEVMAP && isDirty(before) && !isDirty(leaf)) count(DIRTY_LOST);
  writeEntry(slot, upgrades && order == 9 ? upgraded(leaf) : leaf);
  changed += 1;
}

/** One table of the walk; `shift` is what one of its entries spans. */
function protectLevel(
  mm: usize, table: usize, from: u64, end: u64, prot: u64, shift: u32,
): void {
  let va = from;
  while (va < end) {
    const next = entryEnd(va, end, shift);
    const slot = slotOf(table, va, shift);
    const entry = readEntry(slot);
    if (entry) {
      if (shift <= PUD_SHIFT && isLeaf(entry)) {
        protectLeaf(mm, slot, va, next, prot, shift - PTE_SHIFT);
      } else if (shift == PMD_SHIFT) protectTable(tableOf(entry), va, next, prot);
      else protectLevel(mm, tableOf(entry), va, next, prot, shift - 9);
    }
    va = next;
  }
}

/** change_protection: gives every leaf in [va, end) the page protection `prot`. */
export function protect(vma: usize, va: u64, end: u64, prot: u64): void {
  beginOperation();
  changed = gatherBegins() ? 0 : load<u32>(CONTROL, SEAM_FLUSH);
  upgrades = (load<u32>(vma, VMA_FLAGS) & VM_WRITE) != 0 && (prot & RW) == 0;
  const mm: usize = load<u32>(vma, VMA_MM);
  protectLevel(mm, load<u32>(mm, MM_TOP), va, end, prot, topShift(mm));
  if (!gatherEnds()) store<u32>(CONTROL, changed, SEAM_FLUSH);
  else if (changed) count(TLB_FLUSH);
}

/*
 * Runs of faults: units in a row whose leaves go into one table. What the walks, check_vma and the
 * search of the device's ranges would answer again for each of them is found once a table; what a
 * fault does to the page and to the entry is fault.ts, as ever. For builds that neither lock nor
 * count: there nothing else changes what is found here, and nobody counts the reads left out.
 */
import { hugeLeaf, pteLeaf } from './entry';
import { SMALL_LEAVES, guardRefuses, handleFault, takeFolio, takePage } from './fault';
import { lap } from './histogram';
import { CONTROL, CTL_ZERO, VMA_FLAGS, VMA_MM, VMA_PROT, VM_NOHUGEPAGE } from './layout';
import {
  deviceOrder, folioShift, headRecord, inOneRange, leavesInOrder, physOf, smallRecord,
} from './page';
import { RECORD_REFCOUNT, RECORD_SHIFT, setMapping } from './record';
import { done, note } from './result';
import { SIGBUS } from './status';
import { DEVMAP } from './switches';
import { pageAt, vmaServes } from './vma';
import { PTE_SHIFT, findSlot } from './walk';

@inline const ENTRIES: u64 = 512;

/** Whether all these units are the device's, in order, and the VMA serves faults on them. */
@inline function isRun(vma: usize, page: u64, units: u64, order: u32): bool {
  if (!vmaServes(vma, order) || !inOneRange(page, units << order)) return false;
  if (order == 0) return true;
  const inOrder = leavesInOrder() && (page & ((1 << order) - 1)) == 0;
  return inOrder && !(load<u32>(vma, VMA_FLAGS) & VM_NOHUGEPAGE);
}

/** A first fault on a page, all but its entry. */
@inline function takeSmall(mm: usize, record: usize, page: u64): u64 {
  const token = setMapping(record, page, false);
  if (KERNEL != DEVMAP && load<i32>(record, RECORD_REFCOUNT) == 0) return SIGBUS;
  return done(token + takePage(mm, record));
}

/** The same on a folio that a huge leaf will map. */
@inline function takeHuge(mm: usize, head: usize, page: u64, order: u32): u64 {
  const token = setMapping(head, page, true);
  if (guardRefuses(head, order)) return SIGBUS;
  return done(token + takeFolio(mm, head, order));
}

/**
 * Faults on the units of [from, end) as far as one table holds their leaves; answers where it
 * stopped, which is `from` where they are not a run. `from` and the answer carry the chain.
 */
@inline export function faultRun(
  vma: usize, from: u64, end: u64, write: u32, chain: bool, likely: u32,
): u64 {
  const small = likely == SMALL_LEAVES;
  const order = small ? 0 : deviceOrder();
  const mm: usize = load<u32>(vma, VMA_MM);
  const firstSlot = findSlot(mm, from, order);
  if (!firstSlot) return from;
  const left = ENTRIES - ((firstSlot >> 3) & (ENTRIES - 1));
  const asked = (end - from) >> (order + PTE_SHIFT);
  const units = asked < left ? asked : left;
  const firstPage = pageAt(vma, from);
  if (!isRun(vma, firstPage, units, order)) return from;

  const zero = load<u64>(CONTROL, CTL_ZERO);
  const recordShift = small ? RECORD_SHIFT : folioShift();
  const firstRecord = small ? smallRecord(<u32>firstPage) : headRecord(<u32>firstPage);
  const prot = load<u64>(vma, VMA_PROT);
  const phys = physOf(<u32>firstPage);
  let leaf = small ? pteLeaf(phys, prot, write) : hugeLeaf(phys, prot, write);
  let unit: u64 = 0;
  while (unit < units) {
    const slot = firstSlot + ((<usize>unit) << 3);
    let result: u64;
    if (load<u64>(slot)) result = handleFault(vma, from + (unit << (order + PTE_SHIFT)), write);
    else {
      const record = firstRecord + ((<usize>unit) << recordShift);
      const page = firstPage + (unit << order);
      result = small ? takeSmall(mm, record, page) : takeHuge(mm, record, page, order);
      if (result != SIGBUS) store<u64>(slot, leaf);
    }
    note(result);
    lap();
    leaf += (<u64>4096) << order;
    unit += 1;
    if (chain) unit += result & zero;
  }
  return from + (unit << (order + PTE_SHIFT));
}

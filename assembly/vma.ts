/*
 * What a fault asks of the VMA it is in.
 */
import { CONTROL, CTL_ALIVE, VMA_END, VMA_PGOFF, VMA_START } from './layout';
import { PTE_SHIFT } from './walk';

/** The device page behind `va`. */
@inline export function pageAt(vma: usize, va: u64): u64 {
  return load<u64>(vma, VMA_PGOFF) + ((va - load<u64>(vma, VMA_START)) >> PTE_SHIFT);
}

/** check_vma, where a VMA that mmap let through can still fail: dying device, lost alignment. */
@inline export function vmaServes(vma: usize, order: u32): bool {
  const unitMask = ((<u64>1) << (order + PTE_SHIFT)) - 1;
  const bounds = load<u64>(vma, VMA_START) | load<u64>(vma, VMA_END);
  return load<u32>(CONTROL, CTL_ALIVE) != 0 && (bounds & unitMask) == 0;
}

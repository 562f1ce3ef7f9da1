import { mayCut, piece } from './munmap.ts';
import type { Process } from './process.ts';
import { reportUnaligned } from './unaligned.ts';
import { mayMerge, type Vma } from './vma.ts';

/**
 * vma_modify: gives [start, end) of a mapping new flags. A neighbour that already has them takes the
 * part over, its boundary moved without asking may_split (the hole of semantics 4.4); otherwise the
 * mapping is split, if it may. False: it may not, and nothing changed.
 */
export function modify(
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  flags: number,
): boolean {
  const part = { ...piece(process, vma, start, end), flags };
  const before = process.vmas.find((each) => each.end === start);
  const after = process.vmas.find((each) => each.start === end);
  const absorbed =
    (start === vma.start && before !== undefined && mayMerge(before, part)) ||
    (end === vma.end && after !== undefined && mayMerge(part, after));
  if (!absorbed && !(mayCut(process, vma, start) && mayCut(process, vma, end))) {
    process.system.freeSlot(part.slot);
    return false;
  }
  const rest = [
    ...(vma.start < start ? [piece(process, vma, vma.start, start)] : []),
    ...(vma.end > end ? [piece(process, vma, end, vma.end)] : []),
  ];
  process.replace([vma], [...rest, part]);
  // The one that took it over gets the new flags, all of them (vm_flags_reset).
  if (absorbed) process.giveSoftDirty(start, flags);
  if (absorbed) reportUnaligned(process, start, end);
  return true;
}

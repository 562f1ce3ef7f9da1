import { mayCut, piece } from './munmap.ts';
import type { Process } from './process.ts';
import { reportUnaligned } from './unaligned.ts';
import { mayMerge, type Vma } from './vma.ts';

/**
 * vma_adjust_trans_huge: a boundary that a merge moved into a unit takes the 2M leaf across it away.
 * Nobody looks at PUDs there: a 1G leaf stays.
 */
function dropAcross(process: Process, boundary: bigint): void {
  const { device, machine } = process.system;
  if (device.align !== '2M' || boundary % BigInt(device.unitBytes) === 0n) return;
  const { slot, start, pgoff } = process.requireVma(boundary);
  const page = Number(pgoff + (boundary - start) / 4096n);
  machine.unmapMapping([slot], page, page + 1);
}

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
  if (!absorbed) return true;
  // The one that took it over gets the new flags, all of them (vm_flags_reset).
  process.giveSoftDirty(start, flags);
  if (start > vma.start) dropAcross(process, start);
  if (end < vma.end) dropAcross(process, end);
  reportUnaligned(process, start, end);
  return true;
}

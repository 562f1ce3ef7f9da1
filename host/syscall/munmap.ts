import { PAGE_BYTES } from '../units.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';
import type { Vma } from './vma.ts';

const PAGE = BigInt(PAGE_BYTES);

/** The part of a mapping in [start, end), in a slot of its own. */
export function piece(process: Process, vma: Vma, start: bigint, end: bigint): Vma {
  const slot = process.system.takeSlot();
  return { ...vma, slot, start, end, pgoff: vma.pgoff + (start - vma.start) / PAGE };
}

/** dev_dax_may_split: a cut inside a mapping must fall between units (semantics 4.4). */
export function mayCut(process: Process, vma: Vma, at: bigint): boolean {
  if (vma.kind !== 'device' || at <= vma.start || at >= vma.end) return true;
  return at % BigInt(process.system.device.unitBytes) === 0n;
}

/** munmap of whole 4 KiB pages: split, zap, free page tables. Nothing changes on EINVAL. */
export function unmapRange(process: Process, start: bigint, end: bigint): SyscallResult<void> {
  const hit = process.overlapping(start, end);
  const [first] = hit;
  if (!first) return succeed(undefined);
  if (hit.some((vma) => !mayCut(process, vma, start) || !mayCut(process, vma, end))) {
    return fail('EINVAL');
  }
  const left = hit.flatMap((vma) => [
    ...(vma.start < start ? [piece(process, vma, vma.start, start)] : []),
    ...(vma.end > end ? [piece(process, vma, end, vma.end)] : []),
  ]);
  const last = hit.at(-1) ?? first;
  const from = first.start > start ? first.start : start;
  const to = last.end < end ? last.end : end;
  process.replace(hit, left);
  const below = process.vmas.findLast((vma) => vma.end <= from)?.end ?? 0n;
  const above = process.vmas.find((vma) => vma.start >= to)?.start ?? 0n;
  // One gather for the whole range, as unmap_region has: a slot that lives for this call describes it.
  const slot = process.system.takeSlot();
  process.describe({ ...first, slot, start: from, end: to }, below, above);
  const { machine } = process.system;
  machine.core.munmap(machine.vmaAddress(slot), from, to);
  process.system.freeSlot(slot);
  return succeed(undefined);
}

/** munmap(2): semantics 4.4, 7. */
export function munmap(
  process: Process,
  address: bigint,
  lengthBytes: bigint,
): SyscallResult<void> {
  if (address % PAGE || lengthBytes <= 0n) return fail('EINVAL');
  const length = ((lengthBytes + PAGE - 1n) / PAGE) * PAGE;
  return unmapRange(process, address, address + length);
}

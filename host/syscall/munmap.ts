import { PAGE_BYTES } from '../units.ts';
import * as abi from '../wasm/abi.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { type Process, TASK_SIZE_4 } from './process.ts';
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

/**
 * Mappings in groups that one zap of them all treats as zaps of each would: those whose accesses tell
 * of a page, or not (vma_has_recency), and whose boundaries no leaf lies across (a merge can leave a 1G
 * leaf so; each mapping's zap then hits a part of it). Nearly always there is one group, and one gather,
 * as unmap_region has.
 */
function zappedAlike(
  vmas: readonly Vma[],
  unitBytes: bigint,
): readonly (readonly [Vma, ...Vma[]])[] {
  const unordered = abi.VM_SEQ_READ | abi.VM_RAND_READ;
  const groups: [Vma, ...Vma[]][] = [];
  for (const vma of vmas) {
    const last = groups.at(-1);
    const alike = last && !(last[0].flags & unordered) === !(vma.flags & unordered);
    if (alike && vma.start % unitBytes === 0n) last.push(vma);
    else groups.push([vma]);
  }
  return groups;
}

/** One gather over a range whose mappings are off the list; a slot that lives for this call. */
function zap(process: Process, range: Vma, below: bigint, above: bigint): void {
  const slot = process.system.takeSlot();
  process.describe({ ...range, slot }, below, above);
  const { machine } = process.system;
  machine.core.munmap(machine.vmaAddress(slot), range.start, range.end);
  process.system.freeSlot(slot);
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
  const groups = zappedAlike(hit, BigInt(process.system.device.unitBytes));
  groups.forEach((group, i) => {
    const next = groups[i + 1]?.[0].start;
    const since = i === 0 ? from : group[0].start;
    zap(process, { ...group[0], start: since, end: next ?? to }, below, next ?? above);
  });
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
  if (address > TASK_SIZE_4 || length > TASK_SIZE_4 - address) return fail('EINVAL');
  return unmapRange(process, address, address + length);
}

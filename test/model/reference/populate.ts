// Faulting in without grabbing: mlock, MAP_POPULATE, MADV_POPULATE (4.4, 6.4, 11.4b).
import { POPULATE_TOUCHES_1G_IN_A, READ_TOUCH_SETS_ACCESSED } from './choices.ts';
import { A, makeDirty, RW } from './entry.ts';
import { handleFault } from './fault.ts';
import { counts, type Errno, min, PAGE, roundDown, roundUp } from './kernel.ts';
import { leafAt, vmaOf } from './leaf.ts';
import { markTouched } from './touch.ts';
import { VM, VM_ACCESS, type Vma, vmasIn } from './vma.ts';
import type { Process, World } from './world.ts';

/** FOLL_TOUCH of a walk with neither GET nor PIN. */
function touch(world: World, process: Process, va: bigint, write: boolean): void {
  if (counts(world.kernel)) {
    markTouched(world, process, va, write);
    return;
  }
  if (world.size === '1G' && !POPULATE_TOUCHES_1G_IN_A) return;
  if (!write && !READ_TOUCH_SETS_ACCESSED) return;
  const key = va / world.unit;
  const entry = process.leaves.get(key)! | A;
  process.leaves.set(key, write ? makeDirty(entry) : entry);
}

/** One leaf made present and, for write, writable; false if its fault is SIGBUS. */
export function makePresent(
  world: World,
  process: Process,
  vma: Vma,
  va: bigint,
  write: boolean,
): boolean {
  for (let attempt = 0; attempt < 8; attempt++) {
    const entry = leafAt(world, process, va);
    if (entry !== undefined && (!write || entry & RW)) return true;
    if (handleFault(world, process, vma, va, write) === 'sigbus') return false;
  }
  throw new Error(`populating 0x${va.toString(16)} faults for ever`);
}

/** Populates a part of one VMA; false at the first SIGBUS. */
function populateVma(
  world: World,
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  write: boolean,
): boolean {
  let va = start;
  while (va < end) {
    if (!makePresent(world, process, vma, va, write)) return false;
    touch(world, process, va, write);
    va = roundDown(va, world.unit) + world.unit;
  }
  return true;
}

/** __mm_populate for MAP_POPULATE and MAP_LOCKED: read faults, errors end one VMA only. */
export function populateIgnoringErrors(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
): void {
  for (const vma of vmasIn(process.vmas, start, end)) {
    if (!(vma.flags & VM_ACCESS)) continue;
    const low = vma.start > start ? vma.start : start;
    populateVma(world, process, vma, low, min(vma.end, end), false);
  }
}

/** mlock: VM_LOCKED is never set on a DAX VMA, but the range is populated for read. */
export function mlock(
  world: World,
  process: Process,
  address: bigint,
  bytes: bigint,
): Errno | null {
  const start = roundDown(address, PAGE);
  const end = start + roundUp(bytes + (address - start), PAGE);
  const hole = munlock(process, address, bytes);
  if (hole) return hole;
  for (const vma of vmasIn(process.vmas, start, end)) {
    if (!(vma.flags & VM_ACCESS)) return 'ENOMEM';
    const low = vma.start > start ? vma.start : start;
    if (!populateVma(world, process, vma, low, min(vma.end, end), false)) return 'ENOMEM';
  }
  return null;
}

export function munlock(process: Process, address: bigint, bytes: bigint): Errno | null {
  const start = roundDown(address, PAGE);
  const end = start + roundUp(bytes + (address - start), PAGE);
  let reached = start;
  for (const vma of vmasIn(process.vmas, start, end)) {
    if (vma.start > reached) return 'ENOMEM';
    reached = vma.end;
  }
  return reached < end ? 'ENOMEM' : null;
}

/** MADV_POPULATE_READ and _WRITE. */
export function madvisePopulate(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
  write: boolean,
): Errno | null {
  let va = start;
  while (va < end) {
    const vma = vmaOf(process, va);
    if (!vma) return 'ENOMEM';
    if (!(vma.flags & (write ? VM.WRITE : VM.READ))) return 'EINVAL';
    const stop = min(vma.end, end);
    if (!populateVma(world, process, vma, va, stop, write)) return 'EFAULT';
    va = stop;
  }
  return null;
}

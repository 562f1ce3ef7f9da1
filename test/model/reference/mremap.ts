// mremap: grow, shrink, move (8).
import {
  MREMAP_CHECKS_FIRST_IN_B,
  MREMAP_CHECKS_PLACE_FIRST_IN_B,
  TABLE_MOVE_SPARES_SOFT_DIRTY,
} from './choices.ts';
import { SOFT_DIRTY } from './entry.ts';
import {
  type Errno,
  min,
  PAGE,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  roundDown,
  roundUp,
  TASK_SIZE,
} from './kernel.ts';
import { dropLeaf, loseLeaf, vmaOf } from './leaf.ts';
import { findAddress, munmap, type Placed, unmapRange } from './mmap.ts';
import { insertVma, mergeable, overlaps, remove, stickyFlags, type Vma } from './vma.ts';
import type { Process, World } from './world.ts';

export interface MremapArgs {
  readonly address: bigint;
  readonly oldLength: bigint;
  readonly newLength: bigint;
  readonly mayMove?: boolean;
  readonly fixed?: boolean;
  readonly dontUnmap?: boolean;
  /** With fixed the place, with dontUnmap alone a hint. */
  readonly newAddress?: bigint;
}

/** Up to the next multiple of `span` of either side. */
function extent(span: bigint, old: bigint, end: bigint, fresh: bigint): bigint {
  const toOld = roundDown(old + span, span) - old;
  const toNew = roundDown(fresh + span, span) - fresh;
  return min(min(toOld, toNew), end - old);
}

function moveLeaf(process: Process, from: bigint, to: bigint, mark: boolean): void {
  const entry = process.leaves.get(from);
  if (entry === undefined) return;
  process.leaves.delete(from);
  process.leaves.set(to, mark ? entry | SOFT_DIRTY : entry);
}

function moveLeaves(
  world: World,
  process: Process,
  old: bigint,
  fresh: bigint,
  bytes: bigint,
  mark: boolean,
): void {
  const shift = fresh / world.unit - old / world.unit;
  for (let key = old / world.unit; key < (old + bytes) / world.unit; key++) {
    moveLeaf(process, key, key + shift, mark);
  }
}

/** A PMD table with all below it changes place; false if the new slot is taken. */
function movePmdTable(world: World, process: Process, old: bigint, fresh: bigint): boolean {
  if (process.pmdTables.has(fresh / PUD_SIZE)) return false;
  process.pmdTables.delete(old / PUD_SIZE);
  process.pmdTables.add(fresh / PUD_SIZE);
  for (let at = 0n; at < PUD_SIZE; at += PMD_SIZE) {
    if (!process.pteTables.delete((old + at) / PMD_SIZE)) continue;
    process.pteTables.add((fresh + at) / PMD_SIZE);
  }
  moveLeaves(world, process, old, fresh, PUD_SIZE, !TABLE_MOVE_SPARES_SOFT_DIRTY);
  return true;
}

function moveSlot2M(
  world: World,
  process: Process,
  old: bigint,
  fresh: bigint,
  bytes: bigint,
): void {
  const from = old / PMD_SIZE;
  if (!process.leaves.has(from)) return;
  process.pmdTables.add(fresh / PUD_SIZE);
  const to = fresh / PMD_SIZE;
  if (bytes === PMD_SIZE && !process.leaves.has(to)) moveLeaf(process, from, to, true);
  else dropLeaf(world, process, from);
}

function moveSlot4K(
  world: World,
  process: Process,
  old: bigint,
  fresh: bigint,
  bytes: bigint,
): void {
  if (!process.pteTables.has(old / PMD_SIZE)) return;
  process.pmdTables.add(fresh / PUD_SIZE);
  const to = fresh / PMD_SIZE;
  const whole = bytes === PMD_SIZE && !process.pteTables.has(to);
  if (whole) process.pteTables.delete(old / PMD_SIZE);
  process.pteTables.add(to);
  moveLeaves(world, process, old, fresh, bytes, !(whole && TABLE_MOVE_SPARES_SOFT_DIRTY));
}

/** move_page_tables. */
function moveTables(world: World, process: Process, from: bigint, to: bigint, bytes: bigint): void {
  const end = from + bytes;
  let step = 0n;
  for (let old = from; old < end; old += step) {
    const fresh = to + (old - from);
    step = extent(PUD_SIZE, old, end, fresh);
    if (world.size === '1G' && process.leaves.has(old / PUD_SIZE)) {
      loseLeaf(world, process, old / PUD_SIZE);
      continue;
    }
    if (!process.pmdTables.has(old / PUD_SIZE)) continue;
    process.pudTables.add(fresh / PGD_SIZE);
    if (step === PUD_SIZE && movePmdTable(world, process, old, fresh)) continue;
    step = extent(PMD_SIZE, old, end, fresh);
    if (world.size === '2M') moveSlot2M(world, process, old, fresh, step);
    else moveSlot4K(world, process, old, fresh, step);
  }
}

/** try_realign_addr: both ends as far into a 2 MiB slot, each the start of its VMA, nothing before it. */
function realignment(process: Process, from: bigint, to: bigint, bytes: bigint): bigint {
  const into = from % PMD_SIZE;
  if (into === 0n || into !== to % PMD_SIZE || bytes < PMD_SIZE - into) return 0n;
  const free = [from, to].every(
    (at) => vmaOf(process, at)?.start === at && !overlaps(process.vmas, at - into, at),
  );
  return free ? into : 0n;
}

/** vma_to_resize: may the range grow or move at all? */
function refusesResize(vma: Vma, address: bigint, oldLength: bigint): Errno | null {
  return oldLength > vma.end - address ? 'EFAULT' : null;
}

function offsetAt(vma: Vma, address: bigint): bigint {
  return vma.offset + (address - vma.start);
}

/** move_vma. */
function moveVma(
  world: World,
  process: Process,
  vma: Vma,
  args: MremapArgs,
  newAddress: bigint,
): Placed {
  const { address, oldLength } = args;
  const oldEnd = address + oldLength;
  const refusedLow = vma.start !== address && address % world.unit !== 0n;
  const refusedHigh = vma.end !== oldEnd && oldEnd % world.unit !== 0n;
  if (refusedLow || refusedHigh) return { errno: 'EINVAL' };
  const fresh: Vma = {
    ...vma,
    start: newAddress,
    end: newAddress + args.newLength,
    offset: offsetAt(vma, address),
  };
  insertVma(world.kernel, process.vmas, fresh);
  const into = realignment(process, address, newAddress, oldLength);
  moveTables(world, process, address - into, newAddress - into, oldLength + into);
  if (!args.dontUnmap && oldLength > 0n) unmapRange(world, process, address, oldEnd);
  return { address: newAddress };
}

/** Where mremap_to may not go. */
function refusesPlace({ address, oldLength, newLength, newAddress = 0n }: MremapArgs): boolean {
  if (newAddress % PAGE !== 0n || newLength > TASK_SIZE) return true;
  if (newAddress > TASK_SIZE - newLength) return true;
  return address + oldLength > newAddress && newAddress + newLength > address;
}

/** mremap_to: MREMAP_FIXED or MREMAP_DONTUNMAP. */
function mremapTo(world: World, process: Process, args: MremapArgs): Placed {
  const { address, newLength } = args;
  const newAddress = args.newAddress ?? 0n;
  if (refusesPlace(args)) return { errno: 'EINVAL' };
  const oldLength = min(args.oldLength, newLength);
  if (MREMAP_CHECKS_FIRST_IN_B && world.kernel === 'refcount') {
    const refused = refusesResize(vmaOf(process, address)!, address, oldLength);
    if (refused) return { errno: refused };
  }
  if (args.fixed) {
    const refused = unmapRange(world, process, newAddress, newAddress + newLength);
    if (refused) return { errno: refused };
  }
  if (args.oldLength > newLength) {
    const refused = munmap(world, process, address + newLength, args.oldLength - newLength);
    if (refused) return { errno: refused };
  }
  const vma = vmaOf(process, address);
  if (!vma) return { errno: 'EFAULT' };
  const refused = refusesResize(vma, address, oldLength);
  if (refused) return { errno: refused };
  let to: Placed = { address: newAddress };
  if (!args.fixed) {
    const offset = offsetAt(vma, address);
    to = findAddress(world, process, roundDown(newAddress, PAGE), newLength, offset);
  }
  if ('errno' in to) return to;
  return moveVma(world, process, vma, { ...args, oldLength }, to.address);
}

/** Grows a VMA where it is, and merges it with what it now touches. */
function growInPlace(world: World, process: Process, vma: Vma, delta: bigint): boolean {
  const end = vma.end + delta;
  if (end > TASK_SIZE || overlaps(process.vmas, vma.end, end)) return false;
  vma.end = end;
  const high = process.vmas[process.vmas.indexOf(vma) + 1];
  if (high && mergeable(vma, high)) {
    vma.flags |= stickyFlags(world.kernel, [high]);
    vma.end = high.end;
    remove(process.vmas, high);
  }
  return true;
}

function refusesFlags(args: MremapArgs): boolean {
  if (args.fixed && !args.mayMove) return true;
  if (args.dontUnmap && (!args.mayMove || args.oldLength !== args.newLength)) return true;
  return args.address % PAGE !== 0n || args.newLength === 0n;
}

export function mremap(world: World, process: Process, given: MremapArgs): Placed {
  const args = {
    ...given,
    oldLength: roundUp(given.oldLength, PAGE),
    newLength: roundUp(given.newLength, PAGE),
  };
  const { address, oldLength, newLength } = args;
  if (refusesFlags(args)) return { errno: 'EINVAL' };
  if (MREMAP_CHECKS_PLACE_FIRST_IN_B && world.kernel === 'refcount' && args.fixed) {
    if (refusesPlace(args)) return { errno: 'EINVAL' };
  }
  const vma = vmaOf(process, address);
  if (!vma) return { errno: 'EFAULT' };
  if (args.fixed || args.dontUnmap) return mremapTo(world, process, args);
  if (oldLength === newLength) return { address };
  if (oldLength > newLength) {
    const refused = munmap(world, process, address + newLength, oldLength - newLength);
    return refused ? { errno: refused } : { address };
  }
  const refused = refusesResize(vma, address, oldLength);
  if (refused) return { errno: refused };
  const reachesEnd = oldLength === vma.end - address;
  if (reachesEnd && growInPlace(world, process, vma, newLength - oldLength)) return { address };
  if (!args.mayMove) return { errno: 'ENOMEM' };
  const to = findAddress(world, process, 0n, newLength, offsetAt(vma, address));
  return 'errno' in to ? to : moveVma(world, process, vma, args, to.address);
}

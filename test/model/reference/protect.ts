// mprotect, and the flag surgery it shares with madvise (4.4).
import {
  FAILED_SPLIT_LEAVES_FIRST,
  MOVED_BOUNDARY_DROPS_1G,
  MPROTECT_UPGRADES_WRITTEN,
} from './choices.ts';
import { isDirty, makeWritable, modify, P, type Rights, RW, SOFT_DIRTY } from './entry.ts';
import { protOf } from './fault.ts';
import { type Errno, max, min, PAGE, roundUp } from './kernel.ts';
import { dropLeaf, leavesIn, vmaOf } from './leaf.ts';
import {
  lowerBound,
  mergeable,
  remove,
  split,
  stickyFlags,
  VM,
  VM_ACCESS,
  type Vma,
} from './vma.ts';
import type { Process, World } from './world.ts';

/** A boundary moved into a unit: the leaf across it goes. */
function dropAcross(world: World, process: Process, boundary: bigint): void {
  if (boundary % world.unit === 0n) return;
  if (world.size === '1G' && !MOVED_BOUNDARY_DROPS_1G) return;
  dropLeaf(world, process, boundary / world.unit);
}

/** Merges [start, end) of `vma`, under new flags, into a neighbour; no may_split here. */
function mergeRange(
  world: World,
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  flags: number,
): Vma | null {
  const { vmas } = process;
  const at = vmas.indexOf(vma);
  const low = vmas[at - 1];
  const high = vmas[at + 1];
  const piece: Vma = { ...vma, start, end, offset: vma.offset + (start - vma.start), flags };
  const left = start === vma.start && mergeable(low, piece);
  const right = end === vma.end && mergeable(piece, high);
  if (!left && !right) return null;
  const into = left ? low! : high!;
  const merged = left && right ? [piece, low!, high!] : [piece, into];
  into.flags = flags | stickyFlags(world.kernel, merged);
  if (start > vma.start) {
    vma.end = start;
    dropAcross(world, process, start);
  } else if (end < vma.end) {
    vma.offset += end - vma.start;
    vma.start = end;
    dropAcross(world, process, end);
  } else {
    remove(vmas, vma);
  }
  if (left && right) {
    low!.end = high!.end;
    remove(vmas, high!);
  } else if (left) {
    into.end = end;
  } else {
    into.offset = piece.offset;
    into.start = start;
  }
  return into;
}

/** vma_modify: merge, or split off [start, end) and change its flags. */
export function changeFlags(
  world: World,
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  flags: number,
): Errno | null {
  if (mergeRange(world, process, vma, start, end, flags)) return null;
  const lowCut = start > vma.start;
  const highCut = end < vma.end;
  const lowRefused = lowCut && start % world.unit !== 0n;
  const highRefused = highCut && end % world.unit !== 0n;
  if (lowRefused) return 'EINVAL';
  if (highRefused) {
    if (lowCut && FAILED_SPLIT_LEAVES_FIRST) split(process.vmas, vma, start);
    return 'EINVAL';
  }
  const target = lowCut ? split(process.vmas, vma, start) : vma;
  if (highCut) split(process.vmas, target, end);
  target.flags = flags;
  return null;
}

/** change_protection: whole leaves in place, leaves met in part are removed. */
function changeLeaves(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
  flags: number,
): void {
  const prot = protOf(flags);
  const shares = (flags & VM.WRITE) !== 0 && (flags & VM.SHARED) !== 0;
  const notifies = shares && !(prot & RW);
  for (const key of leavesIn(world, process, start, end)) {
    const low = key * world.unit;
    if (low < start || low + world.unit > end) {
      dropLeaf(world, process, key);
      continue;
    }
    const entry = modify(world.kernel, world.size, process.leaves.get(key)!, prot);
    const upgrades = MPROTECT_UPGRADES_WRITTEN && notifies && world.size !== '1G';
    const written = isDirty(entry) && (entry & SOFT_DIRTY) !== 0n && (entry & P) !== 0n;
    process.leaves.set(key, upgrades && written ? makeWritable(entry) : entry);
  }
}

function flagsWith(flags: number, rights: Rights): number {
  let next = flags & ~VM_ACCESS;
  if (rights.read) next |= VM.READ;
  if (rights.write) next |= VM.WRITE;
  if (rights.exec) next |= VM.EXEC;
  return next;
}

function refusesRights(flags: number): boolean {
  return (flags & VM.WRITE) !== 0 && !(flags & VM.MAYWRITE);
}

export function mprotect(
  world: World,
  process: Process,
  start: bigint,
  bytes: bigint,
  rights: Rights,
): Errno | null {
  if (start % PAGE !== 0n) return 'EINVAL';
  if (bytes === 0n) return null;
  const end = start + roundUp(bytes, PAGE);
  if (end > 1n << 64n) return 'ENOMEM';
  let at = start;
  while (at < end) {
    const vma = vmaOf(process, at);
    if (!vma) return 'ENOMEM';
    const stop = min(vma.end, end);
    const flags = flagsWith(vma.flags, rights);
    if (refusesRights(flags)) return 'EACCES';
    if (flags !== vma.flags) {
      const refused = changeFlags(world, process, vma, at, stop, flags);
      if (refused) return refused;
      const now = vmaOf(process, at)!;
      changeLeaves(world, process, at, stop, now.flags);
    }
    at = stop;
  }
  return null;
}

/** First VMA at or above `va` before `end`, as madvise and mincore step. */
export function nextVma(process: Process, va: bigint, end: bigint): Vma | undefined {
  const vma = process.vmas[lowerBound(process.vmas, va)];
  return vma && max(vma.start, va) < end ? vma : undefined;
}

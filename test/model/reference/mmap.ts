// mmap and munmap (4.1 to 4.4).
import {
  FAILED_SPLIT_LEAVES_FIRST,
  LOCKED_DOES_NOT_MERGE,
  REFUSED_OVERLAY_LEAVES_GAP,
  SEARCH_4K_WITH_SLACK,
  VALIDATE_REFUSES_NOREPLACE,
} from './choices.ts';
import type { Rights } from './entry.ts';
import { checkVma } from './fault.ts';
import {
  type Errno,
  MMAP_MIN_ADDRESS,
  min,
  PAGE,
  roundDown,
  roundUp,
  TASK_SIZE,
} from './kernel.ts';
import { freeTables, zapRange } from './leaf.ts';
import { populateIgnoringErrors } from './populate.ts';
import { insertVma, type OpenFile, overlaps, remove, split, VM, type Vma, vmasIn } from './vma.ts';
import type { Process, World } from './world.ts';

/** MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, or none of them. */
export type MapType = 'shared' | 'private' | 'validate' | 'none';

export interface MmapArgs {
  readonly file: OpenFile;
  /** 0 or a hint; with fixed the place itself. */
  readonly address?: bigint;
  readonly length: bigint;
  /** Bytes into the file. */
  readonly offset?: bigint;
  readonly rights: Rights;
  readonly type?: MapType;
  /** MAP_FIXED. */
  readonly fixed?: boolean;
  /** MAP_FIXED_NOREPLACE. */
  readonly noreplace?: boolean;
  /** MAP_SYNC. */
  readonly sync?: boolean;
  /** A flag bit that no kernel knows. */
  readonly unknown?: boolean;
  readonly hugetlb?: boolean;
  readonly populate?: boolean;
  readonly locked?: boolean;
}

export type Placed = { readonly address: bigint } | { readonly errno: Errno };

/** Top-down first fit: the highest gap below mmapBase that holds `length`. */
function searchTopDown(world: World, process: Process, length: bigint): Placed {
  if (length > TASK_SIZE) return { errno: 'ENOMEM' };
  let ceiling = world.mmapBase;
  for (let i = process.vmas.length - 1; i >= 0; i--) {
    const vma = process.vmas[i]!;
    if (vma.end + length <= ceiling) break;
    ceiling = min(ceiling, vma.start);
  }
  const address = ceiling - length;
  return address >= PAGE ? { address } : { errno: 'ENOMEM' };
}

/** The default search with a hint (rounded down to 4K already). */
function searchDefault(world: World, process: Process, hint: bigint, length: bigint): Placed {
  const usable = hint !== 0n && hint + length <= TASK_SIZE;
  if (usable && !overlaps(process.vmas, hint, hint + length)) return { address: hint };
  return searchTopDown(world, process, length);
}

/** dax_get_unmapped_area (4.3) inside the generic checks. */
export function findAddress(
  world: World,
  process: Process,
  hint: bigint,
  length: bigint,
  offset: bigint,
): Placed {
  if (length > TASK_SIZE) return { errno: 'ENOMEM' };
  if (hint !== 0n) return searchDefault(world, process, hint, length);
  const firstBlock = roundUp(offset, world.unit);
  const holdsBlock = offset + length - firstBlock >= world.unit;
  const slack = world.size !== '4K' || SEARCH_4K_WITH_SLACK;
  if (!holdsBlock || !slack) return searchTopDown(world, process, length);
  const found = searchTopDown(world, process, length + world.unit);
  if ('errno' in found) return found;
  const away = (offset - found.address) % world.unit;
  return { address: found.address + (away < 0n ? away + world.unit : away) };
}

function place(world: World, process: Process, args: MmapArgs, length: bigint): Placed {
  const wanted = args.address ?? 0n;
  if (!args.fixed && !args.noreplace) {
    let hint = roundDown(wanted, PAGE);
    if (hint !== 0n && hint < MMAP_MIN_ADDRESS) hint = MMAP_MIN_ADDRESS;
    return findAddress(world, process, hint, length, args.offset ?? 0n);
  }
  if (length > TASK_SIZE || wanted > TASK_SIZE - length) return { errno: 'ENOMEM' };
  if (wanted % PAGE !== 0n) return { errno: 'EINVAL' };
  if (args.noreplace && overlaps(process.vmas, wanted, wanted + length)) {
    return { errno: 'EEXIST' };
  }
  return { address: wanted };
}

/** do_mmap's file checks: VM flags or an error. */
function flagsOf(args: MmapArgs): number | Errno {
  const { rights, file } = args;
  const type = args.type ?? 'shared';
  let flags: number = VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC;
  if (rights.read) flags |= VM.READ;
  if (rights.write) flags |= VM.WRITE;
  if (rights.exec) flags |= VM.EXEC;
  if (type === 'none') return 'EINVAL';
  if (type !== 'private') {
    const refused = args.unknown || (VALIDATE_REFUSES_NOREPLACE && args.noreplace);
    if (type === 'validate' && refused) return 'EOPNOTSUPP';
    if (rights.write && file.mode === 'r') return 'EACCES';
    flags |= VM.SHARED | VM.MAYSHARE;
    if (file.mode === 'r') flags &= ~(VM.SHARED | VM.MAYWRITE);
    if (type === 'validate' && args.sync) flags |= VM.SYNC;
  }
  return file.mode === 'w' ? 'EACCES' : flags;
}

/** Split points of a range that may_split refuses (4.4). */
export function refusesSplit(world: World, process: Process, start: bigint, end: bigint): boolean {
  return vmasIn(process.vmas, start, end).some(
    (vma) =>
      (vma.start < start && start % world.unit !== 0n) ||
      (vma.end > end && end % world.unit !== 0n),
  );
}

/** Cuts VMAs at both ends; false (-EINVAL) if may_split refuses. */
function cut(world: World, process: Process, start: bigint, end: bigint): boolean {
  const refused = refusesSplit(world, process, start, end);
  if (refused && !FAILED_SPLIT_LEAVES_FIRST) return false;
  for (const at of [start, end]) {
    const vma = vmasIn(process.vmas, at, at + 1n)[0];
    if (!vma || vma.start >= at) continue;
    if (at % world.unit !== 0n) return false;
    split(process.vmas, vma, at);
  }
  return true;
}

/** do_vmi_munmap: cut, take out, zap, free tables. */
export function unmapRange(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
): Errno | null {
  if (!cut(world, process, start, end)) return 'EINVAL';
  const gone = vmasIn(process.vmas, start, end);
  for (const vma of gone) zapRange(world, process, vma, vma.start, vma.end);
  for (const vma of gone) remove(process.vmas, vma);
  for (const vma of gone) freeTables(process, vma.start, vma.end);
  return null;
}

export function munmap(world: World, process: Process, start: bigint, bytes: bigint): Errno | null {
  const length = roundUp(bytes, PAGE);
  if (start % PAGE !== 0n || length === 0n) return 'EINVAL';
  if (start > TASK_SIZE || length > TASK_SIZE - start) return 'EINVAL';
  return unmapRange(world, process, start, start + length);
}

/** Takes away what lies under a MAP_FIXED mapping, and asks the driver. */
function makeRoom(world: World, process: Process, fresh: Vma): Errno | null {
  if (refusesSplit(world, process, fresh.start, fresh.end)) {
    cut(world, process, fresh.start, fresh.end);
    return 'EINVAL';
  }
  const refused = checkVma(world, fresh);
  if (!refused) return unmapRange(world, process, fresh.start, fresh.end);
  if (REFUSED_OVERLAY_LEAVES_GAP) {
    unmapRange(world, process, fresh.start, fresh.end);
  } else if (FAILED_SPLIT_LEAVES_FIRST) {
    cut(world, process, fresh.start, fresh.end);
  }
  return refused;
}

export function mmap(world: World, process: Process, args: MmapArgs): Placed {
  const offset = args.offset ?? 0n;
  if (offset % PAGE !== 0n || args.hugetlb || args.length === 0n) return { errno: 'EINVAL' };
  const length = roundUp(args.length, PAGE);
  const placed = place(world, process, args, length);
  if ('errno' in placed) return placed;
  if (offset + length >= 1n << 64n) return { errno: 'EOVERFLOW' };
  const flags = flagsOf(args);
  if (typeof flags !== 'number') return { errno: flags };
  const fresh: Vma = {
    start: placed.address,
    end: placed.address + length,
    offset,
    flags: flags | VM.HUGEPAGE | VM.SOFTDIRTY,
    file: args.file,
  };
  const refused = makeRoom(world, process, fresh);
  if (refused) return { errno: refused };
  const merge = !(LOCKED_DOES_NOT_MERGE && args.locked);
  const vma = insertVma(world.kernel, process.vmas, fresh, merge);
  vma.flags |= VM.SOFTDIRTY;
  if (args.populate || args.locked) {
    populateIgnoringErrors(world, process, placed.address, placed.address + length);
  }
  return placed;
}

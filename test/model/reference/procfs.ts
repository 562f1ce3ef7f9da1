// What walks the page tables to look, and what the look does (8).
import {
  CLEAR_REFS_2_SKIPS_FILES,
  CLEAR_REFS_CLEARS_REFERENCED_IN_A,
  SMAPS_REFERENCED_BY_FLAG,
} from './choices.ts';
import { A, clearSoftDirty, isDirty, SOFT_DIRTY } from './entry.ts';
import { counts, type Errno, max, min, PAGE, roundDown, roundUp } from './kernel.ts';
import { folioAt, leafAt, leavesIn, vmaOf, walkAllDrops1G, walkDrops1G } from './leaf.ts';
import { flagNames, VM, type Vma, vmasIn } from './vma.ts';
import type { Process, World } from './world.ts';

/** One VMA of /proc/pid/smaps, in kB. */
export interface Smaps {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly rss: number;
  readonly pss: number;
  readonly sharedClean: number;
  readonly sharedDirty: number;
  readonly privateClean: number;
  readonly privateDirty: number;
  readonly referenced: number;
  readonly kernelPageSize: number;
  readonly flags: readonly string[];
}

function smapsOf(world: World, process: Process, vma: Vma): Smaps {
  const kB = Number(world.unit / 1024n);
  const sum = { sharedClean: 0, sharedDirty: 0, privateClean: 0, privateDirty: 0 };
  let rss = 0;
  let referenced = 0;
  let pss = 0n;
  const quirk = world.kernel === 'refcount-6.15' && world.size === '2M';
  const seen = counts(world.kernel) && !quirk && world.size !== '1G';
  for (const key of seen ? leavesIn(world, process, vma.start, vma.end) : []) {
    const entry = process.leaves.get(key)!;
    const folio = folioAt(world, entry);
    const mappings = folio.mappings();
    rss += kB;
    pss += ((PAGE << 12n) / BigInt(mappings)) * BigInt(world.pagesPerUnit);
    if (entry & A || (SMAPS_REFERENCED_BY_FLAG && folio.referenced)) referenced += kB;
    const dirty = isDirty(entry) || folio.dirty;
    if (mappings >= 2) sum[dirty ? 'sharedDirty' : 'sharedClean'] += kB;
    else sum[dirty ? 'privateDirty' : 'privateClean'] += kB;
  }
  const { start, end, offset } = vma;
  const flags = flagNames(vma.flags);
  const pssKB = Number(pss >> 22n);
  return { start, end, offset, rss, pss: pssKB, ...sum, referenced, kernelPageSize: kB, flags };
}

export function smaps(world: World, process: Process): readonly Smaps[] {
  walkAllDrops1G(world, process);
  return process.vmas.map((vma) => smapsOf(world, process, vma));
}

/** Reading numa_maps: only what the walk does. */
export function numaMaps(world: World, process: Process): void {
  walkAllDrops1G(world, process);
}

export interface PagemapEntry {
  readonly present: boolean;
  readonly file: boolean;
  readonly exclusive: boolean;
  readonly softDirty: boolean;
}

function pagemapEntry(world: World, process: Process, va: bigint): PagemapEntry {
  const vma = vmaOf(process, va);
  const entry = leafAt(world, process, va);
  const bySoft = entry !== undefined && (entry & SOFT_DIRTY) !== 0n;
  const softDirty = vma !== undefined && ((vma.flags & VM.SOFTDIRTY) !== 0 || bySoft);
  if (!vma || entry === undefined)
    return { present: false, file: false, exclusive: false, softDirty };
  const counted = counts(world.kernel);
  return {
    present: true,
    file: counted || world.size !== '4K',
    exclusive: counted && folioAt(world, entry).mappings() === 1,
    softDirty,
  };
}

/** Reads `pages` entries of /proc/pid/pagemap. */
export function pagemap(
  world: World,
  process: Process,
  address: bigint,
  pages: number,
): readonly PagemapEntry[] {
  const start = roundDown(address, PAGE);
  const end = start + BigInt(pages) * PAGE;
  for (const vma of vmasIn(process.vmas, start, end)) {
    walkDrops1G(world, process, max(vma.start, start), min(vma.end, end));
  }
  return Array.from({ length: pages }, (_, i) =>
    pagemapEntry(world, process, start + BigInt(i) * PAGE),
  );
}

function clearSoftDirtyOf(world: World, process: Process): void {
  for (const vma of process.vmas) vma.flags &= ~VM.SOFTDIRTY;
  for (const vma of process.vmas) {
    walkDrops1G(world, process, vma.start, vma.end);
    for (const key of leavesIn(world, process, vma.start, vma.end)) {
      process.leaves.set(key, clearSoftDirty(process.leaves.get(key)!));
    }
  }
}

function clearAccessed(world: World, process: Process, vma: Vma): void {
  walkDrops1G(world, process, vma.start, vma.end);
  const counted = counts(world.kernel);
  /* A has no normal page at 4K. */
  if (!counted && world.size === '4K') return;
  for (const key of leavesIn(world, process, vma.start, vma.end)) {
    const entry = process.leaves.get(key)!;
    process.leaves.set(key, entry & ~A);
    if (counted || CLEAR_REFS_CLEARS_REFERENCED_IN_A) folioAt(world, entry).referenced = false;
  }
}

/** Writes 1 (all), 2 (anonymous), 3 (file) or 4 (soft-dirty) to /proc/pid/clear_refs. */
export function clearRefs(world: World, process: Process, what: 1 | 2 | 3 | 4): void {
  if (what === 4) {
    clearSoftDirtyOf(world, process);
  } else if (what === 2) {
    if (!CLEAR_REFS_2_SKIPS_FILES) walkAllDrops1G(world, process);
  } else {
    for (const vma of process.vmas) clearAccessed(world, process, vma);
  }
}

export type Mincore = { readonly errno: Errno } | { readonly resident: readonly boolean[] };

/** mincore by a caller who may write the file. */
export function mincore(world: World, process: Process, address: bigint, bytes: bigint): Mincore {
  if (address % PAGE !== 0n) return { errno: 'EINVAL' };
  const end = address + roundUp(bytes, PAGE);
  const resident: boolean[] = [];
  for (let va = address; va < end; ) {
    const vma = vmaOf(process, va);
    if (!vma) return { errno: 'ENOMEM' };
    const stop = min(vma.end, end);
    if (!counts(world.kernel)) walkDrops1G(world, process, va, stop);
    for (; va < stop; va += PAGE) resident.push(process.leaves.has(va / world.unit));
  }
  return { resident };
}

/** MS_ASYNC 1, MS_INVALIDATE 2, MS_SYNC 4. */
export function msync(
  process: Process,
  address: bigint,
  bytes: bigint,
  flags: { readonly async?: boolean; readonly invalidate?: boolean; readonly sync?: boolean },
): Errno | null {
  if (address % PAGE !== 0n || (flags.async && flags.sync)) return 'EINVAL';
  const end = address + roundUp(bytes, PAGE);
  let hole = false;
  let at = address;
  for (const vma of vmasIn(process.vmas, address, end)) {
    if (vma.start > at) hole = true;
    if (flags.sync && vma.flags & VM.SHARED) return 'EINVAL';
    at = vma.end;
  }
  return hole || at < end ? 'ENOMEM' : null;
}

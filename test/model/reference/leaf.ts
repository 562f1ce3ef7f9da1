// Leaf entries and page tables of one process: finding, removing, freeing.
import { ADVISED_VMA_HAS_NO_RECENCY } from './choices.ts';
import { A, isDirty, physOf } from './entry.ts';
import type { Folio } from './folio.ts';
import { counts, PAGE, PGD_SIZE, PMD_SIZE, PUD_SIZE } from './kernel.ts';
import { overlaps, VM, type Vma, vmaAt } from './vma.ts';
import type { Process, World } from './world.ts';

export function leafAt(world: World, process: Process, va: bigint): bigint | undefined {
  return process.leaves.get(va / world.unit);
}

export function folioAt(world: World, entry: bigint): Folio {
  return world.folioOf(Number((physOf(world.size, entry) - world.physBytes) / PAGE));
}

/** Unit numbers of the leaves that [start, end) meets, ascending. */
export function leavesIn(world: World, process: Process, start: bigint, end: bigint): bigint[] {
  if (start >= end) return [];
  const first = start / world.unit;
  const last = (end - 1n) / world.unit;
  if (last - first >= BigInt(process.leaves.size)) {
    const found = [...process.leaves.keys()].filter((key) => key >= first && key <= last);
    return found.sort((a, b) => (a < b ? -1 : 1));
  }
  const found: bigint[] = [];
  for (let key = first; key <= last; key++) if (process.leaves.has(key)) found.push(key);
  return found;
}

/** Map count, file pages and reference of a removed leaf. */
function forget(world: World, process: Process, folio: Folio): void {
  folio.unmap();
  process.filePages -= world.pagesPerUnit;
  if (folio.put(world.kernel, 1)) world.bugs.push('unbalanced put');
}

/** Plain zap of a whole leaf (7.2). */
function zapLeaf(world: World, process: Process, vma: Vma, key: bigint): void {
  const entry = process.leaves.get(key)!;
  process.leaves.delete(key);
  if (!counts(world.kernel)) return;
  const folio = folioAt(world, entry);
  if (world.size !== '1G') {
    const advised = ADVISED_VMA_HAS_NO_RECENCY && vma.flags & (VM.RAND_READ | VM.SEQ_READ);
    if (isDirty(entry)) folio.dirty = true;
    if (entry & A && !advised) folio.markAccessed(world.kernel);
  }
  forget(world, process, folio);
}

/** A leaf met in part, or a 1G leaf met by a walker: removed whole (7.4, 8). */
export function dropLeaf(world: World, process: Process, key: bigint): void {
  const entry = process.leaves.get(key);
  if (entry === undefined) return;
  process.leaves.delete(key);
  if (!counts(world.kernel)) return;
  const folio = folioAt(world, entry);
  if (isDirty(entry)) folio.dirty = true;
  if (entry & A) folio.referenced = true;
  forget(world, process, folio);
}

/** mremap's walk takes a 1G leaf for a corrupt table: no put, no rmap, no rss (8). */
export function loseLeaf(world: World, process: Process, key: bigint): void {
  if (!process.leaves.delete(key)) return;
  world.bugs.push('bad pud');
}

/** Zaps [start, end) of one VMA; leaves met in part go too. */
export function zapRange(
  world: World,
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
): void {
  for (const key of leavesIn(world, process, start, end)) {
    const low = key * world.unit;
    if (low >= start && low + world.unit <= end) zapLeaf(world, process, vma, key);
    else dropLeaf(world, process, key);
  }
}

/** Walks with PMD and PTE callbacks but none for PUDs remove 1G leaves on their way. */
export function walkDrops1G(world: World, process: Process, start: bigint, end: bigint): void {
  if (world.size !== '1G') return;
  for (const key of leavesIn(world, process, start, end)) dropLeaf(world, process, key);
}

/** Every leaf of every VMA, as smaps and its like see them. */
export function walkAllDrops1G(world: World, process: Process): void {
  for (const vma of process.vmas) walkDrops1G(world, process, vma.start, vma.end);
}

function freeLevel(
  process: Process,
  tables: Set<bigint>,
  span: bigint,
  start: bigint,
  end: bigint,
): void {
  if (tables.size === 0) return;
  const first = start / span;
  const last = (end - 1n) / span;
  const free = (key: bigint) => {
    if (!overlaps(process.vmas, key * span, (key + 1n) * span)) tables.delete(key);
  };
  if (last - first < BigInt(tables.size)) {
    for (let key = first; key <= last; key++) if (tables.has(key)) free(key);
  } else {
    for (const key of [...tables]) if (key >= first && key <= last) free(key);
  }
}

/** free_pgtables for a VMA [start, end) just gone: tables no other VMA reaches into. */
export function freeTables(process: Process, start: bigint, end: bigint): void {
  freeLevel(process, process.pteTables, PMD_SIZE, start, end);
  freeLevel(process, process.pmdTables, PUD_SIZE, start, end);
  freeLevel(process, process.pudTables, PGD_SIZE, start, end);
}

export function vmaOf(process: Process, va: bigint): Vma | undefined {
  return vmaAt(process.vmas, va);
}

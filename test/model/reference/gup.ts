// get_user_pages: fast and slow (6).
import { devicePageOf, P, RW } from './entry.ts';
import { counts, type Errno, min, PAGE, roundDown, TASK_SIZE } from './kernel.ts';
import { folioAt, leafAt, vmaOf } from './leaf.ts';
import { makePresent } from './populate.ts';
import { markTouched } from './touch.ts';
import { VM } from './vma.ts';
import type { Process, World } from './world.ts';

export interface GupFlags {
  /** FOLL_PIN; else FOLL_GET. */
  readonly pin: boolean;
  readonly write?: boolean;
  readonly longterm?: boolean;
  /** fast falls back to slow for the rest; fastOnly does not. */
  readonly mode: 'fast' | 'fastOnly' | 'slow';
}

export interface Grabbed {
  readonly errno: Errno | null;
  /** 4 KiB pages of the device, in order of address. */
  readonly pages: readonly number[];
  readonly minorFaults: number;
  /** The bind they belong to: release asks for it. */
  readonly generation: number;
}

/** Does GUP-fast stop at this entry (6.3)? */
function fastStops(world: World, entry: bigint, flags: GupFlags): boolean {
  if (!(entry & P) || (flags.write && !(entry & RW))) return true;
  if (!counts(world.kernel)) return flags.longterm === true;
  if (world.kernel === 'refcount-6.15' && world.size !== '4K') return true;
  return flags.longterm === true && (flags.write === true || !(entry & RW));
}

/** Grabs what one leaf holds of [va, end). */
function grabLeaf(
  world: World,
  entry: bigint,
  va: bigint,
  end: bigint,
  pin: boolean,
  pages: number[],
): void {
  const stop = min(roundDown(va, world.unit) + world.unit, end);
  const count = Number((stop - va) / PAGE);
  folioAt(world, entry).grab(count, pin);
  const first = devicePageOf(world.size, entry, va, world.physBytes);
  for (let i = 0; i < count; i++) pages.push(first + i);
}

function grabFast(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
  flags: GupFlags,
  pages: number[],
): void {
  let va = start;
  while (va < end) {
    const entry = leafAt(world, process, va);
    if (entry === undefined || fastStops(world, entry, flags)) return;
    const folio = folioAt(world, entry);
    if (folio.refcount <= 0) return;
    grabLeaf(world, entry, va, end, flags.pin, pages);
    folio.referenced = true;
    va = roundDown(va, world.unit) + world.unit;
  }
}

function grabSlow(
  world: World,
  process: Process,
  start: bigint,
  end: bigint,
  flags: GupFlags,
  pages: number[],
): Errno | null {
  const write = flags.write === true;
  let va = start;
  while (va < end) {
    const vma = vmaOf(process, va);
    if (!vma || !(vma.flags & (write ? VM.WRITE : VM.READ))) return 'EFAULT';
    if (!makePresent(world, process, vma, va, write)) return 'EFAULT';
    const entry = leafAt(world, process, va)!;
    if (folioAt(world, entry).refcount <= 0) return 'ENOMEM';
    grabLeaf(world, entry, va, end, flags.pin, pages);
    markTouched(world, process, va, write);
    va = roundDown(va, world.unit) + world.unit;
  }
  return null;
}

export function gup(
  world: World,
  process: Process,
  address: bigint,
  count: number,
  flags: GupFlags,
): Grabbed {
  const before = process.minorFaults;
  const pages: number[] = [];
  const end = (errno: Errno | null): Grabbed => ({
    errno: pages.length > 0 ? null : errno,
    pages,
    minorFaults: process.minorFaults - before,
    generation: world.generation,
  });
  if (flags.longterm && !flags.pin) return end('EINVAL');
  if (count === 0) return end(null);
  const start = roundDown(address, PAGE);
  const stop = start + BigInt(count) * PAGE;
  if (flags.mode !== 'slow') {
    if (stop > TASK_SIZE) return end('EFAULT');
    grabFast(world, process, start, stop, flags, pages);
  }
  if (flags.mode === 'fastOnly' || pages.length === count) return end(null);
  const rest = start + BigInt(pages.length) * PAGE;
  return end(grabSlow(world, process, rest, stop, flags, pages));
}

/** Releases gets or pins, in any order; a late release is reported and changes nothing. */
export function release(
  world: World,
  grabbed: Pick<Grabbed, 'pages' | 'generation'>,
  pin: boolean,
): 'released' | 'use after free' {
  if (!world.bound || grabbed.generation !== world.generation) {
    world.bugs.push('use after free');
    return 'use after free';
  }
  for (const page of grabbed.pages) {
    const bad = world.folioOf(page).release(world.kernel, pin);
    if (bad) world.bugs.push('unbalanced put');
  }
  return 'released';
}

/** put_page by somebody who never got it (12.28). */
export function putPage(world: World, page: number): void {
  if (world.folioOf(page).put(world.kernel, 1)) world.bugs.push('unbalanced put');
}

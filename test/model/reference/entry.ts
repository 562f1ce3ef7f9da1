// Leaf entries as raw x86-64 values (semantics 3.2 and 3.3).
import { type Kernel, PAGE, type Size, unitBytes } from './kernel.ts';

export const P = 1n;
export const RW = 1n << 1n;
export const US = 1n << 2n;
export const A = 1n << 5n;
export const D = 1n << 6n;
export const PSE = 1n << 7n;
export const PROTNONE = 1n << 8n;
export const SPECIAL = 1n << 9n;
export const SOFT_DIRTY = 1n << 11n;
export const DEVMAP = 1n << 57n;
export const SAVED_DIRTY = 1n << 58n;
export const NX = 1n << 63n;

/** Bits of the entry that hold the address: 12, 21 or 30 up to 51. */
export function addressMask(size: Size): bigint {
  return (1n << 52n) - unitBytes(size);
}

export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly exec: boolean;
}

/** vm_page_prot of a shared mapping; `writable` is write with VM_SHARED and no write-notify. */
export function pageProt(rights: Rights, writable: boolean): bigint {
  if (!rights.read && !rights.write && !rights.exec) return A | PROTNONE;
  return P | US | A | (writable ? RW : 0n) | (rights.exec ? 0n : NX);
}

/** D parked in bit 58 while the entry is read-only, and back. */
function parkDirty(entry: bigint): bigint {
  if (entry & RW || !(entry & D)) return entry;
  return (entry & ~D) | SAVED_DIRTY;
}

function unparkDirty(entry: bigint): bigint {
  if (!(entry & RW) || !(entry & SAVED_DIRTY)) return entry;
  return (entry & ~SAVED_DIRTY) | D;
}

export function isDirty(entry: bigint): boolean {
  return (entry & (D | SAVED_DIRTY)) !== 0n;
}

export function makeDirty(entry: bigint): bigint {
  return parkDirty(entry | D | SOFT_DIRTY);
}

export function makeWritable(entry: bigint): bigint {
  return unparkDirty(entry | RW);
}

/** clear_refs 4: RW and bit 11 off, D to bit 58. */
export function clearSoftDirty(entry: bigint): bigint {
  return parkDirty(entry & ~RW) & ~SOFT_DIRTY;
}

/** What a write fault on a present entry leaves. */
export function makeWritten(entry: bigint, vmaWrites: boolean): bigint {
  const dirty = makeDirty(entry | A);
  return vmaWrites ? makeWritable(dirty) : dirty;
}

/** The entry a first fault writes (3.3). */
export function freshEntry(
  kernel: Kernel,
  size: Size,
  prot: bigint,
  physBytes: bigint,
  write: boolean,
): bigint {
  const huge = size === '4K' ? 0n : PSE;
  let marks = 0n;
  if (kernel === 'devmap') marks = DEVMAP | (size === '4K' ? SPECIAL : 0n);
  if (kernel === 'refcount-6.15' && size !== '4K') marks = SPECIAL;
  const entry = prot | huge | marks | physBytes;
  /* A's 4K helper never dirties: the hardware does on the retry. */
  if (!write || (kernel === 'devmap' && size === '4K')) return entry;
  return makeWritten(entry, true);
}

const needsInvert = (entry: bigint) => entry !== 0n && !(entry & P);

/** p?d_modify: new rights, the rest kept; the address is inverted while P=0. */
export function modify(kernel: Kernel, size: Size, entry: bigint, prot: bigint): bigint {
  const mask = addressMask(size);
  const keep = mask | A | D | SAVED_DIRTY | SOFT_DIRTY | SPECIAL | DEVMAP | PSE;
  const losesDirty = kernel === 'devmap' && size === '2M';
  let next = (entry & (losesDirty ? keep & ~D : keep)) | (prot & ~keep);
  if (needsInvert(entry) !== needsInvert(next)) next ^= mask;
  return entry & RW ? parkDirty(next) : unparkDirty(next);
}

export function physOf(size: Size, entry: bigint): bigint {
  return (entry & P ? entry : ~entry) & addressMask(size);
}

/** Device page number behind `va` in this leaf. */
export function devicePageOf(size: Size, entry: bigint, va: bigint, physBytes: bigint): number {
  const inside = va % unitBytes(size);
  return Number((physOf(size, entry) - physBytes + inside) / PAGE);
}

// Leaf entries as the tables of semantics 3.2 and 3.3 give them. BigInt throughout.

export type Kernel = 'devmap' | 'refcount' | 'refcount-6.15';
export type Size = '4K' | '2M' | '1G';

export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly exec: boolean;
}

export const PAGES: Readonly<Record<Size, bigint>> = { '4K': 1n, '2M': 512n, '1G': 262_144n };
export const PAGE = 4096n;

export const P = 1n;
export const RW = 2n;
const US = 4n;
export const A = 0x20n;
export const D = 0x40n;
const PSE = 0x80n;
const PROTNONE = 0x100n;
export const SPECIAL = 0x200n;
export const SOFT_DIRTY = 0x800n;
const DEVMAP = 1n << 57n;
const SAVED_DIRTY = 1n << 58n;
const NX = 1n << 63n;
const PFN = 0x000f_ffff_ffff_f000n;

/** vm_page_prot of a shared mapping. */
function pageProt({ read, write, exec }: Rights): bigint {
  if (!read && !write && !exec) return PROTNONE | A;
  return P | US | A | (write ? RW : 0n) | (exec ? 0n : NX);
}

/** Table "entry" of 3.3: what a first fault puts in. */
export function firstEntry(
  kernel: Kernel,
  size: Size,
  phys: bigint,
  rights: Rights,
  write: boolean,
): bigint {
  let entry = phys | pageProt(rights);
  if (size !== '4K') entry |= PSE;
  if (kernel === 'devmap') entry |= size === '4K' ? DEVMAP | SPECIAL : DEVMAP;
  // 6.6: the first refcounted release still marked huge leaves.
  if (kernel === 'refcount-6.15' && size !== '4K') entry |= SPECIAL;
  // The devmap kernel's 4K insert never makes the entry dirty.
  const dirty = write && !(kernel === 'devmap' && size === '4K');
  return dirty ? entry | D | SOFT_DIRTY : entry;
}

/** Physical address, which a PROT_NONE entry holds inverted. */
export function physOf(entry: bigint): bigint {
  return (entry & P ? entry : ~entry) & PFN;
}

export function isDirty(entry: bigint): boolean {
  return (entry & (D | SAVED_DIRTY)) !== 0n;
}

/** mprotect: what 3.2 says is kept, and where the dirty bit goes. */
export function reprotected(kernel: Kernel, size: Size, entry: bigint, rights: Rights): bigint {
  const kept = A | D | PSE | SPECIAL | SOFT_DIRTY | DEVMAP | SAVED_DIRTY;
  // 6.12.95 loses D of a 2M entry.
  const lost = kernel === 'devmap' && size === '2M' ? D : 0n;
  let next = (entry & kept & ~lost) | pageProt(rights);
  const dirty = (next & (D | SAVED_DIRTY)) !== 0n;
  next &= ~(D | SAVED_DIRTY);
  if (dirty) next |= next & RW ? D : SAVED_DIRTY;
  // Inverted from bit 12, 21 or 30 on, by the size of the leaf.
  const unit = PAGES[size] * PAGE;
  const field = (PFN / unit) * unit;
  const phys = physOf(entry) & field;
  return next | (next & P ? phys : ~phys & field);
}

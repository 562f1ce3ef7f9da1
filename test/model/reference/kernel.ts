// What is fixed before anything runs: the kernels, the unit sizes, the address space.

/** A (6.12.95 as observed), B (7.3.4), and 6.15/6.16 with the special-bit quirk of 6.6. */
export type Kernel = 'devmap' | 'refcount' | 'refcount-6.15';
export type Size = '4K' | '2M' | '1G';

export type Errno =
  | 'EACCES'
  | 'EAGAIN'
  | 'EBUSY'
  | 'EEXIST'
  | 'EFAULT'
  | 'EINVAL'
  | 'ENODEV'
  | 'ENOMEM'
  | 'ENXIO'
  | 'EOPNOTSUPP'
  | 'EOVERFLOW';

/** What a kernel logs or silently suffers and a model should name. */
export type Bug =
  | 'bad pud'
  | 'bad rss-counter'
  | 'use after free'
  | 'unbalanced put'
  | 'misaligned offset';

export const PAGE = 4096n;
export const PMD_SIZE = 1n << 21n;
export const PUD_SIZE = 1n << 30n;
export const PGD_SIZE = 1n << 39n;
/** End of user addresses with 4-level tables. */
export const TASK_SIZE = (1n << 47n) - PAGE;
export const MMAP_MIN_ADDRESS = 65536n;
export const PIN_BIAS = 1024;
export const ENTIRELY_MAPPED = 0x800000;

export const ORDER: Readonly<Record<Size, number>> = { '4K': 0, '2M': 9, '1G': 18 };

export function unitBytes(size: Size): bigint {
  return PAGE << BigInt(ORDER[size]);
}

/** Kernels in which a leaf entry holds a page reference. */
export function counts(kernel: Kernel): boolean {
  return kernel !== 'devmap';
}

export function roundDown(value: bigint, to: bigint): bigint {
  return value - (value % to);
}

export function roundUp(value: bigint, to: bigint): bigint {
  return roundDown(value + to - 1n, to);
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

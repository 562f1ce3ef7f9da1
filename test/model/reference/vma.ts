// VMAs of one process: an array sorted by start, and the surgery on it.
import { SOFTDIRTY_STICKS_IN_B } from './choices.ts';
import { type Kernel, max } from './kernel.ts';

/** VM flags that the semantics name. */
export const VM = {
  READ: 1,
  WRITE: 1 << 1,
  EXEC: 1 << 2,
  SHARED: 1 << 3,
  MAYREAD: 1 << 4,
  MAYWRITE: 1 << 5,
  MAYEXEC: 1 << 6,
  MAYSHARE: 1 << 7,
  HUGEPAGE: 1 << 8,
  NOHUGEPAGE: 1 << 9,
  SOFTDIRTY: 1 << 10,
  SYNC: 1 << 11,
  RAND_READ: 1 << 12,
  SEQ_READ: 1 << 13,
  DONTDUMP: 1 << 14,
  DONTCOPY: 1 << 15,
} as const;

export const VM_ACCESS = VM.READ | VM.WRITE | VM.EXEC;

export type OpenMode = 'rw' | 'r' | 'w';

/** An open file description: VMAs of different ones never merge. */
export interface OpenFile {
  readonly mode: OpenMode;
  /** The bind it was opened under; dead after an unbind. */
  readonly generation: number;
}

export interface Vma {
  start: bigint;
  end: bigint;
  /** Bytes into the file at `start`. */
  offset: bigint;
  flags: number;
  readonly file: OpenFile;
}

export function flagNames(flags: number): readonly string[] {
  return Object.entries(VM)
    .filter(([, bit]) => flags & bit)
    .map(([name]) => name)
    .sort();
}

/** Index of the first VMA that ends above `va`. */
export function lowerBound(vmas: readonly Vma[], va: bigint): number {
  let low = 0;
  let high = vmas.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (vmas[middle]!.end > va) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function vmaAt(vmas: readonly Vma[], va: bigint): Vma | undefined {
  const vma = vmas[lowerBound(vmas, va)];
  return vma && vma.start <= va ? vma : undefined;
}

export function overlaps(vmas: readonly Vma[], start: bigint, end: bigint): boolean {
  const vma = vmas[lowerBound(vmas, start)];
  return vma !== undefined && vma.start < end;
}

export function vmasIn(vmas: readonly Vma[], start: bigint, end: bigint): Vma[] {
  const found: Vma[] = [];
  for (let i = lowerBound(vmas, start); i < vmas.length && vmas[i]!.start < end; i++) {
    found.push(vmas[i]!);
  }
  return found;
}

type Shape = Pick<Vma, 'start' | 'end' | 'offset' | 'flags' | 'file'>;

/** Same file, same flags but VM_SOFTDIRTY, adjacent, offsets running on. */
export function mergeable(low: Shape | undefined, high: Shape | undefined): boolean {
  if (!low || !high) return false;
  return (
    low.end === high.start &&
    low.file === high.file &&
    ((low.flags ^ high.flags) & ~VM.SOFTDIRTY) === 0 &&
    low.offset + (low.end - low.start) === high.offset
  );
}

/** VM_SOFTDIRTY that a merge carries over from the VMAs that vanish in it. */
export function stickyFlags(kernel: Kernel, merged: readonly Shape[]): number {
  if (!SOFTDIRTY_STICKS_IN_B || kernel !== 'refcount') return 0;
  return merged.reduce((flags, each) => flags | (each.flags & VM.SOFTDIRTY), 0);
}

/** Cuts `vma` at `va`; the caller has asked may_split. Returns the upper part. */
export function split(vmas: Vma[], vma: Vma, va: bigint): Vma {
  const upper = { ...vma, start: va, offset: vma.offset + (va - vma.start) };
  vma.end = va;
  vmas.splice(vmas.indexOf(vma) + 1, 0, upper);
  return upper;
}

export function remove(vmas: Vma[], vma: Vma): void {
  vmas.splice(vmas.indexOf(vma), 1);
}

/** Puts a new VMA into free space, merged with its neighbours where they fit. */
export function insertVma(kernel: Kernel, vmas: Vma[], fresh: Vma, merge = true): Vma {
  const at = lowerBound(vmas, max(fresh.start, 0n));
  const low = vmas[at - 1];
  const high = vmas[at];
  const left = merge && mergeable(low, fresh);
  const right = merge && mergeable(fresh, high);
  if (left && right) {
    low!.flags |= stickyFlags(kernel, [fresh, high!]);
    low!.end = high!.end;
    vmas.splice(at, 1);
    return low!;
  }
  if (left) {
    low!.flags |= stickyFlags(kernel, [fresh]);
    low!.end = fresh.end;
    return low!;
  }
  if (right) {
    high!.flags |= stickyFlags(kernel, [fresh]);
    high!.start = fresh.start;
    high!.offset = fresh.offset;
    return high!;
  }
  vmas.splice(at, 0, fresh);
  return fresh;
}

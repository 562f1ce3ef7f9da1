import * as abi from '../wasm/abi.ts';
import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import { modify } from './modify.ts';
import { madvisePopulate } from './populate.ts';
import type { Process } from './process.ts';
import { eachPart, hasHole, rangeEnd } from './range.ts';
import type { Vma } from './vma.ts';

/**
 * What madvise advises, by the kernel's names without MADV_. Device-DAX refuses some (semantics 4.4).
 */
export type Advice =
  | 'normal'
  | 'random'
  | 'sequential'
  | 'willneed'
  | 'free'
  | 'remove'
  | 'hugepage'
  | 'nohugepage'
  | 'mergeable'
  | 'cold'
  | 'pageout'
  | 'wipeonfork'
  | 'dontfork'
  | 'dontdump'
  | 'collapse'
  | 'populateRead'
  | 'populateWrite'
  | 'dontneed'
  | 'dontneedLocked';

/** Advice that device-DAX refuses, mapping by mapping (semantics 4.4). */
const REFUSED: Partial<Record<Advice, Errno>> = {
  free: 'EINVAL',
  wipeonfork: 'EINVAL',
  collapse: 'EINVAL',
  remove: 'ENODEV',
};

function refusal(advice: Advice, { flags }: Vma): Errno | undefined {
  // Asked before the file is: vma_is_shared_maywrite.
  if (advice === 'remove' && !(flags & abi.VM_SHARED && flags & abi.VM_MAYWRITE)) return 'EACCES';
  return REFUSED[advice];
}

/** Advice that is only a flag of the mapping: what it clears, then sets. */
const FLAGS: Partial<Record<Advice, readonly [clear: number, set: number]>> = {
  normal: [abi.VM_RAND_READ | abi.VM_SEQ_READ, 0],
  random: [abi.VM_SEQ_READ, abi.VM_RAND_READ],
  sequential: [abi.VM_RAND_READ, abi.VM_SEQ_READ],
  hugepage: [abi.VM_NOHUGEPAGE, abi.VM_HUGEPAGE],
  nohugepage: [abi.VM_HUGEPAGE, abi.VM_NOHUGEPAGE],
  dontfork: [0, abi.VM_DONTCOPY],
  dontdump: [0, abi.VM_DONTDUMP],
};

function changeFlags(
  process: Process,
  vma: Vma,
  from: bigint,
  to: bigint,
  [clear, set]: readonly [clear: number, set: number],
): Errno | undefined {
  const next = (vma.flags & ~clear) | set;
  if (next === vma.flags || modify(process, vma, from, to, next)) return undefined;
  return 'EINVAL';
}

/**
 * madvise(2) on whole 4 KiB pages.
 *
 * Source: semantics 4.4, 7.4. DONTNEED drops every leaf the range touches, huge ones whole even where
 * it covers a part; it splits no mapping, so may_split does not stop it.
 */
export function madvise(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
  advice: Advice,
): SyscallResult<void> {
  if (start % 4096n) return fail('EINVAL');
  const end = rangeEnd(start, lengthBytes);
  if (end === start) return succeed(undefined);
  if (advice === 'populateRead' || advice === 'populateWrite') {
    return madvisePopulate(process, start, end, advice === 'populateWrite');
  }
  const hole = hasHole(process, start, end);
  const errno = eachPart(process, start, end, (vma, from, to) => {
    const refused = refusal(advice, vma);
    if (refused) return refused;
    const flags = FLAGS[advice];
    if (flags) return changeFlags(process, vma, from, to, flags);
    const { core } = process.system.machine;
    if (advice === 'dontneed' || advice === 'dontneedLocked') {
      core.dontneed(process.descriptor(vma), from, to);
      // Nothing to age on DAX, but the walk drops 1G leaves (semantics 8).
    } else if (advice === 'cold' || advice === 'pageout') {
      core.dropGiants(process.descriptor(vma), from, to);
    }
    return undefined;
  });
  if (errno) return fail(errno);
  // The rest was advised all the same (mm/madvise.c: madvise_walk_vmas).
  return hole ? fail('ENOMEM') : succeed(undefined);
}

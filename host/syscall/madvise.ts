import * as abi from '../wasm/abi.ts';
import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import { modify } from './modify.ts';
import { populate } from './populate.ts';
import type { Process } from './process.ts';
import type { Vma } from './vma.ts';

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

/** Advice that device-DAX refuses (semantics 4.4). */
const REFUSED: Partial<Record<Advice, Errno>> = {
  free: 'EINVAL',
  wipeonfork: 'EINVAL',
  collapse: 'EINVAL',
  remove: 'ENODEV',
};

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

/** Calls `act` on each mapping's part of the range; stops at the first error. */
function eachPart(
  process: Process,
  start: bigint,
  end: bigint,
  act: (vma: Vma, from: bigint, to: bigint) => Errno | undefined,
): SyscallResult<void> {
  for (const vma of process.overlapping(start, end)) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    const errno = act(vma, from, to);
    if (errno) return fail(errno);
  }
  return succeed(undefined);
}

/** What a page walker without a PUD callback does to 1G leaves: each is dropped (semantics 8). */
function dropGiant(process: Process, vma: Vma, from: bigint, to: bigint): void {
  const { machine, device } = process.system;
  if (device.align !== '1G') return;
  for (
    let at = from;
    at < to;
    at = (at / BigInt(device.unitBytes) + 1n) * BigInt(device.unitBytes)
  ) {
    // Hitting a part of a leaf drops all of it, exactly as the walker's split does.
    machine.core.dontneed(process.descriptor(vma), at, at + 4096n);
  }
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
  const end = start + ((lengthBytes + 4095n) / 4096n) * 4096n;
  const refused = REFUSED[advice];
  if (refused) return fail(refused);
  if (advice === 'populateRead' || advice === 'populateWrite') {
    return populate(process, start, end, advice === 'populateWrite');
  }
  const flags = FLAGS[advice];
  if (flags) {
    const [clear, set] = flags;
    return eachPart(process, start, end, (vma, from, to) => {
      const next = (vma.flags & ~clear) | set;
      if (next === vma.flags) return undefined;
      return modify(process, vma, from, to, next) ? undefined : 'EINVAL';
    });
  }
  return eachPart(process, start, end, (vma, from, to) => {
    if (advice === 'dontneed' || advice === 'dontneedLocked') {
      process.system.machine.core.dontneed(process.descriptor(vma), from, to);
    } else if (advice === 'cold' || advice === 'pageout') dropGiant(process, vma, from, to);
    return undefined;
  });
}

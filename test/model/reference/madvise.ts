// madvise: every value of 4.4 and the plain ones beside them.
import { RECLAIM_NEEDS_WHOLE_SLOT } from './choices.ts';
import { counts, type Errno, max, min, PAGE, PMD_SIZE, roundUp } from './kernel.ts';
import { walkDrops1G, zapRange } from './leaf.ts';
import { madvisePopulate } from './populate.ts';
import { changeFlags, nextVma } from './protect.ts';
import { VM, type Vma } from './vma.ts';
import type { Process, World } from './world.ts';

export type Advice =
  | 'NORMAL'
  | 'RANDOM'
  | 'SEQUENTIAL'
  | 'WILLNEED'
  | 'DONTNEED'
  | 'DONTNEED_LOCKED'
  | 'FREE'
  | 'REMOVE'
  | 'DONTFORK'
  | 'DOFORK'
  | 'MERGEABLE'
  | 'UNMERGEABLE'
  | 'HUGEPAGE'
  | 'NOHUGEPAGE'
  | 'COLLAPSE'
  | 'DONTDUMP'
  | 'DODUMP'
  | 'WIPEONFORK'
  | 'KEEPONFORK'
  | 'COLD'
  | 'PAGEOUT'
  | 'POPULATE_READ'
  | 'POPULATE_WRITE';

/** Advice that sets and clears VM flags: [set, clear]. */
const FLAG_ADVICE: Partial<Record<Advice, readonly [number, number]>> = {
  NORMAL: [0, VM.RAND_READ | VM.SEQ_READ],
  RANDOM: [VM.RAND_READ, VM.SEQ_READ],
  SEQUENTIAL: [VM.SEQ_READ, VM.RAND_READ],
  DONTFORK: [VM.DONTCOPY, 0],
  DOFORK: [0, VM.DONTCOPY],
  DONTDUMP: [VM.DONTDUMP, 0],
  DODUMP: [0, VM.DONTDUMP],
  HUGEPAGE: [VM.HUGEPAGE, VM.NOHUGEPAGE],
  NOHUGEPAGE: [VM.NOHUGEPAGE, VM.HUGEPAGE],
};

/** B: DONTNEED frees PTE tables that it has emptied (7.4). */
function reclaimTables(world: World, process: Process, start: bigint, end: bigint): void {
  if (!counts(world.kernel) || world.size !== '4K') return;
  const last = (end - 1n) / PMD_SIZE;
  const free = (slot: bigint) => {
    const low = slot * PMD_SIZE;
    const whole = start <= low && low + PMD_SIZE <= end;
    if (RECLAIM_NEEDS_WHOLE_SLOT && !whole) return;
    for (let page = low / PAGE; page < (low + PMD_SIZE) / PAGE; page++) {
      if (process.leaves.has(page)) return;
    }
    process.pteTables.delete(slot);
  };
  for (const slot of [...process.pteTables]) {
    if (slot >= start / PMD_SIZE && slot <= last) free(slot);
  }
}

function adviseVma(
  world: World,
  process: Process,
  vma: Vma,
  start: bigint,
  end: bigint,
  advice: Advice,
): Errno | null {
  const change = FLAG_ADVICE[advice];
  if (change) {
    const flags = (vma.flags & ~change[1]) | change[0];
    return flags === vma.flags ? null : changeFlags(world, process, vma, start, end, flags);
  }
  switch (advice) {
    case 'DONTNEED':
    case 'DONTNEED_LOCKED':
      zapRange(world, process, vma, start, end);
      reclaimTables(world, process, start, end);
      return null;
    case 'COLD':
    case 'PAGEOUT':
      walkDrops1G(world, process, start, end);
      return null;
    case 'FREE':
    case 'WIPEONFORK':
    case 'COLLAPSE':
      return 'EINVAL';
    case 'REMOVE':
      return vma.flags & VM.SHARED && vma.flags & VM.MAYWRITE ? 'ENODEV' : 'EACCES';
    default:
      return null;
  }
}

export function madvise(
  world: World,
  process: Process,
  start: bigint,
  bytes: bigint,
  advice: Advice,
): Errno | null {
  if (start % PAGE !== 0n) return 'EINVAL';
  const end = start + roundUp(bytes, PAGE);
  if (end > 1n << 64n) return 'EINVAL';
  if (end === start) return null;
  if (advice === 'POPULATE_READ') return madvisePopulate(world, process, start, end, false);
  if (advice === 'POPULATE_WRITE') return madvisePopulate(world, process, start, end, true);
  let hole = false;
  let at = start;
  while (at < end) {
    const vma = nextVma(process, at, end);
    if (!vma) return 'ENOMEM';
    if (vma.start > at) hole = true;
    const low = max(vma.start, at);
    const stop = min(vma.end, end);
    const refused = adviseVma(world, process, vma, low, stop, advice);
    if (refused) return refused;
    at = stop;
  }
  return hole ? 'ENOMEM' : null;
}

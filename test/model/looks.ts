// Looks through /proc and mincore: what they show, compared; what they do shows in the state.

import { readNumaMaps } from '../../host/proc/numaMaps.ts';
import { PAGEMAP, readPagemap } from '../../host/proc/pagemap.ts';
import { readSmaps } from '../../host/proc/smaps.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { mincore } from '../../host/syscall/mincore.ts';
import { kindOf, type Op, pick, placeIn } from './operation.ts';
import type { PagemapEntry } from './reference/procfs.ts';
import type { Pair, Sides } from './sides.ts';

/** VmFlags of smaps by the model's names. */
const SHORT: Readonly<Record<string, string>> = {
  READ: 'rd',
  WRITE: 'wr',
  EXEC: 'ex',
  SHARED: 'sh',
  MAYREAD: 'mr',
  MAYWRITE: 'mw',
  MAYEXEC: 'me',
  MAYSHARE: 'ms',
  HUGEPAGE: 'hg',
  NOHUGEPAGE: 'nh',
  SOFTDIRTY: 'sd',
  SYNC: 'sf',
  RAND_READ: 'rr',
  SEQ_READ: 'sr',
  DONTDUMP: 'dd',
  DONTCOPY: 'dc',
};

function lookAtSmaps(sides: Sides, { emulated, model }: Pair): void {
  sides.same(
    'smaps',
    readSmaps(emulated).map((each) => ({
      start: each.start,
      end: each.end,
      offset: each.offsetBytes,
      rss: each.rssBytes / 1024,
      pss: Math.floor(each.pssBytes / 1024),
      sharedClean: each.sharedCleanBytes / 1024,
      sharedDirty: each.sharedDirtyBytes / 1024,
      privateClean: each.privateCleanBytes / 1024,
      privateDirty: each.privateDirtyBytes / 1024,
      referenced: each.referencedBytes / 1024,
      kernelPageSize: each.pageBytes / 1024,
      flags: [...each.vmFlags].sort(),
    })),
    sides.model
      .smaps(model)
      .map((each) => ({ ...each, flags: each.flags.map((flag) => SHORT[flag]).sort() })),
  );
}

function entryOf(word: bigint): PagemapEntry {
  return {
    present: (word & PAGEMAP.present) !== 0n,
    file: (word & PAGEMAP.file) !== 0n,
    exclusive: (word & PAGEMAP.exclusive) !== 0n,
    softDirty: (word & PAGEMAP.softDirty) !== 0n,
  };
}

function lookAtPages(sides: Sides, op: Op, { emulated, model }: Pair): void {
  const [kind, , a, b, c] = [kindOf(op), ...op.slice(1)] as [string, ...number[]];
  const va = placeIn(pick(model.vmas, a as number), sides.unit, a as number, b as number);
  const pages = pick([1, 2, 3, 8, 600], c as number);
  if (kind === 'pagemap') {
    const words = Array.from(readPagemap(emulated, va, pages), entryOf);
    sides.same('pagemap', words, sides.model.pagemap(model, va, pages));
    return;
  }
  const bytes = BigInt(pages) * 4096n;
  const got = mincore(emulated, va, bytes);
  const known = sides.model.mincore(model, va, bytes);
  if ('errno' in known) sides.same('mincore', got.ok ? '' : got.errno, known.errno);
  else sides.same('mincore', got.ok && Array.from(got.value, (each) => each === 1), known.resident);
}

/** smaps, pagemap, numa_maps, mincore and writes to clear_refs. */
export function compareLook(sides: Sides, op: Op, pair: Pair): void {
  switch (kindOf(op)) {
    case 'smaps':
      lookAtSmaps(sides, pair);
      return;
    case 'numaMaps':
      readNumaMaps(pair.emulated);
      sides.model.numaMaps(pair.model);
      return;
    case 'clearRefs': {
      const what = pick([1, 2, 3, 4] as const, op[2]);
      sides.doing += ` clear_refs ${what}`;
      clearRefs(pair.emulated, what);
      sides.model.clearRefs(pair.model, what);
      return;
    }
    default:
      lookAtPages(sides, op, pair);
  }
}

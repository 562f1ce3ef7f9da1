// FOLL_TOUCH of the slow GUP walk (6.4).
import { READ_TOUCH_SETS_ACCESSED, TOUCH_SPARES_DIRTY_ENTRY } from './choices.ts';
import { A, isDirty, makeDirty } from './entry.ts';
import type { Folio } from './folio.ts';
import { counts } from './kernel.ts';
import { folioAt } from './leaf.ts';
import type { Process, World } from './world.ts';

/** 4K: the entry is left alone, the page is marked. */
function markPage(world: World, folio: Folio, entry: bigint, write: boolean): void {
  const spared = TOUCH_SPARES_DIRTY_ENTRY && isDirty(entry);
  if (write && !spared) folio.dirty = true;
  folio.markAccessed(world.kernel);
}

/** One leaf reached by the slow walk with a page behind it. */
export function markTouched(world: World, process: Process, va: bigint, write: boolean): void {
  const key = va / world.unit;
  const entry = process.leaves.get(key)!;
  if (world.size === '4K') {
    markPage(world, folioAt(world, entry), entry, write);
    return;
  }
  if (world.size === '1G' && counts(world.kernel)) return;
  if (write) process.leaves.set(key, makeDirty(entry | A));
  else if (READ_TOUCH_SETS_ACCESSED) process.leaves.set(key, entry | A);
}

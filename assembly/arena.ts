/*
 * Page tables: 4 KiB each, bump-allocated, freed to a list threaded through their first word.
 * A table's address in the bank is its physical address; the device lies above 4 GiB.
 */
import {
  CONTROL, CTL_ARENA_END, CTL_ARENA_FAIL_AFTER, CTL_ARENA_FREE, CTL_ARENA_LIVE, CTL_ARENA_TOP,
} from './layout';
import { TABLE_ALLOC, TABLE_FREE, count } from './ledger';

@inline export const TABLE_BYTES: u32 = 4096;

function mayFail(): bool {
  const left = load<i32>(CONTROL, CTL_ARENA_FAIL_AFTER);
  if (left < 0) return false;
  if (left == 0) return true;
  store<i32>(CONTROL, left - 1, CTL_ARENA_FAIL_AFTER);
  return false;
}

/** A zeroed table (the kernel allocates them with __GFP_ZERO), or 0 when there is none. */
export function allocTable(): usize {
  if (mayFail()) return 0;
  let table: usize = load<u32>(CONTROL, CTL_ARENA_FREE);
  if (table) {
    store<u32>(CONTROL, load<u32>(table), CTL_ARENA_FREE);
  } else {
    table = load<u32>(CONTROL, CTL_ARENA_TOP);
    if (<u32>table >= load<u32>(CONTROL, CTL_ARENA_END)) return 0;
    store<u32>(CONTROL, <u32>table + TABLE_BYTES, CTL_ARENA_TOP);
  }
  memory.fill(table, 0, TABLE_BYTES);
  store<u32>(CONTROL, load<u32>(CONTROL, CTL_ARENA_LIVE) + 1, CTL_ARENA_LIVE);
  count(TABLE_ALLOC);
  return table;
}

export function freeTable(table: usize): void {
  store<u32>(table, load<u32>(CONTROL, CTL_ARENA_FREE));
  store<u32>(CONTROL, <u32>table, CTL_ARENA_FREE);
  store<u32>(CONTROL, load<u32>(CONTROL, CTL_ARENA_LIVE) - 1, CTL_ARENA_LIVE);
  count(TABLE_FREE);
}

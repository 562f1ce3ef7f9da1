/*
 * Page tables: 4 KiB each, bump-allocated, freed to a list threaded through their first word.
 * A table's address in the bank is its physical address; the device lies above 4 GiB.
 *
 * Every thread has a magazine of free tables. A thread alone keeps all of them in its own, last in
 * first out, and locks nothing. Several threads keep a few each and give the rest to the pool; who
 * finds neither there nor in the arena takes another's before it is out of memory. The locks are
 * the emulator's own: in the kernel this is the page allocator, which nothing here stands for.
 */
import {
  CONTROL, CTL_ARENA_END, CTL_ARENA_FAIL_AFTER, CTL_ARENA_TOP, CTL_THREADS, MAGAZINES,
  MAGAZINE_BYTES, MAG_FIRST, MAG_LIVE, MAG_LOCK, MAG_TABLES, POOL, THREADS_MAX,
} from './layout';
import { TABLE_ALLOC, TABLE_FREE, count } from './ledger';
import { lockQuietly, unlockQuietly } from './lock';

@inline export const TABLE_BYTES: u32 = 4096;
/** Tables in the magazine of one thread of several. */
@inline const MAGAZINE_MAX: u32 = 64;
/** Tables that go to the pool or come from it at once. */
@inline const BATCH: u32 = 32;

let magazine: usize = MAGAZINES;

export function attachArena(thread: u32): void {
  magazine = MAGAZINES + thread * MAGAZINE_BYTES;
}

@inline function shared(): bool {
  return load<u32>(CONTROL, CTL_THREADS) > 1;
}

/** fail-after-N, for tests: whether this allocation is one that fails. */
function mayFail(): bool {
  let left = load<i32>(CONTROL, CTL_ARENA_FAIL_AFTER);
  while (left > 0) {
    const seen = atomic.cmpxchg<i32>(CONTROL + CTL_ARENA_FAIL_AFTER, left, left - 1);
    if (seen == left) return false;
    left = seen;
  }
  return left == 0;
}

/** Onto a list; the caller holds its lock, where it needs one. */
@inline function push(list: usize, table: usize): void {
  store<u32>(table, load<u32>(list, MAG_FIRST));
  store<u32>(list, <u32>table, MAG_FIRST);
  store<u32>(list, load<u32>(list, MAG_TABLES) + 1, MAG_TABLES);
}

/** From a list, or 0. */
@inline function pop(list: usize): usize {
  const table: usize = load<u32>(list, MAG_FIRST);
  if (!table) return 0;
  store<u32>(list, load<u32>(table), MAG_FIRST);
  store<u32>(list, load<u32>(list, MAG_TABLES) - 1, MAG_TABLES);
  return table;
}

/** A table that never was one, or 0. */
@inline function cut(): usize {
  const table: usize = load<u32>(CONTROL, CTL_ARENA_TOP);
  if (<u32>table >= load<u32>(CONTROL, CTL_ARENA_END)) return 0;
  store<u32>(CONTROL, <u32>table + TABLE_BYTES, CTL_ARENA_TOP);
  return table;
}

/** Up to `tables` from one list to another. */
function movePart(from: usize, to: usize, tables: u32): void {
  for (let i: u32 = 0; i < tables; i++) {
    const table = pop(from);
    if (!table) return;
    push(to, table);
  }
}

/** A thread of several: its own, the pool's, a new one, another thread's. */
function takeShared(): usize {
  lockQuietly(magazine + MAG_LOCK);
  let table = pop(magazine);
  if (!table) {
    lockQuietly(POOL + MAG_LOCK);
    table = pop(POOL);
    if (table) movePart(POOL, magazine, BATCH - 1);
    else table = cut();
    unlockQuietly(POOL + MAG_LOCK);
  }
  unlockQuietly(magazine + MAG_LOCK);
  return table ? table : steal();
}

/** Another thread's, one that nobody needs now. */
function steal(): usize {
  for (let thread: u32 = 0; thread < THREADS_MAX; thread++) {
    const other: usize = MAGAZINES + thread * MAGAZINE_BYTES;
    if (!load<u32>(other, MAG_FIRST)) continue;
    lockQuietly(other + MAG_LOCK);
    const table = pop(other);
    unlockQuietly(other + MAG_LOCK);
    if (table) return table;
  }
  return 0;
}

/** A thread alone: its own, what threads before it left in the pool, a new one. */
@inline function takeAlone(): usize {
  const table = pop(magazine);
  if (table) return table;
  return load<u32>(POOL, MAG_FIRST) ? pop(POOL) : cut();
}

function giveShared(table: usize): void {
  lockQuietly(magazine + MAG_LOCK);
  push(magazine, table);
  if (load<u32>(magazine, MAG_TABLES) > MAGAZINE_MAX) {
    lockQuietly(POOL + MAG_LOCK);
    movePart(magazine, POOL, BATCH);
    unlockQuietly(POOL + MAG_LOCK);
  }
  unlockQuietly(magazine + MAG_LOCK);
}

@inline function addLive(by: i32): void {
  store<i32>(magazine, load<i32>(magazine, MAG_LIVE) + by, MAG_LIVE);
}

/** A zeroed table (the kernel allocates them with __GFP_ZERO), or 0 when there is none. */
export function allocTable(): usize {
  if (mayFail()) return 0;
  const table = shared() ? takeShared() : takeAlone();
  if (!table) return 0;
  memory.fill(table, 0, TABLE_BYTES);
  addLive(1);
  count(TABLE_ALLOC);
  return table;
}

export function freeTable(table: usize): void {
  if (shared()) giveShared(table);
  else push(magazine, table);
  addLive(-1);
  count(TABLE_FREE);
}

/** A thread's end: its free tables are everybody's. */
export function detachArena(): void {
  lockQuietly(magazine + MAG_LOCK);
  lockQuietly(POOL + MAG_LOCK);
  movePart(magazine, POOL, load<u32>(magazine, MAG_TABLES));
  unlockQuietly(POOL + MAG_LOCK);
  unlockQuietly(magazine + MAG_LOCK);
}

// Ways to break the core that one thread cannot see: test/race must notice them.

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const THREAD_MUTANTS = [
  {
    name: 'a reference is added by a load and a store',
    file: 'ref.ts',
    find: '  return raced(look(head + RECORD_REFCOUNT), atomic.add<i32>(head, by, RECORD_REFCOUNT));',
    replace:
      '  const plain = load<i32>(head, RECORD_REFCOUNT);\n  store<i32>(head, plain + by, RECORD_REFCOUNT);\n  return plain;',
  },
  {
    name: 'try_get_folio stores what it added to what it saw',
    file: 'ref.ts',
    find: '  return atomic.cmpxchg<i32>(head, seen, seen + by, RECORD_REFCOUNT);',
    replace:
      '  atomic.wait<i32>(head + RECORD_REFCOUNT, seen, 50000);\n  store<i32>(head, seen + by, RECORD_REFCOUNT);\n  return seen;',
  },
  {
    name: 'the second faulter of a huge leaf does not look again',
    file: 'fault.ts',
    find: '  lockHuge(mm, slot, order);\n  if (DETAIL >= FULL && load<u64>(slot)) {',
    replace: '  atomic.wait<i32>(slot, 0, 50000);\n  lockHuge(mm, slot, order);\n  if (false) {',
  },
  {
    name: 'the second faulter of a PTE does not look again',
    file: 'fault.ts',
    find: '  let token: u64 = 0;\n  if (DETAIL >= FULL && load<u64>(slot)) {',
    replace: '  let token: u64 = 0;\n  if (false) {',
  },
  {
    name: 'a PTE table that went is filled all the same',
    file: 'walk.ts',
    find: '  return DETAIL < FULL || tableOf(atomic.load<u64>(pmdSlot)) >> 12 == slot >> 12;',
    replace: '  return true;',
  },
  {
    name: 'the loser of two new tables installs its own',
    file: 'walk.ts',
    find: '  const there = DETAIL >= FULL ? load<u64>(slot) : 0;',
    replace: '  const there: u64 = 0;',
  },
  {
    name: 'the table of a loser is lost',
    file: 'walk.ts',
    find: '  freeTable(table);\n  return tableOf(there);',
    replace: '  return tableOf(there);',
  },
  {
    name: 'a spinlock is free for everybody',
    file: 'lock.ts',
    find: '  if (atomic.cmpxchg<u32>(at, 0, 1) != 0) acquireTaken(at);',
    replace: '  atomic.cmpxchg<u32>(at, 0, 1);',
  },
  {
    name: 'two zaps clear one huge leaf',
    file: 'zap.ts',
    find: '    unlockHuge(mm, slot, order);\n    return;\n  }\n  const entry = clearEntry(slot);',
    replace: '  }\n  const entry = clearEntry(slot);',
  },
  {
    name: 'a table that was filled again is freed',
    file: 'zap.ts',
    find: '      letGo = true;',
    replace: '      atomic.wait<i32>(table, load<i32>(table), 2000000);',
  },
  {
    name: 'the processor writes A and D over what is there',
    file: 'access.ts',
    find: '  return permits(entry, write) && atomic.cmpxchg<u64>(slot, entry, entry | bits) == entry;',
    replace: '  store<u64>(slot, entry | bits);\n  return true;',
  },
  {
    name: 'a slow grab does not look again under the lock',
    file: 'gupSlow.ts',
    find: '  if (there && leafPermits(flags)) return true;',
    replace: '  if (there) return true;',
  },
  {
    name: 'a magazine is lost with its thread',
    file: 'arena.ts',
    find: '  movePart(magazine, POOL, load<u32>(magazine, MAG_TABLES));',
    replace: '  store<u32>(magazine, 0, MAG_FIRST);\n  store<u32>(magazine, 0, MAG_TABLES);',
  },
];

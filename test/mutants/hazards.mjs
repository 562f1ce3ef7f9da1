// Ways to break the third kernel, the order guard, and what failing allocations and full counters do.

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const HAZARD_MUTANTS = [
  {
    name: 'huge leaves of refcount-6.15 are ordinary ones',
    file: 'entry.ts',
    find: '  if (KERNEL == REFCOUNT_6_15) entry |= SPECIAL;',
    replace: '',
  },
  {
    name: 'GUP-fast takes a SPECIAL leaf',
    file: 'gup.ts',
    find: '  return SPECIAL;',
    replace: '  return 0;',
  },
  {
    name: 'what GUP-fast leaves of a storm is not got the slow way',
    file: 'storm.ts',
    find: 'gupRest(vma, va, pages, got, flags) != pages',
    replace: 'got != pages',
  },
  {
    name: 'the order guard lets any order in',
    file: 'fault.ts',
    find: '  if (!GUARD || KERNEL == DEVMAP || folioOrder(head) == order) return false;',
    replace: '  return false;',
  },
  {
    name: 'the order guard says nothing',
    file: 'fault.ts',
    find: '  warn(WARN_ORDER);',
    replace: '',
  },
  {
    name: 'an order is read of pages that are no heads',
    file: 'page.ts',
    find: '  if (!(load<u64>(head, PG_FLAGS) & (1 << PG_HEAD_BIT))) return 0;',
    replace: '',
  },
  {
    name: 'only the first page of a huge leaf learns its mapping where there are no compound pages',
    file: 'page.ts',
    find: '  return !PACKED && leafOrder != order ? setMappings(page) : setMapping(head, page, true);',
    replace: '  return setMapping(head, page, true);',
  },
  {
    name: 'a huge leaf finds its folio by arithmetic, off its unit too',
    file: 'page.ts',
    find: '  return !PACKED && outOfOrder ? folioOf(page) : headRecord(page);',
    replace: '  return headRecord(page);',
  },
  {
    name: 'refcount-6.15 finds heads by mask',
    file: 'switches.ts',
    find: 'MASK_TAILS: bool = KERNEL == REFCOUNT;',
    replace: 'MASK_TAILS: bool = KERNEL != DEVMAP;',
  },
  {
    name: 'an unaligned offset is mapped without a word',
    file: 'fault.ts',
    find: '  warn(WARN_UNALIGNED_OFFSET);',
    replace: '',
  },
  {
    name: 'a refcounted kernel puts an unaligned address into the entry',
    file: 'fault.ts',
    find: 'physOf(KERNEL == DEVMAP ? page : page & ~((1 << deviceOrder()) - 1))',
    replace: 'physOf(page)',
  },
  {
    name: 'the spare PTE table leaks where the second one cannot be had',
    file: 'fault.ts',
    find: '  if (spare) freeTable(spare);',
    replace: '  if (spare && statusOf(result) == OK) freeTable(spare);',
  },
  {
    name: 'a table that cannot be had ends in SIGBUS',
    file: 'fault.ts',
    find: '  if (!slot) return OOM;\n  return insertPte',
    replace: '  if (!slot) return SIGBUS;\n  return insertPte',
  },
  {
    name: 'try_get_folio takes a negative count',
    file: 'ref.ts',
    find: '  if (seen <= 0) return refuse(seen);',
    replace: '  if (seen == 0) return refuse(seen);',
  },
  {
    name: 'try_get_folio refuses a negative count without a word',
    file: 'ref.ts',
    find: '  if (seen < 0) warn(WARN_NEGATIVE);',
    replace: '',
  },
  {
    name: 'try_grab_folio takes a count of 0',
    file: 'gupSlow.ts',
    find: '  if (load<i32>(head, RECORD_REFCOUNT) <= 0) {',
    replace: '  if (load<i32>(head, RECORD_REFCOUNT) < 0) {',
  },
  {
    name: 'try_grab_folio refuses without a word',
    file: 'gupSlow.ts',
    find: '    warn(WARN_NOT_POSITIVE);',
    replace: '',
  },
  {
    name: 'undoing a devmap leaf leaves its folio referenced',
    file: 'gup.ts',
    find: '    clearReferenced(flagsAt(head));',
    replace: '',
  },
];

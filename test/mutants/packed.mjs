// Ways to break packed records alone: test/model/packed.test.ts must notice every one.

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const PACKED_MUTANTS = [
  {
    name: 'a page has the flags of the next',
    file: 'record.ts',
    find: '  flagOrigin = records + counters - (records >> flagShift);',
    replace: '  flagOrigin = records + counters + 1 - (records >> flagShift);',
  },
  {
    name: 'nobody remembers that a mapping was set',
    file: 'record.ts',
    find: '    if (DETAIL >= FULL) atomic.or<u8>(at, <u8>MAPPING_KNOWN);\n    else store<u8>(at, <u8>(flags | MAPPING_KNOWN));\n',
    replace: '',
  },
  {
    name: 'a huge folio does not learn its file offset',
    file: 'record.ts',
    find: '    if (large) store<u64>(head, index, PACKED_INDEX);',
    replace: '',
  },
  {
    name: 'clearing a flag clears them all',
    file: 'record.ts',
    find: '  if (PACKED) atomic.and<u8>(at, <u8>mask);',
    replace: '  if (PACKED) atomic.and<u8>(at, 0);',
  },
  {
    name: 'the last page is not bound',
    file: 'record.ts',
    find: '  const end = first + ((<usize>pages) << PACKED_PAGE_SHIFT);',
    replace: '  const end = first + ((<usize>pages - 1) << PACKED_PAGE_SHIFT);',
  },
  {
    name: 'flags outlive the driver',
    file: 'record.ts',
    find: '  memory.fill(flagsAt(first), 0, pages);',
    replace: '',
  },
  {
    name: 'map counts of mms begin at 0',
    file: 'record.ts',
    find: '  store<u64>(head, ~0, PACKED_MM_ID_MAPCOUNT0);',
    replace: '',
  },
  {
    name: 'every page of a folio has a record',
    file: 'page.ts',
    find: '  if (PACKED) return folio;',
    replace: '  if (PACKED) return base + ((<usize>page) << shift);',
  },
  {
    name: 'huge folios have no order',
    file: 'page.ts',
    find: '  if (PACKED) return order;',
    replace: '  if (PACKED) return 0;',
  },
].map((mutant) => ({ ...mutant, packed: true }));

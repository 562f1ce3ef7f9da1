// Ways to break unbind, memory_failure, late puts and devices of several ranges.

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const UNBIND_MUTANTS = [
  {
    name: 'unbind leaves the device alive',
    file: 'teardown.ts',
    find: '  atomic.store<u32>(CONTROL, 0, CTL_ALIVE);',
    replace: '  atomic.store<u32>(CONTROL, 1, CTL_ALIVE);',
  },
  {
    name: 'an unbind keeps what it gathered',
    file: 'teardown.ts',
    find: '  closeGather();\n}',
    replace: '}',
  },
  {
    name: 'an unbind forgets the last page of a mapping',
    file: 'teardown.ts',
    find: '  const to = end < stop ? end : stop;',
    replace: '  const to = (end < stop ? end : stop) - 1;',
  },
  {
    name: 'what is poisoned is unmapped a page further',
    file: 'teardown.ts',
    find: '  const va = start + ((from - pgoff) << 12);',
    replace: '  const va = start + ((from - pgoff + (from > pgoff ? 1 : 0)) << 12);',
  },
  {
    name: 'an order-0 pin that is held counts as one reference',
    file: 'teardown.ts',
    find: '(large ? pins : pins * GUP_PIN_COUNTING_BIAS)',
    replace: 'pins',
  },
  {
    name: 'units are run together however many pins they have',
    file: 'teardown.ts',
    find: ' && load<u32>(at, 12) == pins',
    replace: '',
  },
  {
    name: 'a page that nobody faulted is poisoned',
    file: 'teardown.ts',
    find: '  if (known) setHwPoison(flagsAt(head));',
    replace: '  setHwPoison(flagsAt(head));',
  },
  {
    name: 'memory_failure keeps the pgmap',
    file: 'teardown.ts',
    find: '  putPgmap();\n',
    replace: '',
  },
  {
    name: 'a late unpin goes through',
    file: 'gup.ts',
    find: 'export function unpin(first: u32, pages: u32): u32 {\n  if (!load<u32>(CONTROL, CTL_ALIVE)) return tooLate(pages);',
    replace: 'export function unpin(first: u32, pages: u32): u32 {',
  },
  {
    name: 'a late put goes through',
    file: 'gup.ts',
    find: 'export function putPages(first: u32, pages: u32): u32 {\n  if (!load<u32>(CONTROL, CTL_ALIVE)) return tooLate(pages);',
    replace: 'export function putPages(first: u32, pages: u32): u32 {',
  },
  {
    name: 'an unbalanced put is not repaired',
    file: 'ref.ts',
    find: '  if (KERNEL != DEVMAP) store<i32>(head, 1, RECORD_REFCOUNT);',
    replace: '',
  },
  {
    name: 'an unbalanced put goes unnoticed',
    file: 'ref.ts',
    find: '  atomic.add<u32>(CONTROL, 1, CTL_ZERO_PUTS);',
    replace: '',
  },
  {
    name: 'poison is another flag',
    file: 'ref.ts',
    find: '  setFlags(flags, PAGE_HWPOISON);',
    replace: '  setFlags(flags, PAGE_DIRTY);',
  },
  {
    name: 'GUP keeps the pgmap beyond the first range',
    file: 'pgmap.ts',
    find: '    if (!beyondFirstRange(page)) return true;',
    replace: '    return true;',
  },
  {
    name: 'a second range takes the tree of the first',
    file: 'pgmap.ts',
    find: '      let below: usize = load<u32>(slot);',
    replace: '      let below: usize = 0;',
  },
  {
    name: 'a request may cross from one range into the next',
    file: 'range.ts',
    find: '  return page + pages <= <u64>load<u32>(range, RANGE_PAGE) + load<u32>(range, RANGE_PAGES);',
    replace: '  return true;',
  },
  {
    name: 'leaves of a second range point behind the first',
    file: 'page.ts',
    find: 'page < firstPages ? devicePhys + (<u64>page << 12) : physInRanges(page)',
    replace: 'devicePhys + (<u64>page << 12)',
  },
  {
    name: 'pages of a second range are counted from the first',
    file: 'page.ts',
    find: 'offset < pages ? <u32>offset : pageInRanges(physIn(entry))',
    replace: '<u32>offset',
  },
  {
    name: 'unmap_mapping_range takes no i_mmap lock',
    file: 'lock.ts',
    find: '  count(I_MMAP_LOCK_READ);\n',
    replace: '',
  },
];

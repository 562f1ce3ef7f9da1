// Twenty-odd ways to break the core, one small change each. The tests must notice every one.
import { HAZARD_MUTANTS } from './hazards.mjs';
import { PACKED_MUTANTS } from './packed.mjs';
import { RUN_MUTANTS } from './run.mjs';
import { SURFACE_MUTANTS } from './surface.mjs';
import { THREAD_MUTANTS } from './threads.mjs';
import { UNBIND_MUTANTS } from './unbind.mjs';

/**
 * @typedef {{
 *   readonly name: string,
 *   readonly file: string,
 *   readonly find: string,
 *   readonly replace: string,
 *   readonly packed?: boolean,
 * }} Mutant
 */

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  {
    name: 'a zapped page keeps its reference',
    file: 'gather.ts',
    find: '    if (REFERENCES) put(load<u32>(at) & ~DELAY_RMAP, 1);',
    replace: '',
  },
  {
    name: 'references go before the flush',
    file: 'gather.ts',
    find: 'function finishGather(): void {\n  flushTlb();\n  dropQueued();',
    replace: 'function finishGather(): void {\n  dropQueued();\n  flushTlb();',
  },
  {
    name: 'a dirty page forces no flush',
    file: 'zap.ts',
    find: '  if (awaitsFlush()) forceFlush(table);',
    replace: '  if (false) forceFlush(table);',
  },
  {
    name: 'a dirty 4K page does not dirty its folio',
    file: 'zap.ts',
    find: '  if (MARKS && dirty) markDirty(flags);',
    replace: '',
  },
  {
    name: 'a 1G zap marks accessed and dirty as a 2M one does',
    file: 'zap.ts',
    find: '  if (MARKS && order == 9) {',
    replace: '  if (order >= 9) {',
  },
  {
    name: 'a dropped leaf keeps its reference',
    file: 'zap.ts',
    find: '    if (REFERENCES) put(head, 1);',
    replace: '',
  },
  {
    name: 'the gather batch is one page short',
    file: 'gather.ts',
    find: '  return at == limit - 1;',
    replace: '  return at == limit - 2;',
  },
  {
    name: 'a table that a neighbour below still needs is freed',
    file: 'zap.ts',
    find: '  if (first < floor) return false;',
    replace: '',
  },
  {
    name: 'a huge fault takes no reference',
    file: 'fault.ts',
    find: '  if (REFERENCES) token += refAdd(head, 1);',
    replace: '',
  },
  {
    name: 'a 4K fault counts no mapping',
    file: 'fault.ts',
    find: '    before = mapcountAdd(record, 1);',
    replace: '    before = 0;',
  },
  {
    name: 'a 4K fault charges no page',
    file: 'fault.ts',
    find: '  if (STATISTICS) chargePages(mm, 1);',
    replace: '',
  },
  {
    name: 'the preallocated page table leaks',
    file: 'fault.ts',
    find: '  if (spare) freeTable(spare);',
    replace: '',
  },
  {
    name: 'the last unit of the device is out of range',
    file: 'fault.ts',
    find: '  if (!inOneRange(page, (<u64>1) << order)) return SIGBUS;',
    replace: '  if (!inOneRange(page, ((<u64>1) << order) + 1)) return SIGBUS;',
  },
  {
    name: 'the index of a huge folio is one off',
    file: 'fault.ts',
    find: 'setLeafMapping(head, page) +',
    replace: 'setLeafMapping(head, page + 1) +',
  },
  {
    name: 'the hardware forgets D',
    file: 'access.ts',
    find: '  const bits = write ? ACCESSED | DIRTY : ACCESSED;',
    replace: '  const bits = ACCESSED;',
  },
  {
    name: 'nobody is the first mapper',
    file: 'ref.ts',
    find: '  if (before == -1) {',
    replace: '  if (before == -2) {',
  },
  {
    name: 'the last mapper leaves the folio entirely mapped',
    file: 'ref.ts',
    find: '  if (before == 0) {',
    replace: '  if (before == -9) {',
  },
  {
    name: 'a folio once shared stays shared',
    file: 'ref.ts',
    find: '  ) ids &= ~MM_IDS_SHARED;',
    replace: '  ) ids |= 0;',
  },
  {
    name: 'accesses count up on the wrong kernel',
    file: 'ref.ts',
    find: '  if (KERNEL == DEVMAP) {\n    if (!(flags & PAGE_REFERENCED))',
    replace: '  if (KERNEL != DEVMAP) {\n    if (!(flags & PAGE_REFERENCED))',
  },
  {
    name: 'the first tail of a folio is skipped',
    file: 'page.ts',
    find: '  for (let i: u32 = 1; i < structs; i++)',
    replace: '  for (let i: u32 = 2; i < structs; i++)',
  },
  {
    name: 'shared tails begin too early',
    file: 'page.ts',
    find: '  const distinct = index < 64 ?',
    replace: '  const distinct = index < 32 ?',
  },
  {
    name: 'a devmap PTE is not special',
    file: 'entry.ts',
    find: 'return phys | prot | SPECIAL | DEVMAP_BIT;',
    replace: 'return phys | prot | DEVMAP_BIT;',
  },
  {
    name: 'mprotect to read-only loses D',
    file: 'entry.ts',
    find: 'next = next & ~DIRTY | SAVED_DIRTY;',
    replace: 'next = next & ~DIRTY;',
  },
  {
    name: '6.12.95 keeps D of a 2M leaf',
    file: 'entry.ts',
    find: 'if (KERNEL == DEVMAP && order == 9) next &= ~DIRTY;',
    replace: '',
  },
  {
    name: 'the address of a PROT_NONE leaf is not inverted',
    file: 'entry.ts',
    find: 'return next & PRESENT ? next : next ^ address;',
    replace: 'return next;',
  },
  {
    name: 'the inversion reaches into the offset of a huge leaf',
    file: 'entry.ts',
    find: 'next ^ address;',
    replace: 'next ^ ADDRESS_MASK;',
  },
  {
    name: 'a pin of a small page counts 1025',
    file: 'gup.ts',
    find: 'pages * (GUP_PIN_COUNTING_BIAS - 1)',
    replace: 'pages * GUP_PIN_COUNTING_BIAS',
  },
  {
    name: 'GUP-fast pins longterm for writing',
    file: 'gup.ts',
    find: 'return KERNEL == DEVMAP || !hasMapping(head);',
    replace: 'return true;',
  },
  {
    name: 'an unpin leaves the pincount',
    file: 'gup.ts',
    find: '    pincountAdd(head, -pages);',
    replace: '',
  },
  {
    name: 'the slow path walks once a leaf on the devmap kernel',
    file: 'gupSlow.ts',
    find: 'if (leafShift == PTE_SHIFT || (!FOLIO_GUP && leafShift == PMD_SHIFT)) return 1;',
    replace: 'if (leafShift == PTE_SHIFT) return 1;',
  },
  {
    name: 'the slow path dirties a 1G leaf on the refcount kernel',
    file: 'gupSlow.ts',
    find: '  if (KERNEL != DEVMAP && leafShift == PUD_SHIFT) return;',
    replace: '',
  },
  {
    name: 'a freed page table is lost',
    file: 'arena.ts',
    find: '  store<u32>(list, <u32>table, MAG_FIRST);',
    replace: '',
  },
  {
    name: 'a 2M slot is found one entry further',
    file: 'walk.ts',
    find: '  return table + ((<usize>(va >> shift) & 511) << 3);',
    replace: '  return table + ((<usize>((va >> shift) + (shift == 21 ? 1 : 0)) & 511) << 3);',
  },
  {
    name: 'a fault forgets the mmap_lock',
    file: 'fault.ts',
    find: '    lockMmapRead(mm);\n',
    replace: '',
  },
  {
    name: 'a PTE lock costs a lock prefix to release',
    file: 'lock.ts',
    find: '  store<u32>(at, 0);',
    replace: '  count(RMW_OTHER);\n  atomic.store<u32>(at, 0);',
  },
  {
    name: 'the share of an mm grows without bound',
    file: 'percpu.ts',
    find: '  if (now < RSS_BATCH && now > -RSS_BATCH) return;',
    replace: '  if (now != 0) return;',
  },
  {
    name: 'a spilt share is counted again',
    file: 'percpu.ts',
    find: '  store<i64>(share, 0);\n  unlockRss(mm);',
    replace: '  unlockRss(mm);',
  },
  {
    name: 'a statistic spills into one counter of two',
    file: 'percpu.ts',
    find: '  count(RMW_OTHER, 2);',
    replace: '  count(RMW_OTHER);',
  },
  {
    name: 'the refcount kernel looks up the memory type',
    file: 'pat.ts',
    find: 'if (DETAIL < FULL || NO_MEMTYPE) return 0;',
    replace: 'if (DETAIL < FULL) return 0;',
  },
  {
    name: 'the pgmap is found a slot further',
    file: 'pgmap.ts',
    find: '(<usize>(pfn >> shift) & 63)',
    replace: '(<usize>((pfn >> shift) + 1) & 63)',
  },
  ...HAZARD_MUTANTS,
  ...SURFACE_MUTANTS,
  {
    name: 'a slow grab of a count at 0 is EFAULT',
    file: 'gupSlow.ts',
    find: '      status = OOM;',
    replace: '      status = SIGBUS;',
  },
  {
    name: 'GUP-fast keeps the pages of a devmap leaf that it could not have whole',
    file: 'gup.ts',
    find: '  undoDevmapLeaf(<u32>(start - pagesAt) >> 3, flags);\n  return false;',
    replace: '  return false;',
  },
  {
    name: 'munmap of a part frees the tables of its neighbours in an op stream',
    file: 'zap.ts',
    find: 'const floor = va > load<u64>(vma, VMA_START) ? va : load<u64>(vma, VMA_FLOOR);',
    replace: 'const floor = load<u64>(vma, VMA_FLOOR);',
  },
  {
    name: 'a longterm pin is a short one in an op stream',
    file: 'storm.ts',
    find: '  if (form >= OP_PIN_LONGTERM_READ) flags |= GUP_LONGTERM;',
    replace: '',
  },
  {
    name: 'a populate for writing reads in an op stream',
    file: 'storm.ts',
    find: 'write ? GUP_WRITE : 0));',
    replace: '0));',
  },
  ...UNBIND_MUTANTS,
  ...PACKED_MUTANTS,
];

/** Those that only several threads can show: test/race is what must notice them. */
export { RUN_MUTANTS, THREAD_MUTANTS };

/** Every one of them. */
export const ALL_MUTANTS = [...MUTANTS, ...RUN_MUTANTS, ...THREAD_MUTANTS];

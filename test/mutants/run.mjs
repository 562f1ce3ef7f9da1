// Ways to break runs of faults, which only timed builds have: test/unit/run.test.ts must notice every one.

/** @typedef {import('./list.mjs').Mutant} Mutant */

/** @type {readonly Mutant[]} */
export const RUN_MUTANTS = [
  {
    name: 'a run goes on behind its table',
    file: 'run.ts',
    find: '  const units = asked < left ? asked : left;',
    replace: '  const units = asked;',
  },
  {
    name: 'a run does not look at the ranges',
    file: 'run.ts',
    find: ' || !inOneRange(page, units << order)',
    replace: '',
  },
  {
    name: 'a run of leaves off their unit is a run',
    file: 'run.ts',
    find: '  const inOrder = leavesInOrder() && (page & ((1 << order) - 1)) == 0;',
    replace: '  const inOrder = leavesInOrder();',
  },
  {
    name: 'a run of leaves over single pages is a run',
    file: 'run.ts',
    find: '  const inOrder = leavesInOrder() && (page',
    replace: '  const inOrder = (page',
  },
  {
    name: 'a run maps huge leaves where none may be',
    file: 'run.ts',
    find: '  return inOrder && !(load<u32>(vma, VMA_FLAGS) & VM_NOHUGEPAGE);',
    replace: '  return inOrder;',
  },
  {
    name: 'a run maps again what is mapped',
    file: 'run.ts',
    find: '    if (load<u64>(slot)) result',
    replace: '    if (false) result',
  },
  {
    name: 'a run forgets how far it has come where a leaf is there',
    file: 'run.ts',
    find: 'handleFault(vma, from + (unit << (order + PTE_SHIFT)), write)',
    replace: 'handleFault(vma, from, write)',
  },
  {
    name: 'a run maps the same page again',
    file: 'run.ts',
    find: '    leaf += (<u64>4096) << order;',
    replace: '',
  },
  {
    name: 'a run sets the mapping of its first page',
    file: 'run.ts',
    find: '      const page = firstPage + (unit << order);',
    replace: '      const page = firstPage;',
  },
  {
    name: 'a run takes the first page again and again',
    file: 'run.ts',
    find: '      const record = firstRecord + ((<usize>unit) << recordShift);',
    replace: '      const record = firstRecord;',
  },
];

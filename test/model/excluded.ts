// What the fuzzer does not ask for or does not compare, and why: the one list. The code that leaves
// something out says EXCLUDED and the name.

export interface Exclusion {
  readonly what: string;
  readonly why: string;
}

export const EXCLUDED: readonly Exclusion[] = [
  {
    what: 'stale translations: the TLB is emptied before each access',
    why: 'the model has no TLB; the emulator keeps what mremap and clear_refs 1 changed with no flush, and the recordings test that',
  },
  {
    what: 'misaligned offsets (semantics 12.20): a mapping on the unit whose file offset is off it goes before it is touched',
    why: 'deduced, never seen on a kernel: the emulator builds the leaf and names it, the model names it and answers SIGBUS',
  },
  {
    what: 'a late release while pages of the same numbers are held anew in the same way',
    why: 'the emulator is told pages, not which grab gave them, and takes the live one; a real put has the same pointer for both',
  },
  {
    what: 'puts of pages that nobody got',
    why: 'they take the count, and the name, of another holder; test/unit/overflow.test.ts has them',
  },
  {
    what: 'the names missingFlush, leakedReference, lostDirty and unalignedMapping, and how many stretches a late release is named for',
    why: 'the model does not name them; what they leave in entries, counters and mappings is compared',
  },
  {
    what: 'devices of several ranges or of order-0 huge leaves, five page-table levels, tables running out, other memory, mbind, MAP_LOCKED, undoing advice (DOFORK, DODUMP), mincore without the right to write',
    why: 'one of the two sides has no such thing; unit tests, fault tests and the recordings have what the emulator has',
  },
  {
    what: 'pagemap and mincore of more than 600 pages in one look',
    why: 'time: a unit of 1G is 262,144 pages',
  },
];

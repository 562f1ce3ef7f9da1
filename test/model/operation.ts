// A fuzzed operation is six small numbers; what they mean depends on the state they meet, so that
// every list of them is a history, and every shorter list is one too.

export type Op = readonly [kind: number, who: number, a: number, b: number, c: number, d: number];

/** How often each operation comes up, of 64. */
const WEIGHTS = {
  access: 12,
  mmap: 5,
  gup: 6,
  madvise: 6,
  release: 4,
  mremap: 4,
  munmap: 3,
  mprotect: 3,
  clearRefs: 3,
  rebind: 3,
  smaps: 2,
  pagemap: 2,
  fork: 2,
  numaMaps: 1,
  mincore: 1,
  msync: 1,
  mlock: 1,
  munlock: 1,
  prctl: 1,
  memoryFailure: 1,
  exit: 1,
  unbind: 1,
} as const;
export type Kind = keyof typeof WEIGHTS;

export const KINDS = Object.entries(WEIGHTS).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind as Kind),
);

/** Every field of an operation is below it; the weights add up to it. */
export const FIELD_MAX = 64;

export function kindOf([kind]: Op): Kind {
  return KINDS[kind % KINDS.length] as Kind;
}

/** An operation of the first process. */
function op(kind: Kind, ...fields: [number, number, number, number]): Op {
  return [KINDS.indexOf(kind), 0, ...fields];
}

/** One unit mapped where the kernel likes, then written, then pinned. */
export const MAP_WRITE_PIN: readonly Op[] = [
  op('mmap', 0, 0, 0, 0),
  op('access', 0, 0, 1, 0),
  op('gup', 0, 0, 0, 1),
];

export function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T;
}

export const RIGHTS = [
  { read: true, write: true, exec: false },
  { read: true, write: true, exec: false },
  { read: true, write: false, exec: false },
  { read: false, write: false, exec: false },
  { read: true, write: true, exec: true },
  { read: false, write: true, exec: false },
  { read: false, write: false, exec: true },
] as const;

/** Both sides' names of the advice. */
export const ADVICE = [
  ['dontneed', 'DONTNEED'],
  ['populateRead', 'POPULATE_READ'],
  ['populateWrite', 'POPULATE_WRITE'],
  ['dontneed', 'DONTNEED'],
  ['dontneedLocked', 'DONTNEED_LOCKED'],
  ['cold', 'COLD'],
  ['pageout', 'PAGEOUT'],
  ['normal', 'NORMAL'],
  ['random', 'RANDOM'],
  ['sequential', 'SEQUENTIAL'],
  ['willneed', 'WILLNEED'],
  ['hugepage', 'HUGEPAGE'],
  ['hugepage', 'HUGEPAGE'],
  ['nohugepage', 'NOHUGEPAGE'],
  ['mergeable', 'MERGEABLE'],
  ['dontfork', 'DONTFORK'],
  ['dontdump', 'DONTDUMP'],
  ['free', 'FREE'],
  ['remove', 'REMOVE'],
  ['wipeonfork', 'WIPEONFORK'],
  ['collapse', 'COLLAPSE'],
] as const;

/** Addresses of no mapping yet: at, across and beside the ends of page tables. */
const SLOTS = [0n, 1n << 21n, (1n << 30n) - (1n << 21n), 1n << 30n, 1n << 39n] as const;
const BASE = 0x7000_0000_0000n;

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** An address in or around a mapping: whole units, a page or half a unit off, before and behind. */
export function placeIn(mapping: Span | undefined, unit: bigint, a: number, b: number): bigint {
  if (!mapping) return BASE + pick(SLOTS, b) + BigInt(a % 8) * unit;
  const units = (mapping.end - mapping.start) / unit + 2n;
  const off = pick([0n, 0n, 0n, 0n, 0n, 4096n, unit / 2n, unit - 4096n], b);
  const page = off - (off % 4096n);
  const start = mapping.start - (mapping.start % unit) + (b % 16 === 15 ? 4096n : 0n);
  return start + (BigInt(a) % units) * unit + page - (a === 63 ? unit : 0n);
}

/** A length: units, and sometimes a page or half a unit; now and then 0, or off the page. */
export function lengthOf(unit: bigint, c: number): bigint {
  if (c === 62) return 0n;
  if (c === 61) return unit - 5n;
  const odd = pick([0n, 0n, 0n, 0n, 0n, 4096n, unit / 2n, -4096n], Math.floor(c / 8));
  const length = BigInt((c % 4) + 1) * unit + odd;
  return length > 0n ? length - (length % 4096n) : unit;
}

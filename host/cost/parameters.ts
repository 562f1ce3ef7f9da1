import { pageRmws } from '../wasm/machine.ts';
import type { Work } from './emulate.ts';
import type { Operation } from './operation.ts';

/** An operation with all it did, per recorded unit. */
export interface Done extends Work {
  readonly operation: Operation;
  /** Whether its leaves are above the PTE level: 2M or 1G units. */
  readonly huge: boolean;
}

export interface Parameter {
  readonly name: string;
  /** What it prices; its value is in guest instructions each. */
  readonly meaning: string;
  /** How often that happened, per recorded unit. */
  readonly count: (done: Done) => number;
}

function isHalf({ operation }: Done, half: 'get' | 'put'): boolean {
  return operation.kind === 'gup' && operation.half === half;
}

function isPin({ operation }: Done): boolean {
  return operation.kind === 'gup' && operation.pin;
}

function isLongterm({ operation }: Done): boolean {
  return operation.kind === 'gup' && operation.longterm;
}

/** GUP-fast adds a small page's pin in a step of its own, beside the reference (6.1). */
function pinSteps(done: Done): number {
  return isPin(done) && !done.huge ? done.events.pmdRecheck : 0;
}

/** Times get_user_pages took or undid references or pins of one folio. */
function grabs(done: Done): number {
  return isHalf(done, 'get') ? done.events.rmwRefcount - pinSteps(done) : 0;
}

/** Folios pinned and unpinned: each is counted in the node's statistics, undone ones too. */
function pinned(done: Done): number {
  if (!isPin(done)) return 0;
  return done.huge ? done.events.rmwPincount : done.events.rmwRefcount - pinSteps(done);
}

/** Calls that took mmap_lock: at once, or after GUP-fast gave up. */
function slowCalls(done: Done): number {
  return isHalf(done, 'get') ? done.events.mmapLockRead : 0;
}

function slowPages(done: Done): number {
  return slowCalls(done) > 0 ? done.asked.gupPages : 0;
}

function longtermFolios(done: Done): number {
  if (!isLongterm(done) || !isHalf(done, 'get')) return 0;
  return done.asked.folios;
}

function protectedLeaves(done: Done, huge: boolean): number {
  return done.operation.kind === 'mprotect' && done.huge === huge ? done.events.ptWrite : 0;
}

/**
 * What one recorded instruction count is made of. Each is a count that the emulation makes exactly;
 * only its price in instructions is fitted, for each kernel release by itself.
 *
 * Why these: a count that never changes without another (the memory-type look-up, the resource and
 * memtype locks: one each a devmap fault) cannot have a price of its own and is in the other's.
 */
export const PARAMETERS: readonly Parameter[] = [
  {
    name: 'exception',
    meaning: 'a page-fault exception: entry, exit, VMA look-up under its own lock',
    count: ({ asked, events }) => (asked.accesses > 0 ? events.faultMinor : 0),
  },
  {
    name: 'access',
    meaning: "the recording program's own loop around one load or store",
    count: ({ asked }) => asked.accesses,
  },
  {
    name: 'faultRetry',
    meaning: 'a fault started again under mmap_lock: a second look-up and walk',
    count: ({ events }) => events.faultRetry,
  },
  {
    name: 'fault',
    meaning: 'handle_mm_fault to a leaf put in; on devmap with the memory type looked up',
    count: ({ events }) => events.faultMinor,
  },
  {
    name: 'pteFault',
    meaning: 'what that takes more where the leaf is a PTE',
    count: ({ events, huge }) => (huge ? 0 : events.leafSet),
  },
  {
    name: 'pteLock',
    meaning: 'a PTE table mapped, locked and unlocked',
    count: ({ events }) => events.pteLock,
  },
  {
    name: 'pmdLock',
    meaning: 'a PMD entry locked, looked at again and unlocked',
    count: ({ events }) => events.pmdLock,
  },
  {
    name: 'mapRmw',
    meaning: 'a struct-page read-modify-write of mapping or unmapping, statistics with it',
    count: ({ events, operation }) => (operation.kind === 'gup' ? 0 : pageRmws(events)),
  },
  {
    name: 'leafClear',
    meaning: 'a leaf looked at and taken out by a zap',
    count: ({ events }) => events.leafClear,
  },
  {
    name: 'unmapCall',
    meaning: 'a munmap call: VMA tree, gather, page tables of the range',
    count: ({ events }) => events.mmapLockWrite,
  },
  {
    name: 'pteProtect',
    meaning: "a PTE's protection changed",
    count: (done) => protectedLeaves(done, false),
  },
  {
    name: 'hugeProtect',
    meaning: "a huge leaf's protection changed",
    count: (done) => protectedLeaves(done, true),
  },
  {
    name: 'walk',
    meaning: "a walk of GUP's slow path or of populate, down to the PMD",
    count: ({ events }) => events.gupWalk,
  },
  {
    name: 'fastCall',
    meaning: 'a call of GUP-fast, one walk down to the PMD',
    count: ({ asked }) => asked.gupCalls - asked.slowCalls,
  },
  {
    name: 'slowCall',
    meaning: "a call of GUP's slow path: mmap_lock, VMA look-up and check",
    count: slowCalls,
  },
  {
    name: 'pgmap',
    meaning: 'a look-up of the pgmap with its reference taken and dropped (devmap)',
    count: ({ events }) => events.pgmapGet,
  },
  {
    name: 'fastPte',
    meaning: 'a PTE step of GUP-fast, with its look again',
    count: ({ events }) => events.pmdRecheck,
  },
  {
    name: 'grab',
    meaning: 'references on one folio taken, or taken back',
    count: grabs,
  },
  {
    name: 'pin',
    meaning: 'a folio pinned or unpinned, beyond its reference: pin count and statistics',
    count: pinned,
  },
  {
    name: 'fastPage',
    meaning: 'a page written to the array by GUP-fast',
    count: (done) => (isHalf(done, 'get') ? done.asked.gupPages - slowPages(done) : 0),
  },
  {
    name: 'slowPage',
    meaning: 'a page written to the array by the slow path',
    count: slowPages,
  },
  {
    name: 'longtermCall',
    meaning: 'what a slow call takes more for a longterm pin (__gup_longterm_locked)',
    count: (done) => (isLongterm(done) ? slowCalls(done) : 0),
  },
  {
    name: 'longtermFolio',
    meaning: 'a folio checked for whether it may be pinned for long',
    count: longtermFolios,
  },
  {
    name: 'longtermPage',
    meaning: 'a page looked at for that by the slow path',
    count: (done) => (isLongterm(done) ? slowPages(done) : 0),
  },
  {
    name: 'putPage',
    meaning: 'a page of a list given back',
    count: ({ asked }) => asked.putPages,
  },
  {
    name: 'putFolio',
    meaning: 'the references of one folio dropped',
    count: (done) => (isHalf(done, 'put') ? done.events.rmwRefcount : 0),
  },
  {
    name: 'folioChange',
    meaning: 'the next page of an unpin call belongs to another folio',
    count: ({ asked }) => asked.folioChanges,
  },
];

/** Every parameter's count for one operation, in the order of PARAMETERS. */
export function countsOf(done: Done): readonly number[] {
  return PARAMETERS.map((parameter) => parameter.count(done));
}

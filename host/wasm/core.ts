import { instantiateSync } from '@assemblyscript/loader';
import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import { ABI_VERSION, LAYOUT_HASH } from './abi.ts';
import { RECORD_FORMATS, type RecordFormat } from './bank.ts';
import { compiled, isPath, openTwin } from './platform.ts';

/** What a build is for: `counted` has the ledger and full detail, `timed` only the modelled steps. */
export type BuildKind = 'counted' | 'timed';

/**
 * Whether the operations of a stream overlap. `none`: each fault waits for the one before, as a real
 * one does behind its exception entry. `natural`: as far as the processor likes. `batched`: cache
 * misses are read ahead, several operations' at once; for runs that ask how long a large device takes
 * to emulate, and never set beside the others.
 */
export const OVERLAPS = ['none', 'natural', 'batched'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** The core's exports. Addresses are bank offsets; u64 crosses as bigint. */
export interface CoreExports {
  abiVersion(): number;
  layoutHash(): number;
  /** KERNEL, DETAIL, RECORDS and COUNT as the build was compiled, a byte each. */
  switches(): number;
  attach(thread: number): void;
  /** The end of a thread's work: its free page tables become everybody's. */
  detach(): void;
  bindDevice(): void;
  resetPages(firstPage: number, pages: number): void;
  clearStamps(): void;
  /** Address of the struct page that page_folio finds for a page. */
  folioOf(page: number): number;
  allocTable(): number;
  freeTable(table: number): void;
  handleFault(vma: number, va: bigint, write: number): bigint;
  touch(vma: number, va: bigint, kind: number): bigint;
  dontneed(vma: number, va: bigint, end: bigint): void;
  munmap(vma: number, va: bigint, end: bigint): void;
  gupFast(vma: number, va: bigint, pages: number, flags: number): number;
  /** Answers the status that ended it; pagesGot says how many pages are in PAGES. */
  gupSlow(vma: number, va: bigint, pages: number, flags: number): number;
  beginPages(flags: number): void;
  pagesGot(): number;
  populateRange(vma: number, va: bigint, end: bigint, flags: number): number;
  /** The status; movedBytes says how far it came, lostLeaves how many leaves PAGES lists. */
  moveTables(mm: number, from: bigint, to: bigint, length: bigint): number;
  movedBytes(): bigint;
  lostLeaves(): number;
  dropGiants(vma: number, va: bigint, end: bigint): void;
  smapsRange(vma: number, va: bigint, end: bigint): void;
  pagemapRange(vma: number, va: bigint, end: bigint): void;
  mincoreRange(vma: number, va: bigint, end: bigint): void;
  clearReferencedRange(vma: number, va: bigint, end: bigint): void;
  clearSoftDirtyRange(vma: number, va: bigint, end: bigint): void;
  flushMm(): void;
  protect(vma: number, va: bigint, end: bigint, prot: bigint): void;
  needTables(mm: number, va: bigint): number;
  dirtyPages(firstPage: number, pages: number): void;
  /** A status: GONE after an unbind. */
  unpin(firstPage: number, pages: number): number;
  putPages(firstPage: number, pages: number): number;
  killDax(): void;
  runDax(): void;
  /** File pages [first, end) leave the VMAs whose slots are in PAGES. */
  unmapMapping(vmas: number, firstPage: bigint, endPage: bigint): void;
  unmapPgmap(): void;
  /** Runs of held units in PAGES: how many, and above bit 32 where to go on. */
  scanHeld(firstUnit: number): bigint;
  poison(page: number): number;
  runChained(firstOp: number, ops: number): number;
  runNatural(firstOp: number, ops: number): number;
  runBatched(firstOp: number, ops: number): number;
  /** Counts so many operations that do nothing; histogram builds alone. */
  timeLaps(laps: number): void;
  /** MM_FILEPAGES of an mm with every thread's share; kept by builds of full detail. */
  chargedPages(mm: number): bigint;
  /** `lost` leaves that the kernel itself lost are listed in the op buffer. */
  checkMachine(mms: number, lost: number): bigint;
  hashRange(from: number, to: number): bigint;
}

/**
 * File name of a shipped build; the list is build/builds.mjs. Counted builds of packed records do not
 * ship: made.ts makes them.
 */
export function buildName(
  kernel: KernelId,
  kind: BuildKind,
  records: RecordFormat = 'line',
): string {
  return kind === 'counted' ? `${kernel}-counted` : `${kernel}-timed-${records}`;
}

const RUNNERS = { none: 'runChained', natural: 'runNatural', batched: 'runBatched' } as const;

/** The export that runs operations of the op buffer with this overlap. */
export function runnerOf(
  core: CoreExports,
  overlap: Overlap,
): (firstOp: number, ops: number) => number {
  return core[RUNNERS[overlap]];
}

/** The record format that a core was compiled for. */
export function formatOf(core: CoreExports): RecordFormat | undefined {
  return RECORD_FORMATS[(core.switches() >>> 16) & 0xff];
}

/** Names of a build's exports, sorted. Fails: E_NOT_BUILT, E_FILE, E_ABI. */
export function exportNames(name: string): readonly string[] {
  return WebAssembly.Module.exports(compiled(name))
    .map((each) => each.name)
    .sort();
}

function open(name: string, memory: WebAssembly.Memory): CoreExports {
  if (name.endsWith('.node')) return openTwin(name, memory) as CoreExports;
  // Only histogram builds import the clock.
  const env = { memory, clock: () => performance.now() };
  return instantiateSync(compiled(name), { env }).exports as unknown as CoreExports;
}

/**
 * One build of the core on a bank's memory: a build's name, its file, or the file of a C twin.
 *
 * Fails: E_NOT_BUILT or E_FILE without its file; E_ABI if it was compiled from another layout, or is
 * no core at all.
 */
export function instantiate(name: string, memory: WebAssembly.Memory): CoreExports {
  const hint = isPath(name)
    ? 'one host drives only cores of its own layout: name such a core'
    : 'run npm run build';
  let core: CoreExports;
  try {
    core = open(name, memory);
  } catch (error) {
    if (!(error instanceof WebAssembly.LinkError || error instanceof TypeError)) throw error;
    throw new DaxError('E_ABI', `'${name}' is no core of daxstorm: it wants other imports`, hint);
  }
  if (typeof core.abiVersion !== 'function' || typeof core.layoutHash !== 'function')
    throw new DaxError('E_ABI', `'${name}' is no core of daxstorm: it has no abiVersion`, hint);
  if (core.abiVersion() !== ABI_VERSION || core.layoutHash() !== LAYOUT_HASH) {
    throw new DaxError(
      'E_ABI',
      `the core '${name}' was compiled from another memory layout than this host`,
      hint,
    );
  }
  return core;
}

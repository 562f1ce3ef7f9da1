import type { KernelId } from '../kernel.ts';
import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

/** A struct page as the kernel would show it (semantics 1.1). Counters are raw: -1 is unmapped. */
export interface StructPage {
  /** Device page number, and its folio's head. */
  readonly page: number;
  /** Device page number of its folio's head. */
  readonly head: number;
  /** Whether it is a tail page of its folio. */
  readonly tail: boolean;
  /** Order of its folio: 0, 9 or 18. */
  readonly order: number;
  /** Its own `_refcount`; 0 of a tail. */
  readonly refcount: number;
  /** `_refcount` of the folio. */
  readonly headRefcount: number;
  /** Its own `_mapcount`. */
  readonly mapcount: number;
  /** The flags word. */
  readonly flags: bigint;
  /** Names of the flags set. */
  readonly flagNames: readonly string[];
  /** Whether `mapping` points to the device's file. */
  readonly mapping: boolean;
  /** `index`: its offset in the file, in pages. */
  readonly index: bigint;
  /** Page[1]'s counters; absent for order 0. */
  readonly folio?: FolioCounters;
}

/** Counters of a folio larger than a page; map counts are raw: -1 is unmapped. */
export interface FolioCounters {
  /** `_entire_mapcount`: leaves that map all of it. */
  readonly entireMapcount: number;
  /** `_large_mapcount`: leaves that map any of it. */
  readonly largeMapcount: number;
  /** `_nr_pages_mapped`. */
  readonly nrPagesMapped: number;
  /** `_pincount`: pins of it, exact. */
  readonly pincount: number;
  /** 4 KiB pages in it. */
  readonly nrPages: number;
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [abi.PG_REFERENCED_BIT, 'referenced'],
  [abi.PG_DIRTY_BIT, 'dirty'],
  [abi.PG_HEAD_BIT, 'head'],
  [abi.PG_WORKINGSET_BIT, 'workingset'],
  [abi.PG_RESERVED_BIT, 'reserved'],
];

/**
 * folio_maybe_dma_pinned (semantics 6.1): of a small folio it only asks whether the count, taken as
 * unsigned, is 1024 or more, so that as many plain references, or a count below 0, look like a pin.
 */
export function maybePinned({ headRefcount, folio }: StructPage): boolean {
  return folio ? folio.pincount > 0 : headRefcount >>> 0 >= abi.GUP_PIN_COUNTING_BIAS;
}

/** Address of a page's record: the arithmetic of assembly/page.ts. packed: its folio's, of a tail. */
export function recordAddress(bank: Bank, page: number): number {
  const folioPages = 2 ** bank.shape.order;
  const inFolio = bank.format === 'packed' ? 0 : page % folioPages;
  const shared = bank.shape.dedup && inFolio >= 64;
  const distinct = shared ? 64 + (inFolio % 64) : inFolio;
  const head = bank.records + Math.floor(page / folioPages) * 2 ** bank.compoundShift;
  return head + distinct * abi.PAGE_BYTES;
}

function readFolio(bank: Bank, head: number, kernel: KernelId): FolioCounters {
  if (bank.format === 'packed') return readPackedFolio(bank, head);
  const devmap = kernel === 'devmap';
  const entire = devmap ? abi.FOLIO_ENTIRE_MAPCOUNT_DEVMAP : abi.FOLIO_ENTIRE_MAPCOUNT_REFCOUNT;
  const mapped = devmap ? abi.FOLIO_NR_PAGES_MAPPED_DEVMAP : abi.FOLIO_NR_PAGES_MAPPED_REFCOUNT;
  const nrPages = devmap ? abi.FOLIO_NR_PAGES_DEVMAP : abi.FOLIO_NR_PAGES_REFCOUNT;
  return {
    entireMapcount: bank.i32(head + entire),
    largeMapcount: bank.i32(head + abi.FOLIO_LARGE_MAPCOUNT),
    nrPagesMapped: bank.i32(head + mapped),
    pincount: bank.i32(head + abi.FOLIO_PINCOUNT),
    nrPages: bank.i32(head + nrPages),
  };
}

function readPackedFolio(bank: Bank, head: number): FolioCounters {
  return {
    entireMapcount: bank.i32(head + abi.PACKED_ENTIRE_MAPCOUNT),
    largeMapcount: bank.i32(head + abi.PACKED_LARGE_MAPCOUNT),
    nrPagesMapped: bank.i32(head + abi.PACKED_NR_PAGES_MAPPED),
    pincount: bank.i32(head + abi.PACKED_PINCOUNT),
    nrPages: 2 ** bank.shape.order,
  };
}

/** What both formats say of a page beside its folio's counters. */
type Fields = Pick<
  StructPage,
  'tail' | 'refcount' | 'headRefcount' | 'mapcount' | 'flags' | 'mapping' | 'index'
>;

function readLine(bank: Bank, page: number, head: number): Fields {
  const at = recordAddress(bank, page);
  const headAt = recordAddress(bank, head);
  return {
    tail: (bank.u64(at + abi.PG_WORD1) & 1n) === 1n,
    refcount: bank.i32(at + abi.PG_REFCOUNT),
    headRefcount: bank.i32(headAt + abi.PG_REFCOUNT),
    mapcount: bank.i32(at + abi.PG_MAPCOUNT),
    flags: bank.u64(at + abi.PG_FLAGS),
    mapping: bank.u64(headAt + abi.PG_MAPPING) !== 0n,
    index: bank.u64(headAt + abi.PG_INDEX),
  };
}

/** Where a packed page's flag byte is: assembly/record.ts. */
function flagByteAddress(bank: Bank, head: number): number {
  const { order, pages } = bank.shape;
  if (order > 0) return recordAddress(bank, head) + abi.PACKED_FLAGS;
  return bank.records + pages * 2 ** abi.PACKED_PAGE_SHIFT + head;
}

/** The flags that never change. */
const CONSTANT_FLAGS = BigInt(abi.PG_ZONE_BITS) | (1n << BigInt(abi.PG_RESERVED_BIT));

/** Bits of a packed flag byte, and of `flags` in the struct page. */
function flagBits(kernel: KernelId): readonly (readonly [packed: number, flags: number])[] {
  return [
    [abi.PACKED_LOCKED_BIT, abi.PG_LOCKED_BIT],
    [abi.PACKED_REFERENCED_BIT, abi.PG_REFERENCED_BIT],
    [abi.PACKED_DIRTY_BIT, abi.PG_DIRTY_BIT],
    [abi.PACKED_WORKINGSET_BIT, abi.PG_WORKINGSET_BIT],
    [abi.PACKED_LRU_REFS_SHIFT, abi.LRU_REFS_SHIFT],
    [abi.PACKED_LRU_REFS_SHIFT + 1, abi.LRU_REFS_SHIFT + 1],
    [abi.PACKED_HWPOISON_BIT, poisonBit(kernel)],
  ];
}

/** The same as readLine of the same history: what packed does not keep is derived. */
function readPacked(bank: Bank, kernel: KernelId, page: number, head: number): Fields {
  const large = bank.shape.order > 0;
  const at = recordAddress(bank, head);
  const byte = bank.view.getUint8(flagByteAddress(bank, head));
  const tail = page !== head;
  const refcount = bank.i32(at + abi.PACKED_REFCOUNT);
  const mapping = ((byte >> abi.PACKED_MAPPING_BIT) & 1) === 1;
  let flags = CONSTANT_FLAGS;
  if (large && !tail) flags |= 1n << BigInt(abi.PG_HEAD_BIT);
  // The second page keeps the order there.
  if (page === head + 1 && tail) flags |= BigInt(bank.shape.order);
  for (const [packed, bit] of tail ? [] : flagBits(kernel))
    if ((byte >> packed) & 1) flags |= 1n << BigInt(bit);
  return {
    tail,
    refcount: tail ? 0 : refcount,
    headRefcount: refcount,
    mapcount: tail ? -1 : bank.i32(at + abi.PACKED_MAPCOUNT),
    flags,
    mapping,
    index: large ? bank.u64(at + abi.PACKED_INDEX) : BigInt(mapping ? page : 0),
  };
}

function poisonBit(kernel: KernelId): number {
  return kernel === 'devmap' ? abi.PG_HWPOISON_BIT_DEVMAP : abi.PG_HWPOISON_BIT_REFCOUNT;
}

/** Reads a struct page out of a bank that `kernel` runs on. */
export function readPage(bank: Bank, kernel: KernelId, page: number): StructPage {
  const { order } = bank.shape;
  const head = page - (page % 2 ** order);
  const packed = bank.format === 'packed';
  const fields = packed ? readPacked(bank, kernel, page, head) : readLine(bank, page, head);
  const { flags } = fields;
  const refs = Number((flags >> BigInt(abi.LRU_REFS_SHIFT)) & 3n);
  const named = [...FLAG_NAMES, [poisonBit(kernel), 'hwpoison']] as const;
  const names = named.filter(([bit]) => (flags >> BigInt(bit)) & 1n).map(([, name]) => name);
  return {
    page,
    head,
    order,
    ...fields,
    flagNames: refs ? [...names, `lru_refs=${refs}`] : names,
    ...(order ? { folio: readFolio(bank, recordAddress(bank, head), kernel) } : {}),
  };
}

/**
 * The first folio with a _refcount other than an idle device page's 1: held by somebody, where
 * nothing is mapped or pinned any more. Undefined: none.
 */
export function firstHeldFolio(bank: Bank): { head: number; refcount: number } | undefined {
  const folioPages = 2 ** bank.shape.order;
  const field = bank.format === 'packed' ? abi.PACKED_REFCOUNT : abi.PG_REFCOUNT;
  for (let head = 0; head < bank.shape.pages; head += folioPages) {
    const refcount = bank.i32(recordAddress(bank, head) + field);
    if (refcount !== 1) return { head, refcount };
  }
  return undefined;
}

import { DaxError } from '../error.ts';
import type { Random } from '../random.ts';
import { formatBytes } from '../units.ts';
import * as abi from './abi.ts';
import { SHARED_MEMORY } from './platform.ts';

const TABLE_BYTES = 4096;
/** A lock has a cache line of its own. */
const LINE_BYTES = 64;
const WASM_PAGE_BYTES = 65_536;
/** A 32-bit memory of at most 65,536 Wasm pages. */
const BANK_BYTES_MAX = 65_536 * WASM_PAGE_BYTES;
/** Page numbers are 32 bits in the core. */
const PAGES_MAX = 2 ** 32;

/**
 * How a bank keeps struct pages (assembly/layout.ts): `line` as the kernel does, 64 bytes each, so
 * that caches see what the kernel's would; `packed` only what can change, for devices of terabytes.
 */
export const RECORD_FORMATS = ['line', 'packed'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** How much of the arrays of got pages and of operations is in use. */
export interface Buffers {
  readonly pagesBytes: number;
  readonly opsBytes: number;
}

const WHOLE_BUFFERS: Buffers = {
  pagesBytes: abi.OPS - abi.PAGES,
  opsBytes: abi.VMA_LOCKS - abi.OPS,
};

/** A stretch of physical memory. */
export interface PhysRange {
  readonly physBytes: number;
  readonly sizeBytes: number;
}

/** What a bank must hold of a device: semantics 1.3 and 2.1. */
export interface BankShape {
  /** Physical ranges of the device, in device order and ascending. */
  readonly ranges: readonly PhysRange[];
  /** Those of the whole device, where the bank has a slice of it. */
  readonly deviceRanges?: readonly PhysRange[];
  /** 4 KiB pages of data. */
  readonly pages: number;
  /** Folio order: 0, 9 or 18. */
  readonly order: number;
  /** Order of a leaf, where it is not the folios'. */
  readonly leafOrder?: number;
  /** Page that the first compound page begins at, where it is not the first. */
  readonly firstCompound?: number;
  /** Tail struct pages share memory: two 4 KiB frames a folio. */
  readonly dedup: boolean;
  /** How many processes may map all of it, for the size of the table arena. */
  readonly processes: number;
  /** Counted builds keep stamps beside the records. */
  readonly stamps: boolean;
  /** Default `line`. */
  readonly records?: RecordFormat;
  /** Threads that may work on it at once. Default 1, at most THREADS_MAX. */
  readonly threads?: number;
}

interface BankPlan {
  readonly compoundShift: number;
  readonly records: number;
  readonly recordsEnd: number;
  readonly tableLocks: number;
  /** Regions of the threads but the first. */
  readonly regions: number;
  readonly bytes: number;
}

function tablesMax({ pages, processes }: BankShape): number {
  const perProcess = Math.ceil(pages / 2 ** 9) + Math.ceil(pages / 2 ** 18) + 16;
  return perProcess * processes + 64;
}

/** `packed` derives a folio's place, head and mapping, so every folio is where its number says. */
function refuseUnpackable({ order, leafOrder = order, firstCompound = 0 }: BankShape): void {
  if (leafOrder === order && firstCompound === 0) return;
  throw new DaxError(
    'E_VALUE',
    'packed records hold folios of one leaf each, on their own units, and no others',
    'use line records for a device that has no compound pages or misaligned ones',
  );
}

/** log2 of the bytes of records a folio keeps, and the bytes of all folios, in whole lines. */
function planRecords(shape: BankShape): { readonly shift: number; readonly bytes: number } {
  const { pages, order, dedup, records = 'line' } = shape;
  const folios = Math.ceil(pages / 2 ** order);
  if (records === 'line') {
    const shift = dedup ? 13 : order + 6;
    return { shift, bytes: folios * 2 ** shift };
  }
  refuseUnpackable(shape);
  if (order > 0) {
    return { shift: abi.PACKED_FOLIO_SHIFT, bytes: folios * 2 ** abi.PACKED_FOLIO_SHIFT };
  }
  const pageBytes = 2 ** abi.PACKED_PAGE_SHIFT + 1;
  const bytes = Math.ceil((pages * pageBytes) / LINE_BYTES) * LINE_BYTES;
  return { shift: abi.PACKED_PAGE_SHIFT, bytes };
}

function planBank(shape: BankShape, roomBytes: number): BankPlan {
  const { shift: compoundShift, bytes: recordBytes } = planRecords(shape);
  // Every table a 4 KiB device could need; a 2M or 1G device needs hardly any.
  const tables =
    shape.order === 0 ? tablesMax(shape) : tablesMax({ ...shape, pages: shape.pages / 512 });
  const records = abi.ARENA + tables * TABLE_BYTES;
  const recordsEnd = records + recordBytes;
  const stampBytes = shape.stamps ? (recordsEnd - records) / 8 : 0;
  const tableLocks = recordsEnd + stampBytes;
  // Moving the tables by a page moves their locks by a page, and each lock by one line less.
  const end = tableLocks + tables * LINE_BYTES + roomBytes;
  const regions = Math.ceil(end / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  const bytes = regions + ((shape.threads ?? 1) - 1) * abi.REGION_BYTES;
  return { compoundShift, records, recordsEnd, tableLocks, regions, bytes };
}

/** Bytes of a bank's memory. Infinite: no bank can have so many pages. */
export function bankBytes(shape: BankShape, roomBytes = 0): number {
  const { bytes } = planBank(shape, roomBytes);
  return shape.pages < PAGES_MAX && bytes <= BANK_BYTES_MAX ? bytes : Number.POSITIVE_INFINITY;
}

/** Why a bank of this shape cannot be. */
export function tooLarge(shape: BankShape): DaxError {
  const { pages, deviceRanges } = shape;
  const what = deviceRanges ? `each ${formatBytes(pages * 4096)} of this device` : 'this device';
  const { bytes } = planBank(shape, 0);
  return new DaxError(
    'E_BANK_SPAN',
    `${what} needs ${formatBytes(bytes)} of page records and tables; one bank holds 4 GiB`,
    'use a smaller --size, a larger --align or --records packed',
  );
}

/** Memory made at its full size. Fails: E_MEMORY where the host has no address space for it. */
function makeMemory(bytes: number): WebAssembly.Memory {
  const pages = bytes / WASM_PAGE_BYTES;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: SHARED_MEMORY });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DaxError(
      'E_MEMORY',
      `the host gives no Wasm memory of ${formatBytes(bytes)}`,
      'use a smaller device, or let go of the machines that are done with',
    );
  }
}

/**
 * One shared memory with a device's struct pages, a table arena and the core's control block.
 *
 * Why: both kernels of a comparison run on the same bank, one after the other, so that where the
 * host put its pages cannot favour one of them.
 * Fails: E_BANK_SPAN above 4 GiB, E_MEMORY where the host gives no such memory. Banks looks first.
 */
export class Bank {
  readonly shape: BankShape;
  readonly memory: WebAssembly.Memory;
  readonly bytes: number;
  /** log2 of the bytes of records a folio keeps; of the counters alone where its flags lie apart. */
  readonly compoundShift: number;
  readonly view: DataView;
  readonly #plan: BankPlan;
  readonly #roomBytes: number;
  /** How far above their lowest place the tables and struct pages of this boot are. */
  #placeBytes = 0;

  /** `roomBytes` more than the device needs are for `place`. */
  constructor(shape: BankShape, roomBytes = 0) {
    const plan = planBank(shape, roomBytes);
    if (bankBytes(shape, roomBytes) > BANK_BYTES_MAX) throw tooLarge(shape);
    this.shape = shape;
    this.bytes = plan.bytes;
    this.compoundShift = plan.compoundShift;
    this.#plan = plan;
    this.#roomBytes = roomBytes;
    this.memory = makeMemory(plan.bytes);
    this.view = new DataView(this.memory.buffer);
  }

  /** Where the page tables begin. */
  get arena(): number {
    return abi.ARENA + this.#placeBytes;
  }

  /** Where the records begin, and end. */
  get records(): number {
    return this.#plan.records + this.#placeBytes;
  }

  get format(): RecordFormat {
    return this.shape.records ?? 'line';
  }

  get recordsEnd(): number {
    return this.#plan.recordsEnd + this.#placeBytes;
  }

  /**
   * Moves the tables and struct pages of the boots to come by a random number of whole pages, within
   * the room there is, so that they lie on other host pages.
   */
  place(random: Random): void {
    const places = Math.floor(this.#roomBytes / TABLE_BYTES) + 1;
    this.#placeBytes = random.below(places) * TABLE_BYTES;
  }

  /** Writes the control block for a device just bound, with no process and no table. */
  boot(): void {
    const { shape, view } = this;
    const clear = (from: number, to: number): void => {
      new Uint8Array(this.memory.buffer, from, to - from).fill(0);
    };
    clear(abi.CONTROL, abi.GATHER);
    clear(abi.VMA_LOCKS, abi.CREW_END);
    const control = (offset: number, value: number): void =>
      view.setUint32(abi.CONTROL + offset, value, true);
    this.#writeRanges();
    control(abi.CTL_PAGES, shape.pages);
    control(abi.CTL_ORDER, shape.order);
    control(abi.CTL_LEAF_ORDER, shape.leafOrder ?? shape.order);
    control(abi.CTL_FIRST_COMPOUND, shape.firstCompound ?? 0);
    control(abi.CTL_ALIVE, 1);
    control(abi.CTL_RECORDS, this.records);
    control(abi.CTL_COMPOUND_SHIFT, this.compoundShift);
    control(abi.CTL_TAIL_MASK, shape.dedup ? 63 : 0xffffffff);
    control(abi.CTL_STAMPS, this.recordsEnd);
    // Packed records may end within a line, of which the rest belongs to the state's hash too.
    clear(this.recordsEnd - LINE_BYTES, this.recordsEnd);
    // Whatever lay here in another place must not look like a lock that is held.
    const tableLocks = this.#plan.tableLocks + this.#placeBytes;
    const tables = (this.records - this.arena) / TABLE_BYTES;
    clear(tableLocks, tableLocks + tables * LINE_BYTES);
    // The core finds a table's lock by its distance from ARENA.
    const lockSkipBytes = (this.#placeBytes / TABLE_BYTES) * LINE_BYTES;
    control(abi.CTL_TABLE_LOCKS, tableLocks - lockSkipBytes);
    control(abi.CTL_ARENA_START, this.arena);
    control(abi.CTL_ARENA_TOP, this.arena);
    control(abi.CTL_ARENA_END, this.records);
    control(abi.CTL_ARENA_FAIL_AFTER, 0xffffffff);
    control(abi.CTL_THREAD_REGIONS, this.#plan.regions);
  }

  /** The control block's table of ranges: assembly/range.ts. */
  #writeRanges(): void {
    const { shape, view } = this;
    let page = 0;
    shape.ranges.forEach(({ physBytes, sizeBytes }, i) => {
      const at = abi.CONTROL + abi.CTL_RANGE_TABLE + i * abi.RANGE_BYTES;
      view.setBigUint64(at, BigInt(physBytes), true);
      view.setUint32(at + 8, page, true);
      view.setUint32(at + 12, sizeBytes / TABLE_BYTES, true);
      page += sizeBytes / TABLE_BYTES;
    });
    view.setUint32(abi.CONTROL + abi.CTL_RANGES, shape.ranges.length, true);
    const first = view.getBigUint64(abi.CONTROL + abi.CTL_RANGE_TABLE, true);
    view.setBigUint64(abi.CONTROL + abi.CTL_PHYS, first, true);
    const device = shape.deviceRanges ?? shape.ranges;
    device.forEach(({ physBytes, sizeBytes }, i) => {
      const at = abi.CONTROL + abi.CTL_DEVICE_TABLE + i * abi.RANGE_BYTES;
      view.setBigUint64(at, BigInt(physBytes), true);
      view.setBigUint64(at + 8, BigInt(physBytes + sizeBytes), true);
    });
    view.setUint32(abi.CONTROL + abi.CTL_DEVICE_RANGES, device.length, true);
  }

  /** Where a thread's op buffer is. */
  opsAt(thread: number): number {
    if (thread >= (this.shape.threads ?? 1)) throw new Error(`the bank has no thread ${thread}`);
    return thread === 0
      ? abi.OPS
      : this.#plan.regions + (thread - 1) * abi.REGION_BYTES + abi.REGION_OPS;
  }

  /**
   * Touches every page of the bank, so that no timed operation is the first to; of the arrays of got
   * pages and of operations only as many bytes as will be used.
   */
  prefault({ pagesBytes, opsBytes }: Buffers = WHOLE_BUFFERS): void {
    const bytes = new Uint8Array(this.memory.buffer);
    const touch = (from: number, to: number): void => {
      for (let at = from; at < to; at += 4096) bytes[at] = 0;
    };
    touch(0, abi.PAGES + Math.min(pagesBytes, WHOLE_BUFFERS.pagesBytes));
    touch(abi.OPS, abi.OPS + Math.min(opsBytes, WHOLE_BUFFERS.opsBytes));
    touch(abi.VMA_LOCKS, this.bytes);
  }

  u32(address: number): number {
    return this.view.getUint32(address, true);
  }

  i32(address: number): number {
    return this.view.getInt32(address, true);
  }

  u64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }
}

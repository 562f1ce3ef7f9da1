import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import * as abi from './abi.ts';
import type { Bank } from './bank.ts';
import type { BuildKind, CoreExports, Overlap } from './core.ts';
import { buildName, formatOf, instantiate, runnerOf } from './core.ts';
import type { OpStream } from './ops.ts';
import { firstHeldFolio, readPage, type StructPage } from './page.ts';
import { nowNs } from './platform.ts';
import { type Walk, walk } from './walk.ts';

/**
 * An event of the ledger, as `ptRead` or `rmwRefcount`: docs/gate.md has each with its kernel function.
 */
export type EventName = keyof typeof abi.EVENTS;
/** How often each event happened; exact in counted builds, 0 in timed ones. */
export type Events = Readonly<Record<EventName, number>>;
const EVENT_NAMES = Object.keys(abi.EVENTS) as readonly EventName[];

/** Consecutive units whose folios are held alike; gets and pins of each, in 4 KiB pages. */
export interface HeldUnits {
  readonly firstUnit: number;
  readonly units: number;
  readonly gets: number;
  readonly pins: number;
}

/** A VMA as the core needs it; addresses in bytes, `pgoff` in pages, 0 for no neighbour. */
export interface VmaDescriptor {
  readonly start: bigint;
  readonly end: bigint;
  readonly pgoff: bigint;
  readonly prot: bigint;
  readonly flags: number;
  readonly mm: number;
  readonly floor: bigint;
  readonly ceiling: bigint;
}

/**
 * What went wrong in the kernel:
 * - `order`: WARN_ON_ONCE of vmf_insert_folio_pmd or _pud, a folio that is not of the leaf's order
 * - `negativeCount`: of try_get_folio, a count below 0: saturated, or put too often
 * - `countNotPositive`: of try_grab_folio
 * - `unalignedOffset`: no WARN, a trap: a huge leaf at an unaligned file offset (semantics 12.20)
 */
export type Warning = 'order' | 'negativeCount' | 'countNotPositive' | 'unalignedOffset';

const WARNINGS: readonly (readonly [bit: number, name: Warning])[] = [
  [abi.WARN_ORDER, 'order'],
  [abi.WARN_NEGATIVE, 'negativeCount'],
  [abi.WARN_NOT_POSITIVE, 'countNotPositive'],
  [abi.WARN_UNALIGNED_OFFSET, 'unalignedOffset'],
];

/** A result of the core: its status and whether that was OK. */
export function statusOf(result: bigint): number {
  return Number(result & 0xffn);
}

/** The table arena has no table left for `what`. */
export function noTable(what: string): DaxError {
  return new DaxError('E_MEMORY', `no page table is left for ${what}`, 'use fewer of them');
}

/** A kernel on the banks of its device: on one (OneBank) or on several (SeveralBanks). */
export type Machine = Pick<OneBank, keyof OneBank>;

/** One kernel on one bank: the only place beside its folder's files that knows addresses. */
export class OneBank {
  readonly kernel: KernelId;
  readonly bank: Bank;
  readonly core: CoreExports;
  readonly counted: boolean;
  /** Slots of the mm table ever used, and those of them that are free again. */
  #mms = 0;
  #freeMms: number[] = [];
  /** Leaves that the kernel lost with their reference and map count; `mm` while it is charged. */
  #lost: { readonly folio: number | undefined; readonly mm: number | undefined }[] = [];

  constructor(
    kernel: KernelId,
    kind: BuildKind,
    bank: Bank,
    wasm = buildName(kernel, kind, bank.format),
  ) {
    this.kernel = kernel;
    this.bank = bank;
    this.counted = kind === 'counted';
    this.core = instantiate(wasm, bank.memory);
    if (formatOf(this.core) !== bank.format)
      throw new Error(`${wasm} does not keep the ${bank.format} records of its bank`);
    if (this.counted && !bank.shape.stamps)
      throw new Error('a counted build needs a bank of stamps');
  }

  /** Binds the device anew: every struct page initialised, no process, no table, counters at 0. */
  boot(): void {
    this.bank.boot();
    this.core.attach(0);
    this.core.bindDevice();
    if (this.counted) this.core.clearStamps();
    this.#mms = 0;
    this.#freeMms = [];
    this.#lost = [];
  }

  /** Binds the driver to the device again: struct pages afresh, and what was lost is lost with the old ones. */
  rebind(): void {
    this.core.bindDevice();
    this.core.runDax();
    this.#lost = this.#lost.map(({ mm }) => ({ folio: undefined, mm }));
  }

  /** Whether a driver is bound: unbind.ts. */
  get alive(): boolean {
    return this.bank.u32(abi.CONTROL + abi.CTL_ALIVE) !== 0;
  }

  /** The file's pages [first, end) leave these VMAs (unmap_mapping_range). */
  unmapMapping(slots: readonly number[], first: number, end: number): void {
    new Uint32Array(this.bank.memory.buffer, abi.PAGES).set(slots);
    this.core.unmapMapping(slots.length, BigInt(first), BigInt(end));
  }

  /** What is referenced of a device that nobody maps: runs of units that are held alike. */
  held(): readonly HeldUnits[] {
    const found: HeldUnits[] = [];
    const word = (at: number, offset: number): number =>
      this.bank.u32(abi.PAGES + at * abi.HELD_BYTES + offset);
    const units = this.bank.shape.pages / 2 ** this.bank.shape.order;
    for (let next = 0; next < units; ) {
      const scanned = this.core.scanHeld(next);
      for (let i = 0; i < Number(scanned & 0xffffffffn); i++) {
        found.push({
          firstUnit: word(i, 0),
          units: word(i, 4),
          gets: word(i, 8),
          pins: word(i, 12),
        });
      }
      next = Number(BigInt.asUintN(32, scanned >> 32n));
    }
    return found;
  }

  /** How often a put took a count to 0 since boot. */
  get zeroPuts(): number {
    return this.bank.u32(abi.CONTROL + abi.CTL_ZERO_PUTS);
  }

  /** Device page of the last count put to 0: its folio's head. */
  get zeroPutPage(): number {
    const { bank } = this;
    const offset = bank.u32(abi.CONTROL + abi.CTL_ZERO_PUT_AT) - bank.records;
    return (offset >>> bank.compoundShift) * 2 ** bank.shape.order;
  }

  /** 4 KiB pages put or unpinned while no driver was bound, since boot. */
  get latePages(): number {
    return this.bank.u32(abi.CONTROL + abi.CTL_LATE_PAGES);
  }

  /** A new mm with an empty top table; its address. `levels` is 4 or 5. */
  createMm(levels: 4 | 5 = 4): number {
    if (this.#freeMms.length === 0 && this.#mms >= abi.MMS_MAX) {
      throw new DaxError('E_VALUE', `more than ${abi.MMS_MAX} processes`, 'use fewer processes');
    }
    // Before a slot is taken, which nobody would give back.
    const top = this.core.allocTable();
    if (!top) throw noTable('a process');
    const slot = this.#freeMms.pop() ?? this.#mms++;
    const mm = abi.MMS + slot * abi.MM_BYTES;
    const { view } = this.bank;
    view.setUint32(mm + abi.MM_TOP, top, true);
    view.setUint32(mm + abi.MM_ID, slot + 1, true);
    view.setUint32(mm + abi.MM_LEVELS, levels, true);
    return mm;
  }

  /** Gives an mm's top table back; its other tables went with its mappings. What it is charged goes. */
  freeMm(mm: number): void {
    this.core.freeTable(this.bank.u32(mm + abi.MM_TOP));
    const { view } = this.bank;
    view.setUint32(mm + abi.MM_TOP, 0, true);
    const index = (mm - abi.MMS) / abi.MM_BYTES;
    view.setBigInt64(mm + abi.MM_FILEPAGES, 0n, true);
    for (let share = abi.RSS_LOCAL; share < abi.PER_CPU; share += abi.MMS_MAX * 8) {
      view.setBigInt64(share + index * 8, 0n, true);
    }
    this.#lost = this.#lost.map((leaf) => (leaf.mm === mm ? { ...leaf, mm: undefined } : leaf));
    this.#freeMms.push(index);
  }

  /** The kernel lost a leaf of this mm: its reference, its map count and its charge stay behind. */
  loseLeaf(mm: number, page: number): void {
    this.#lost.push({ folio: Math.floor(page / 2 ** this.bank.shape.order), mm });
  }

  /** A mapping of device pages from `page` on is about to be at [start, end): see SeveralBanks. */
  claim(_mm: number, _start: bigint, _end: bigint, _page: number): void {}

  /** The bank that has the page tables of an address; undefined: none has any. */
  bankAt(_mm: number, _va: bigint): number | undefined {
    return 0;
  }

  /** The hardware's walk of an address. */
  walk(mm: number, va: bigint): Walk {
    return walk(this.bank, mm, va);
  }

  /** Calls `act` with each bank's part of a range, as one call of the kernel: here all of it. */
  eachPart(
    _vma: number,
    from: bigint,
    to: bigint,
    act: (part: OneBank, from: bigint, to: bigint) => void,
  ): void {
    act(this, from, to);
  }

  /** The bank that the last moveTables worked in. */
  get mover(): OneBank {
    return this;
  }

  /** The first folio that somebody holds, where nothing is mapped or pinned any more. */
  heldFolio(): { readonly head: number; readonly refcount: number } | undefined {
    return firstHeldFolio(this.bank);
  }

  /** Address of a VMA slot's descriptor. */
  vmaAddress(slot: number): number {
    return abi.VMAS + slot * abi.VMA_BYTES;
  }

  writeVma(slot: number, vma: VmaDescriptor): void {
    if (slot >= abi.VMAS_MAX) {
      throw new DaxError('E_VALUE', `more than ${abi.VMAS_MAX} mappings`, 'unmap some first');
    }
    const at = this.vmaAddress(slot);
    const { view } = this.bank;
    view.setBigUint64(at + abi.VMA_START, vma.start, true);
    view.setBigUint64(at + abi.VMA_END, vma.end, true);
    view.setBigUint64(at + abi.VMA_PGOFF, vma.pgoff, true);
    view.setBigUint64(at + abi.VMA_PROT, vma.prot, true);
    view.setUint32(at + abi.VMA_FLAGS, vma.flags, true);
    view.setUint32(at + abi.VMA_MM, vma.mm, true);
    view.setBigUint64(at + abi.VMA_FLOOR, vma.floor, true);
    view.setBigUint64(at + abi.VMA_CEILING, vma.ceiling, true);
  }

  /** Puts (part of) a stream into a thread's op buffer, from its operation `at` on. */
  load(stream: OpStream, first: number, ops: number, thread = 0, at = 0): void {
    const buffer = new Uint32Array(this.bank.memory.buffer, this.bank.opsAt(thread));
    buffer.set(stream.words(first, ops), at * 2);
  }

  /** From here to the next boot so many threads work on the bank, this one among them. */
  setThreads(threads: number): void {
    this.bank.view.setUint32(abi.CONTROL + abi.CTL_THREADS, threads, true);
  }

  /**
   * Runs a whole stream; answers how many of its units did not end in OK, and the nanoseconds
   * inside the core. Copying the stream in is not timed.
   */
  run(stream: OpStream, overlap: Overlap): { readonly failed: number; readonly elapsedNs: number } {
    const runOps = runnerOf(this.core, overlap);
    let failed = 0;
    let elapsedNs = 0;
    for (let first = 0; first < stream.length; first += abi.OPS_MAX) {
      const ops = Math.min(abi.OPS_MAX, stream.length - first);
      this.load(stream, first, ops);
      const began = nowNs();
      failed += runOps(0, ops);
      elapsedNs += Number(nowNs() - began);
    }
    return { failed, elapsedNs };
  }

  /** The ledger's counters since boot; all 0 in a timed build. */
  events(): Events {
    return Object.fromEntries(EVENT_NAMES.map((name) => [name, this.event(name)])) as Events;
  }

  /** One of the ledger's counters. */
  event(name: EventName): number {
    let sum = 0;
    for (let thread = 0; thread < abi.THREADS_MAX; thread++) sum += this.threadEvent(name, thread);
    return sum;
  }

  /** One of the ledger's counters, as far as one thread counted it. */
  threadEvent(name: EventName, thread: number): number {
    const block = abi.LEDGER + thread * abi.LEDGER_BLOCK_BYTES;
    return Number(this.bank.u64(block + abi.EVENTS[name] * 8));
  }

  page(page: number): StructPage {
    return readPage(this.bank, this.kernel, page);
  }

  /** MM_FILEPAGES of an mm, in 4 KiB pages; kept by counted builds. */
  filePages(mm: number): number {
    return Number(this.core.chargedPages(mm));
  }

  /** VmPTE of an mm in bytes: its PTE, PMD and PUD tables. */
  tableBytes(mm: number): number {
    return this.bank.u32(mm + abi.MM_TABLES) * 4096;
  }

  /** Page tables allocated and not freed, top tables included. */
  liveTables(): number {
    let live = 0;
    for (let list = abi.MAGAZINES; list <= abi.POOL; list += abi.MAGAZINE_BYTES) {
      live += this.bank.i32(list + abi.MAG_LIVE);
    }
    return live;
  }

  /** Makes the table allocation after `allocations` more fail, and every one from then on. */
  failTablesAfter(allocations: number): void {
    this.bank.view.setInt32(abi.CONTROL + abi.CTL_ARENA_FAIL_AFTER, allocations, true);
  }

  /** Table allocations that failTablesAfter still lets through; below 0: all of them. */
  tableAllocationsLeft(): number {
    return this.bank.i32(abi.CONTROL + abi.CTL_ARENA_FAIL_AFTER);
  }

  /** What the kernel's log has once each since boot, and what it should have. */
  warnings(): readonly Warning[] {
    const bits = this.bank.u32(abi.CONTROL + abi.CTL_WARNINGS);
    return WARNINGS.filter(([bit]) => bits & bit).map(([, name]) => name);
  }

  /** The page whose struct page page_folio finds for `page`; line records, tails not shared. */
  folioOf(page: number): number {
    return ((this.core.folioOf(page) >>> 0) - this.bank.records) / abi.PAGE_BYTES;
  }

  /** The device pages the last get or pin reported. */
  grabbed(pages: number): readonly number[] {
    return Array.from({ length: pages }, (_, i) => Number(this.bank.u64(abi.PAGES + i * 8)));
  }

  /** The first broken invariant of the whole machine, by name, or undefined; see assembly/check.ts. */
  violation(): string | undefined {
    this.#lost.forEach(({ folio, mm }, i) => {
      const index = mm === undefined ? 0 : (mm - abi.MMS) / abi.MM_BYTES + 1;
      // Of no folio that there is: past the last.
      const past = this.bank.shape.pages / 2 ** this.bank.shape.order;
      this.bank.view.setUint32(abi.OPS + i * 8, folio ?? past, true);
      this.bank.view.setUint32(abi.OPS + i * 8 + 4, index, true);
    });
    const found = this.core.checkMachine(this.#mms, this.#lost.length);
    const status = statusOf(found);
    if (status === abi.OK) return undefined;
    const name = Object.entries(abi).find(
      ([key, value]) => key.startsWith('BAD_') && value === status,
    );
    return `${name?.[0] ?? status} at ${found >> 8n}`;
  }

  /** Hash of every struct page and page table: equal for equal histories on one layout. */
  stateHash(): string {
    const top = this.bank.u32(abi.CONTROL + abi.CTL_ARENA_TOP);
    const tables = this.core.hashRange(this.bank.arena, top);
    const records = this.core.hashRange(this.bank.records, this.bank.recordsEnd);
    return BigInt.asUintN(64, tables ^ (records * 3n))
      .toString(16)
      .padStart(16, '0');
  }
}

/** Every event of `later` less that of `earlier`. */
export function eventsBetween(earlier: Events, later: Events): Events {
  const entries = EVENT_NAMES.map((name) => [name, later[name] - earlier[name]]);
  return Object.fromEntries(entries) as Events;
}

/** Lock-prefixed read-modify-writes of struct-page fields, all fields together. */
export function pageRmws(events: Events): number {
  return (
    events.rmwRefcount +
    events.rmwMapcount +
    events.rmwEntireMapcount +
    events.rmwNrPagesMapped +
    events.rmwMmIds +
    events.rmwPincount +
    events.rmwFlags
  );
}

import type { KernelId } from '../kernel.ts';
import * as abi from './abi.ts';
import { AddressSpaces, type BankRange } from './addressSpaces.ts';
import type { Bank } from './bank.ts';
import type { Banks } from './banks.ts';
import type { BuildKind, CoreExports, Overlap } from './core.ts';
import { moveCpu } from './cpu.ts';
import type { VmaDescriptor, Warning } from './machine.ts';
import { type EventName, type Events, type HeldUnits, type Machine, OneBank } from './machine.ts';
import { OP_SLOTS, type OpStream } from './ops.ts';
import type { StructPage } from './page.ts';
import { sha256 } from './platform.ts';
import { runTurn } from './routed.ts';
import { carrySeam, seamBits, withSeam } from './seam.ts';
import { oneBankOnly, type Slices } from './slices.ts';
import { spreadCore } from './spreadCore.ts';
import { SpreadGup } from './spreadGup.ts';
import type { Walk } from './walk.ts';

/**
 * One kernel on several banks, as if they were one: each has the struct pages of a slice of the device,
 * and the page tables of the slots of address spaces that the slice is mapped in. The PGD is counted
 * once; a call over several banks takes its lock and makes its last flush once (seam.ts); the CPU's own
 * counters go with it from bank to bank (cpu.ts).
 */
export class SeveralBanks implements Machine {
  readonly kernel: KernelId;
  readonly counted: boolean;
  readonly core: CoreExports;
  readonly parts: readonly OneBank[];
  readonly slices: Slices;
  readonly gup: SpreadGup;
  readonly #banks: Banks;
  readonly #spaces: AddressSpaces;
  /** Device page that the mapping in a VMA slot of the op streams begins at. */
  readonly #firstPages = new Array<number>(OP_SLOTS).fill(0);
  readonly #vmas = new Map<number, VmaDescriptor>();
  /** Where the CPU is. */
  #at = 0;
  #mover = 0;
  #zeroPutBank = 0;

  constructor(kernel: KernelId, kind: BuildKind, banks: Banks, wasm?: string) {
    this.kernel = kernel;
    this.counted = kind === 'counted';
    this.parts = banks.all.map((bank) => new OneBank(kernel, kind, bank, wasm));
    this.slices = banks.slices;
    this.#spaces = new AddressSpaces(banks.slices);
    this.#banks = banks;
    this.gup = new SpreadGup(this);
    this.core = spreadCore(this);
  }

  /** Fails: E_BANK_SPAN; who asks for the bank works on one. */
  get bank(): Bank {
    throw oneBankOnly('this');
  }

  get #first(): OneBank {
    return this.parts[0] as OneBank;
  }

  #sum(of: (part: OneBank) => number): number {
    return this.parts.reduce((sum, part) => sum + of(part), 0);
  }

  /** The CPU goes to a bank. */
  enter(bank: number): OneBank {
    const part = this.parts[bank] as OneBank;
    if (bank === this.#at) return part;
    if (this.counted) moveCpu((this.parts[this.#at] as OneBank).bank, part.bank, this.#spaces.mms);
    this.#at = bank;
    return part;
  }

  boot(): void {
    for (const part of this.parts) part.boot();
    this.#spaces.clear();
    this.#vmas.clear();
    this.#at = 0;
  }

  rebind(): void {
    for (const part of this.parts) part.rebind();
  }

  get alive(): boolean {
    return this.#first.alive;
  }

  /** The bank's first device page. */
  firstPage(bank: number): number {
    return this.slices.firstPage(bank);
  }

  /** The bank of a device page, and its number there. */
  locate(page: number): { readonly bank: number; readonly local: number } {
    const bank = this.slices.bankOf(page);
    return { bank, local: page - this.slices.firstPage(bank) };
  }

  /** The mm that a descriptor is of: the same in every bank. */
  mmOf(vma: number): number {
    return this.#first.bank.u32(vma + abi.VMA_MM);
  }

  claim(mm: number, start: bigint, end: bigint, page: number): void {
    this.#spaces.claim(mm, start, end, page);
  }

  /** The bank of an address that has page tables of other memory: its slot's, or made the first's. */
  bankForTables(mm: number, va: bigint): number {
    const bank = this.bankAt(mm, va) ?? 0;
    this.#spaces.own(mm, va, bank);
    return bank;
  }

  bankAt(mm: number, va: bigint): number | undefined {
    return this.#spaces.bankAt(mm, va);
  }

  partsOf(mm: number, from: bigint, to: bigint): readonly BankRange[] {
    return this.#spaces.partsOf(mm, from, to);
  }

  /** Runs a call's parts, one bank after the other; `act` answers false where it ends. */
  asOneCall<T extends { readonly bank: number }>(
    parts: readonly T[],
    act: (machine: OneBank, part: T) => boolean,
    bitsOf = (i: number): number => seamBits(i > 0, i < parts.length - 1),
  ): void {
    let before: Bank | undefined;
    for (const [i, part] of parts.entries()) {
      const machine = this.enter(part.bank);
      if (before) carrySeam(before, machine.bank);
      if (!withSeam(machine.bank, bitsOf(i), () => act(machine, part))) return;
      before = machine.bank;
    }
  }

  eachPart(
    vma: number,
    from: bigint,
    to: bigint,
    act: (part: OneBank, from: bigint, to: bigint) => void,
  ): void {
    this.asOneCall(this.partsOf(this.mmOf(vma), from, to), (machine, part) => {
      act(machine, part.from, part.to);
      return true;
    });
  }

  unmapMapping(slots: readonly number[], first: number, end: number): void {
    const parts = slots.flatMap((slot) => this.#mappedParts(slot, first, end));
    if (parts.length === 0) this.enter(0).unmapMapping([], 0, 0);
    const bitsOf = (i: number): number => {
      const [before, now, after] = [parts[i - 1], parts[i], parts[i + 1]];
      return (
        (before ? abi.SEAM_BEGUN : 0) |
        (after ? abi.SEAM_GOES_ON : 0) |
        (before?.slot === now?.slot ? abi.SEAM_GATHER_BEGUN : 0) |
        (after?.slot === now?.slot ? abi.SEAM_GATHER_GOES_ON : 0)
      );
    };
    this.asOneCall(
      parts,
      (machine, { bank, slot }) => {
        const own = this.firstPage(bank);
        machine.unmapMapping([slot], Math.max(0, first - own), Math.max(0, end - own));
        return true;
      },
      bitsOf,
    );
  }

  /** The banks that a mapping has file pages [first, end) in. */
  #mappedParts(slot: number, first: number, end: number) {
    const vma = this.#vmas.get(slot);
    if (!vma) return [];
    const pgoff = Number(vma.pgoff);
    const from = Math.max(first, pgoff);
    const to = Math.min(end, pgoff + Number((vma.end - vma.start) >> 12n));
    const at = (page: number): bigint => vma.start + BigInt(page - pgoff) * 4096n;
    if (from >= to) return [];
    return this.partsOf(vma.mm, at(from), at(to)).map(({ bank }) => ({ bank, slot }));
  }

  held(): readonly HeldUnits[] {
    const { order } = this.#banks.shape;
    const found: HeldUnits[] = [];
    this.parts.forEach((part, bank) => {
      const first = this.firstPage(bank) / 2 ** order;
      for (const run of part.held()) {
        const here = { ...run, firstUnit: run.firstUnit + first };
        const last = found.at(-1);
        const goesOn = last !== undefined && last.firstUnit + last.units === here.firstUnit;
        if (goesOn && last.gets === here.gets && last.pins === here.pins)
          found[found.length - 1] = { ...last, units: last.units + here.units };
        else found.push(here);
      }
    });
    return found;
  }

  get zeroPuts(): number {
    return this.#sum((part) => part.zeroPuts);
  }

  /** Puts in a bank: notes whether one took a count to 0. */
  putIn<T>(bank: number, put: (machine: OneBank) => T): T {
    const machine = this.enter(bank);
    const before = machine.zeroPuts;
    const result = put(machine);
    if (machine.zeroPuts !== before) this.#zeroPutBank = bank;
    return result;
  }

  get zeroPutPage(): number {
    const bank = this.#zeroPutBank;
    return (this.parts[bank] as OneBank).zeroPutPage + this.firstPage(bank);
  }

  get latePages(): number {
    return this.#sum((part) => part.latePages);
  }

  /** The ledger of this part stays as it was: what is done is another's to count. */
  #uncounted<T>({ bank }: OneBank, act: () => T): T {
    const ledger = new Uint8Array(bank.memory.buffer, abi.LEDGER, abi.LEDGER_BLOCK_BYTES);
    const before = ledger.slice();
    try {
      return act();
    } finally {
      ledger.set(before);
    }
  }

  /** Every bank has the mm in the same place, with a top table; the first one's is the PGD. */
  createMm(levels: 4 | 5 = 4): number {
    if (levels === 5) throw oneBankOnly('a process of five page-table levels');
    const made: OneBank[] = [];
    let mm = 0;
    try {
      for (const part of this.parts.toReversed()) {
        const create = (): number => part.createMm(levels);
        mm = part === this.#first ? create() : this.#uncounted(part, create);
        made.push(part);
      }
    } catch (error) {
      for (const part of made) this.#uncounted(part, () => part.freeMm(mm));
      throw error;
    }
    this.#spaces.add(mm);
    return mm;
  }

  freeMm(mm: number): void {
    for (const part of this.parts) {
      if (part === this.#first) part.freeMm(mm);
      else this.#uncounted(part, () => part.freeMm(mm));
    }
    this.#spaces.remove(mm);
  }

  loseLeaf(mm: number, page: number): void {
    const { bank, local } = this.locate(page);
    (this.parts[bank] as OneBank).loseLeaf(mm, local);
  }

  vmaAddress(slot: number): number {
    return this.#first.vmaAddress(slot);
  }

  writeVma(slot: number, vma: VmaDescriptor): void {
    const ranges = this.partsOf(vma.mm, vma.start, vma.end);
    this.parts.forEach((part, bank) => {
      const mine = ranges.filter((range) => range.bank === bank);
      const start = mine[0]?.from ?? vma.end;
      const end = mine.at(-1)?.to ?? vma.end;
      const page = vma.pgoff + ((start - vma.start) >> 12n) - BigInt(this.firstPage(bank));
      part.writeVma(slot, { ...vma, start, end, pgoff: BigInt.asUintN(64, page) });
    });
    this.#vmas.set(slot, vma);
    if (slot < OP_SLOTS) this.#firstPages[slot] = Number(vma.pgoff);
  }

  load(): never {
    throw oneBankOnly('a stream by hand');
  }

  run(stream: OpStream, overlap: Overlap): { readonly failed: number; readonly elapsedNs: number } {
    let failed = 0;
    let elapsedNs = 0;
    for (const turn of this.#banks.router.route(stream, this.#firstPages)) {
      const done = runTurn(this, turn, overlap);
      failed += done.failed;
      elapsedNs += done.elapsedNs;
    }
    return { failed, elapsedNs };
  }

  events(): Events {
    const names = Object.keys(abi.EVENTS) as readonly EventName[];
    return Object.fromEntries(names.map((name) => [name, this.event(name)])) as Events;
  }

  event(name: EventName): number {
    return this.#sum((part) => part.event(name));
  }

  threadEvent(name: EventName, thread: number): number {
    return this.#sum((part) => part.threadEvent(name, thread));
  }

  /** Fails: E_BANK_SPAN; threads share one bank. */
  setThreads(): never {
    throw oneBankOnly('a storm of several threads');
  }

  page(page: number): StructPage {
    const { bank, local } = this.locate(page);
    const first = this.firstPage(bank);
    const found = (this.parts[bank] as OneBank).page(local);
    const index = found.mapping ? found.index + BigInt(first) : found.index;
    return { ...found, page, head: found.head + first, index };
  }

  filePages(mm: number): number {
    return this.#sum((part) => part.filePages(mm));
  }

  tableBytes(mm: number): number {
    return this.#sum((part) => part.tableBytes(mm));
  }

  liveTables(): number {
    const tops = (this.parts.length - 1) * this.#spaces.count;
    return this.#sum((part) => part.liveTables()) - tops;
  }

  failTablesAfter(): never {
    throw oneBankOnly('want of page tables');
  }

  tableAllocationsLeft(): never {
    throw oneBankOnly('want of page tables');
  }

  warnings(): readonly Warning[] {
    return [...new Set(this.parts.flatMap((part) => part.warnings()))];
  }

  folioOf(page: number): number {
    const { bank, local } = this.locate(page);
    return (this.parts[bank] as OneBank).folioOf(local) + this.firstPage(bank);
  }

  grabbed(pages: number): readonly number[] {
    return this.gup.pages.slice(0, pages);
  }

  walk(mm: number, va: bigint): Walk {
    return (this.parts[this.bankAt(mm, va) ?? 0] as OneBank).walk(mm, va);
  }

  get mover(): OneBank {
    return this.parts[this.#mover] as OneBank;
  }

  /** The bank that moves page tables; both ends are congruent, so both are in it. */
  moveIn(bank: number): OneBank {
    this.#mover = bank;
    return this.enter(bank);
  }

  heldFolio(): { readonly head: number; readonly refcount: number } | undefined {
    for (const [bank, part] of this.parts.entries()) {
      const found = part.heldFolio();
      if (found) return { ...found, head: found.head + this.firstPage(bank) };
    }
    return undefined;
  }

  violation(): string | undefined {
    for (const [bank, part] of this.parts.entries()) {
      const found = part.violation();
      if (found) return `${found} in bank ${bank}`;
    }
    return undefined;
  }

  stateHash(): string {
    return sha256(this.parts.map((part) => part.stateHash())).slice(0, 16);
  }
}

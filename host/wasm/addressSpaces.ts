import type { Slices } from './slices.ts';

/** log2 of a slot of an address space: what one entry of a four-level PGD spans. */
const SLOT_SHIFT = 39n;

/** A part of an address range, and the bank that has its page tables. */
export interface BankRange {
  readonly bank: number;
  readonly from: bigint;
  readonly to: bigint;
}

function slotOf(va: bigint): number {
  return Number(va >> SLOT_SHIFT);
}

function slotEnd(va: bigint): bigint {
  return ((va >> SLOT_SHIFT) + 1n) << SLOT_SHIFT;
}

/** Which bank has the page tables of each slot of every mm: the one whose slice was mapped there. */
export class AddressSpaces {
  readonly #slices: Slices;
  readonly #owners = new Map<number, Map<number, number>>();

  constructor(slices: Slices) {
    this.#slices = slices;
  }

  get mms(): Iterable<number> {
    return this.#owners.keys();
  }

  get count(): number {
    return this.#owners.size;
  }

  add(mm: number): void {
    this.#owners.set(mm, new Map());
  }

  remove(mm: number): void {
    this.#owners.delete(mm);
  }

  clear(): void {
    this.#owners.clear();
  }

  /** Device pages from `page` on are about to be mapped at [start, end), congruent to the slots. */
  claim(mm: number, start: bigint, end: bigint, page: number): void {
    for (let at = start; at < end; at = slotEnd(at)) {
      this.own(mm, at, this.#slices.bankOf(page + Number((at - start) >> 12n)));
    }
  }

  own(mm: number, va: bigint, bank: number): void {
    this.#owners.get(mm)?.set(slotOf(va), bank);
  }

  bankAt(mm: number, va: bigint): number | undefined {
    return this.#owners.get(mm)?.get(slotOf(va));
  }

  /** A range by bank, in order; a slot that nobody has goes with the one before. */
  partsOf(mm: number, from: bigint, to: bigint): readonly BankRange[] {
    const found: BankRange[] = [];
    for (let at = from; at < to; at = slotEnd(at)) {
      const end = slotEnd(at) < to ? slotEnd(at) : to;
      const last = found.at(-1);
      const bank = this.bankAt(mm, at) ?? last?.bank ?? 0;
      if (last?.bank === bank) found[found.length - 1] = { ...last, to: end };
      else found.push({ bank, from: at, to: end });
    }
    return found.length > 0 ? found : [{ bank: this.bankAt(mm, from) ?? 0, from, to }];
  }
}

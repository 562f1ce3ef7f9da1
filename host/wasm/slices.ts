import { DaxError } from '../error.ts';
import { GIB } from '../units.ts';
import type { PhysRange } from './bank.ts';

/** What one entry of a four-level PGD spans: a bank's part of an address space. */
export const SLOT_BYTES = 512 * GIB;
const PAGE_BYTES = 4096;
const SLOT_PAGES = SLOT_BYTES / PAGE_BYTES;

/** Where a device is cut. */
export interface Cut {
  /**
   * How far into its slot the device's first byte is mapped: a multiple of the unit below 512 GiB.
   * Default 0. Tests cut small devices with it.
   */
  readonly leadBytes?: number;
  /** One bank for all of it, or one a slot. Default: one where it fits. */
  readonly banks?: 'one' | 'several';
}

/**
 * Which bank has which pages of a device: each has those that are mapped in one slot of 512 GiB, so
 * that no page table is shared by two. Mappings are congruent to the slots: an address and its device
 * offset, plus the lead, are equal modulo 512 GiB.
 */
export class Slices {
  readonly leadBytes: number;
  readonly count: number;
  readonly #pages: number;
  readonly #leadPages: number;

  constructor(pages: number, { leadBytes = 0, banks = 'one' }: Cut) {
    this.#pages = pages;
    this.leadBytes = leadBytes;
    this.#leadPages = leadBytes / PAGE_BYTES;
    this.count = banks === 'one' ? 1 : Math.ceil((this.#leadPages + pages) / SLOT_PAGES);
  }

  /** Whether a mapping's place is bound to its offset: address = offset + lead modulo 512 GiB. */
  get bound(): boolean {
    return this.count > 1 || this.leadBytes > 0;
  }

  /** The bank of a device page; of one past the end the last. */
  bankOf(page: number): number {
    return Math.min(Math.floor((page + this.#leadPages) / SLOT_PAGES), this.count - 1);
  }

  /** First device page of a bank; of the bank behind the last the end. */
  firstPage(bank: number): number {
    if (bank >= this.count) return this.#pages;
    return bank === 0 ? 0 : bank * SLOT_PAGES - this.#leadPages;
  }

  pages(bank: number): number {
    return this.firstPage(bank + 1) - this.firstPage(bank);
  }

  /** Consecutive device pages as one run a bank. */
  *runs(first: number, pages: number): Generator<{ bank: number; first: number; pages: number }> {
    const end = first + pages;
    for (let at = first; at < end; ) {
      const bank = this.bankOf(at);
      const next = bank === this.count - 1 ? end : Math.min(end, this.firstPage(bank + 1));
      yield { bank, first: at, pages: next - at };
      at = next;
    }
  }
}

/**
 * The parts of a device's ranges in a slice. The first range stays the first, be it empty there:
 * pages beyond it are looked up differently (semantics 6.5).
 */
export function sliceRanges(
  ranges: readonly PhysRange[],
  firstByte: number,
  bytes: number,
): readonly PhysRange[] {
  let start = 0;
  return ranges.flatMap(({ physBytes, sizeBytes }, i) => {
    const from = Math.max(0, firstByte - start);
    const to = Math.min(sizeBytes, firstByte + bytes - start);
    start += sizeBytes;
    if (to > from) return [{ physBytes: physBytes + from, sizeBytes: to - from }];
    return i === 0 ? [{ physBytes: physBytes + sizeBytes, sizeBytes: 0 }] : [];
  });
}

/** What only one bank can do. */
export function oneBankOnly(what: string): DaxError {
  return new DaxError(
    'E_BANK_SPAN',
    `${what} works on devices of one bank`,
    'use a smaller --size, or a larger --align',
  );
}

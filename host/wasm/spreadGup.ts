import * as abi from './abi.ts';
import type { BankRange } from './addressSpaces.ts';
import type { OneBank } from './machine.ts';
import type { SeveralBanks } from './severalBanks.ts';

/** get_user_pages over several banks: the array of pages that a call fills, bank after bank. */
export class SpreadGup {
  readonly #machine: SeveralBanks;
  #pages: number[] = [];

  constructor(machine: SeveralBanks) {
    this.#machine = machine;
  }

  /** Device pages that were got so far. */
  get pages(): readonly number[] {
    return this.#pages;
  }

  begin(flags: number): void {
    if (!(flags & abi.GUP_APPEND)) this.#pages = [];
  }

  fast(vma: number, va: bigint, pages: number, flags: number): number {
    this.begin(0);
    for (const part of this.#parts(vma, va, pages)) {
      const asked = pagesIn(part);
      const machine = this.#machine.enter(part.bank);
      const got = machine.core.gupFast(vma, part.from, asked, flags);
      this.#take(machine, part.bank, got);
      if (got < asked) break;
    }
    return this.#pages.length;
  }

  /** The status that ended it. */
  slow(vma: number, va: bigint, pages: number, flags: number): number {
    this.begin(flags);
    let status: number = abi.OK;
    this.#machine.asOneCall(this.#parts(vma, va, pages), (machine, part) => {
      status = machine.core.gupSlow(vma, part.from, pagesIn(part), flags & ~abi.GUP_APPEND);
      this.#take(machine, part.bank, machine.core.pagesGot());
      return status === abi.OK;
    });
    return status;
  }

  #parts(vma: number, va: bigint, pages: number): readonly BankRange[] {
    return this.#machine.partsOf(this.#machine.mmOf(vma), va, va + BigInt(pages) * 4096n);
  }

  #take(machine: OneBank, bank: number, pages: number): void {
    const first = this.#machine.firstPage(bank);
    for (const page of machine.grabbed(pages)) this.#pages.push(page + first);
  }
}

function pagesIn({ from, to }: BankRange): number {
  return Number((to - from) / 4096n);
}

/** Consecutive device pages that a process got or pinned in one call and has not given back. */
export interface Holding {
  /** Number of the process, which may have exited since. */
  readonly process: number;
  readonly pin: boolean;
  readonly firstPage: number;
  readonly pages: number;
}

/** A part of what is given back. */
export interface Returned {
  readonly firstPage: number;
  readonly pages: number;
  /** Taken before an unbind: the struct pages that it referred to are gone. */
  readonly stale: boolean;
}

type Kept = Holding & { readonly stale: boolean };

function endOf({ firstPage, pages }: { readonly firstPage: number; readonly pages: number }) {
  return firstPage + pages;
}

/**
 * Who holds which pages. The kernel keeps counts, not names; whoever pinned keeps the list of pages.
 *
 * Why: when a driver is unbound under pins, the question is whose they are.
 */
export class Holdings {
  #kept: Kept[] = [];
  /** What is held by where it begins: most is given back as it was taken. */
  #byStart = new Map<number, Kept[]>();

  get current(): readonly Holding[] {
    return this.#kept.filter(({ stale }) => !stale).map(({ stale: _, ...holding }) => holding);
  }

  add(holding: Holding): void {
    this.#insert(this.#kept.length, [{ ...holding, stale: false }]);
  }

  /** The struct pages go: what is held from now on refers to nothing. */
  expire(): void {
    const kept = this.#kept;
    this.clear();
    this.#insert(
      0,
      kept.map((holding) => ({ ...holding, stale: true })),
    );
  }

  clear(): void {
    this.#kept = [];
    this.#byStart.clear();
  }

  /**
   * Takes pages back, those of this process first; in parts, as they were taken before or after the
   * last unbind. Pages that nobody is known to hold count as taken after it.
   */
  takeBack(process: number, pin: boolean, firstPage: number, pages: number): readonly Returned[] {
    const whole = this.#whole(process, pin, firstPage, pages);
    if (whole) {
      this.#remove(whole, firstPage, endOf(whole));
      return [{ firstPage, pages, stale: false }];
    }
    const end = firstPage + pages;
    const parts: Returned[] = [];
    let at = firstPage;
    while (at < end) {
      const from = this.#best(process, pin, at);
      // A better holder may begin inside this one.
      const next = Math.min(this.#nextStart(pin, at, end), from ? endOf(from) : end);
      if (from) this.#remove(from, at, next);
      const stale = from?.stale ?? false;
      const last = parts.at(-1);
      if (last?.stale === stale)
        parts[parts.length - 1] = { ...last, pages: next - last.firstPage };
      else parts.push({ firstPage: at, pages: next - at, stale });
      at = next;
    }
    return parts;
  }

  /** A live holding of this process that is exactly these pages: none could be better. */
  #whole(process: number, pin: boolean, firstPage: number, pages: number): Kept | undefined {
    return this.#byStart
      .get(firstPage)
      ?.find(
        (each) =>
          each.process === process && each.pin === pin && each.pages === pages && !each.stale,
      );
  }

  /** Of the holdings with this page: a live one before a stale one, this process's before others. */
  #best(process: number, pin: boolean, page: number): Kept | undefined {
    const rank = (each: Kept): number => (each.stale ? 0 : 2) + (each.process === process ? 1 : 0);
    let best: Kept | undefined;
    for (const each of this.#kept) {
      if (each.pin !== pin || page < each.firstPage || page >= endOf(each)) continue;
      if (!best || rank(each) > rank(best)) best = each;
    }
    return best;
  }

  #nextStart(pin: boolean, page: number, end: number): number {
    let next = end;
    for (const each of this.#kept) {
      if (each.pin === pin && each.firstPage > page) next = Math.min(next, each.firstPage);
    }
    return next;
  }

  #insert(at: number, holdings: readonly Kept[]): void {
    this.#kept.splice(at, 0, ...holdings);
    for (const holding of holdings) {
      const beside = this.#byStart.get(holding.firstPage);
      if (beside) beside.push(holding);
      else this.#byStart.set(holding.firstPage, [holding]);
    }
  }

  #remove(holding: Kept, first: number, end: number): void {
    const at = this.#kept.indexOf(holding);
    const beside = this.#byStart.get(holding.firstPage)?.filter((each) => each !== holding) ?? [];
    if (beside.length > 0) this.#byStart.set(holding.firstPage, beside);
    else this.#byStart.delete(holding.firstPage);
    this.#kept.splice(at, 1);
    const before = { ...holding, pages: first - holding.firstPage };
    const after = { ...holding, firstPage: end, pages: endOf(holding) - end };
    this.#insert(
      at,
      [before, after].filter(({ pages }) => pages > 0),
    );
  }
}

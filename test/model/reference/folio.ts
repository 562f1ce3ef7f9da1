// A folio as semantics 1, 6.1, 7.2 and 9.1 describe it: counts, not fields.
import type { Kernel, Size } from './entry.ts';

export class Folio {
  readonly #kernel: Kernel;
  readonly #size: Size;
  /** Leaf entries that map it, however many pages each has. */
  leaves = 0;
  gets = 0;
  pins = 0;
  mapped = false;
  index = 0n;
  referenced = false;
  dirty = false;
  workingset = false;
  lruRefs = 0;

  constructor(kernel: Kernel, size: Size) {
    this.#kernel = kernel;
    this.#size = size;
  }

  /** The table of 9.1. */
  get refcount(): number {
    const mappings = this.#kernel !== 'devmap' ? this.leaves : 0;
    return 1 + mappings + this.gets + this.pins * (this.#size === '4K' ? 1024 : 1);
  }

  /** Map counts as the struct page stores them: minus one is none. */
  get mapcount(): number {
    return (this.#kernel !== 'devmap' ? this.leaves : 0) - 1;
  }

  /** folio_mark_accessed in MGLRU's order of 7.2. */
  accessed(): void {
    if (!this.referenced) {
      this.referenced = true;
      if (this.#kernel !== 'devmap') this.lruRefs = 0;
      return;
    }
    const workingsetFirst = this.#kernel === 'devmap';
    if (workingsetFirst && !this.workingset) this.workingset = true;
    else if (this.lruRefs < 3) this.lruRefs += 1;
    else if (!workingsetFirst) this.workingset = true;
  }
}

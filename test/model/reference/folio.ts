// One compound page (2M, 1G) or page (4K) of the device: the counters of its head.
import { ENTIRELY_MAPPED, type Kernel, PIN_BIAS } from './kernel.ts';

export class Folio {
  /** Unit number in the device. */
  readonly unit: number;
  readonly order: number;
  refcount = 1;
  /** Map counts as counts: the raw words are one less. */
  mapcount = 0;
  entireMapcount = 0;
  largeMapcount = 0;
  nrPagesMapped = 0;
  pincount = 0;
  referenced = false;
  dirty = false;
  workingset = false;
  /** The 2-bit LRU refs field. */
  lruRefs = 0;
  hwpoison = false;
  mapping = false;
  /** File page offset set with mapping. */
  index = 0n;
  /** Bookkeeping for the sum rule of 9.1; no kernel has these. */
  gets = 0;
  pins = 0;

  constructor(unit: number, order: number) {
    this.unit = unit;
    this.order = order;
  }

  setMapping(index: bigint): void {
    if (this.mapping) return;
    this.mapping = true;
    this.index = index;
  }

  /** Entries that map this folio. */
  mappings(): number {
    return this.order === 0 ? this.mapcount : this.largeMapcount;
  }

  /** Reference and map count of one leaf entry (5.3, 5.4). */
  map(): void {
    this.refcount += 1;
    if (this.order === 0) {
      this.mapcount += 1;
      return;
    }
    if (this.entireMapcount === 0) this.nrPagesMapped += ENTIRELY_MAPPED;
    this.entireMapcount += 1;
    this.largeMapcount += 1;
  }

  /** The map count of one leaf entry, without its reference. */
  unmap(): void {
    if (this.order === 0) {
      this.mapcount -= 1;
      return;
    }
    this.largeMapcount -= 1;
    this.entireMapcount -= 1;
    if (this.entireMapcount === 0) this.nrPagesMapped -= ENTIRELY_MAPPED;
  }

  grab(pages: number, pin: boolean): void {
    if (!pin) {
      this.refcount += pages;
      this.gets += pages;
      return;
    }
    this.pins += pages;
    this.refcount += this.order === 0 ? PIN_BIAS * pages : pages;
    if (this.order > 0) this.pincount += pages;
  }

  /** Releases one get or pin; true if the count fell to zero or below (12.28). */
  release(kernel: Kernel, pin: boolean): boolean {
    if (pin) {
      this.pins -= 1;
      if (this.order > 0) this.pincount -= 1;
    } else {
      this.gets -= 1;
    }
    return this.put(kernel, pin && this.order === 0 ? PIN_BIAS : 1);
  }

  put(kernel: Kernel, references: number): boolean {
    this.refcount -= references;
    if (this.refcount > 0) return false;
    if (this.refcount === 0 && kernel !== 'devmap') this.refcount = 1;
    return true;
  }

  /** folio_mark_accessed under MGLRU (7.2). */
  markAccessed(kernel: Kernel): void {
    if (!this.referenced) {
      this.referenced = true;
      if (kernel !== 'devmap') this.lruRefs = 0;
      return;
    }
    if (kernel === 'devmap' && !this.workingset) {
      this.workingset = true;
      return;
    }
    if (this.lruRefs < 3) this.lruRefs += 1;
    else this.workingset = true;
  }
}

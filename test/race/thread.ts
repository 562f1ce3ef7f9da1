/** What one thread of a contended run does, and the log of what it holds: seeded, a chunk at a time. */
import type { Device } from '../../host/syscall/device.ts';
import { PAGE_BYTES } from '../../host/units.ts';
import { OpStream } from '../../host/wasm/ops.ts';

/** Pages that half of all operations go to. */
const HOT_PAGES = 16;
/** Pages of one get or pin, at most. */
const GRAB_PAGES_MAX = 4;
const HOLDINGS_MAX = 64;
/** 4 KiB leaves of a PTE table: a zap of all of them frees it (CONFIG_PT_RECLAIM). */
const TABLE_LEAVES = 512;

const TOUCHES = ['touchRead', 'touchWrite', 'faultRead', 'faultWrite'] as const;
const GETS = ['getRead', 'getWrite', 'getSlowRead', 'getSlowWrite'] as const;
const PINS = ['pinRead', 'pinWrite', 'pinSlowRead', 'pinSlowWrite'] as const;

interface Holding {
  readonly pin: boolean;
  readonly page: number;
  readonly pages: number;
}

/** Numbers in [0, below), fast: mulberry32. */
function fastRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * A seeded source of operations on a mapping of the whole device.
 *
 * Why a log is possible at all: a get or pin of a mapped device always ends with all its pages, for
 * what GUP-fast does not find the slow path faults in, however often others unmap it. So what a
 * thread holds follows from what it was told to do, whoever came between.
 */
export class ContendingThread {
  /** Gets and pins of each folio that this thread holds, in 4 KiB pages. */
  readonly gets: Int32Array;
  readonly pins: Int32Array;
  /** Pages got or pinned, ever. */
  grabbed = 0;
  readonly #below: (below: number) => number;
  readonly #slot: number;
  readonly #pages: number;
  readonly #unitPages: number;
  readonly #held: Holding[] = [];

  constructor(device: Device, slot: number, seed: number) {
    this.#below = fastRandom(seed);
    this.#slot = slot;
    this.#pages = device.sizeBytes / PAGE_BYTES;
    this.#unitPages = device.unitBytes / PAGE_BYTES;
    const units = this.#pages / this.#unitPages;
    this.gets = new Int32Array(units);
    this.pins = new Int32Array(units);
  }

  /** The next `length` operations; what they leave this thread holding is in the log. */
  chunk(length: number): OpStream {
    const stream = new OpStream();
    while (stream.length < length) this.#add(stream);
    return stream;
  }

  /** Gives everything back. */
  release(): OpStream {
    const stream = new OpStream();
    while (this.#held.length) this.#give(stream);
    return stream;
  }

  #page(): number {
    return this.#below(2) ? this.#below(HOT_PAGES) : this.#below(this.#pages);
  }

  #add(stream: OpStream): void {
    const what = this.#below(100);
    if (what < 45) this.#touch(stream);
    else if (what < 62) this.#zap(stream);
    else if (what < 82 && this.#held.length < HOLDINGS_MAX) this.#grab(stream);
    else this.#give(stream);
  }

  #touch(stream: OpStream): void {
    const how = TOUCHES[this.#below(TOUCHES.length)] as (typeof TOUCHES)[number];
    stream.push(how, this.#slot, this.#page());
  }

  #zap(stream: OpStream): void {
    const units = this.#pages / this.#unitPages;
    const whole = this.#unitPages === 1 && this.#below(16) === 0;
    const times = whole ? TABLE_LEAVES : 1 + this.#below(4);
    const unit = Math.floor(this.#page() / this.#unitPages);
    const first = whole ? unit - (unit % TABLE_LEAVES) : Math.min(unit, units - times);
    stream.push('dontneed', this.#slot, first * this.#unitPages, times, this.#unitPages);
  }

  #grab(stream: OpStream): void {
    const pin = this.#below(2) === 1;
    const pages = 1 + this.#below(GRAB_PAGES_MAX);
    const page = Math.min(this.#page(), this.#pages - pages);
    const ways = pin ? PINS : GETS;
    stream.push(ways[this.#below(ways.length)] as (typeof ways)[number], this.#slot, page, pages);
    this.#held.push({ pin, page, pages });
    this.grabbed += pages;
    this.#log({ pin, page, pages }, 1);
  }

  #give(stream: OpStream): void {
    if (this.#held.length === 0) return;
    const at = this.#below(this.#held.length);
    const given = this.#held[at] as Holding;
    const last = this.#held.pop() as Holding;
    if (at < this.#held.length) this.#held[at] = last;
    stream.push(given.pin ? 'unpin' : 'put', this.#slot, given.page, given.pages);
    this.#log(given, -1);
  }

  #log({ pin, page, pages }: Holding, by: number): void {
    const log = pin ? this.pins : this.gets;
    for (let at = page; at < page + pages; at++) {
      const unit = Math.floor(at / this.#unitPages);
      log[unit] = (log[unit] as number) + by;
    }
  }
}

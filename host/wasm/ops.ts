import * as abi from './abi.ts';
import { sha256 } from './platform.ts';

/** What an operation of the stream does; see assembly/layout.ts. */
const OP = {
  faultRead: abi.OP_FAULT_READ,
  faultWrite: abi.OP_FAULT_WRITE,
  touchRead: abi.OP_TOUCH_READ,
  touchWrite: abi.OP_TOUCH_WRITE,
  dontneed: abi.OP_DONTNEED,
  munmap: abi.OP_MUNMAP,
  getRead: abi.OP_GET_READ,
  getWrite: abi.OP_GET_WRITE,
  pinRead: abi.OP_PIN_READ,
  pinWrite: abi.OP_PIN_WRITE,
  put: abi.OP_PUT,
  unpin: abi.OP_UNPIN,
  getSlowRead: abi.OP_GET_SLOW_READ,
  getSlowWrite: abi.OP_GET_SLOW_WRITE,
  pinSlowRead: abi.OP_PIN_SLOW_READ,
  pinSlowWrite: abi.OP_PIN_SLOW_WRITE,
  pinLongtermRead: abi.OP_PIN_LONGTERM_READ,
  pinLongtermWrite: abi.OP_PIN_LONGTERM_WRITE,
  pinLongtermSlowRead: abi.OP_PIN_LONGTERM_SLOW_READ,
  pinLongtermSlowWrite: abi.OP_PIN_LONGTERM_SLOW_WRITE,
  populateRead: abi.OP_POPULATE_READ,
  populateWrite: abi.OP_POPULATE_WRITE,
  protect: abi.OP_PROTECT,
} as const;
export type OpName = keyof typeof OP;

const NAMES = Object.entries(OP).reduce<OpName[]>((names, [name, code]) => {
  names[code] = name as OpName;
  return names;
}, []);

/** Pages that the low word of an operation counts. */
const PAGES_LOW = 2 ** 32;

/** One operation, as `push` took it. */
export interface Operation {
  readonly name: OpName;
  readonly vma: number;
  readonly page: number;
  readonly times: number;
}

/** The most one operation can cover: units or pages, as the operation counts them. */
export const OP_TIMES_MAX = abi.OP_COUNT_MASK + 1;
/** Threads that a bank can have. */
export const THREADS_MAX = abi.THREADS_MAX;
/** Operations that a thread's op buffer holds. */
export const OPS_MAX = abi.OPS_MAX;
/** VMA slots that an operation can name. */
export const OP_SLOTS = abi.OP_VMA_MASK + 1;

/**
 * A workload as the core consumes it: eight bytes an operation.
 *
 * Why: storms, traces and tests all become one of these, so they run on one path and their hash
 * names the workload. A page from 2^32 on (16 TiB) is more than a bank has: such streams are split by
 * bank (route.ts) before a core sees them.
 */
export class OpStream {
  #words = new Uint32Array(64);
  /** By operation what its page has above 32 bits, where any has. */
  #high: number[] | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Adds operations on `times` units (or pages) from 4 KiB page `page` of the mapping in VMA slot
   * `vma` on; more than one where `times` is above OP_TIMES_MAX. `unitPages` is how many pages one
   * of `times` covers.
   */
  push(name: OpName, vma: number, page: number, times = 1, unitPages = 1): void {
    let left = times;
    let at = page;
    while (left > 0) {
      const now = Math.min(left, OP_TIMES_MAX);
      this.#add(OP[name], vma, at, now);
      left -= now;
      at += now * unitPages;
    }
  }

  /** Adds one operation of another stream's words. */
  append(words: Uint32Array, op: number): void {
    const at = this.#room();
    this.#words[at] = words[op * 2] as number;
    this.#words[at + 1] = words[op * 2 + 1] as number;
  }

  /** Where the next operation goes. */
  #room(): number {
    const at = this.#length * 2;
    if (at === this.#words.length) {
      const larger = new Uint32Array(at * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#length += 1;
    return at;
  }

  #add(code: number, vma: number, page: number, times: number): void {
    const at = this.#room();
    const high = (code << (abi.OP_CODE_SHIFT - 32)) | (vma << (abi.OP_VMA_SHIFT - 32));
    this.#words[at] = page;
    if (page >= PAGES_LOW) this.#high ??= [];
    if (this.#high) this.#high[at / 2] = Math.floor(page / PAGES_LOW);
    this.#words[at + 1] = high | (times - 1);
  }

  /** The operations from `first` on as words, low half first. */
  words(first = 0, ops = this.#length - first): Uint32Array {
    return this.#words.subarray(first * 2, (first + ops) * 2);
  }

  /** Calls `act` with each operation, in order. */
  each(act: (op: Operation) => void): void {
    for (let i = 0; i < this.#length; i++) {
      const low = this.#words[i * 2] as number;
      const word = this.#words[i * 2 + 1] as number;
      const name = NAMES[word >>> (abi.OP_CODE_SHIFT - 32)] as OpName;
      const vma = (word >>> (abi.OP_VMA_SHIFT - 32)) & abi.OP_VMA_MASK;
      const page = low + (this.#high?.[i] ?? 0) * PAGES_LOW;
      act({ name, vma, page, times: (word & abi.OP_COUNT_MASK) + 1 });
    }
  }

  /** Twelve hex digits that name this workload. */
  hash(): string {
    const high = this.#high ? [Uint32Array.from(this.#high, (each) => each ?? 0)] : [];
    return sha256([this.words(), ...high]).slice(0, 12);
  }
}

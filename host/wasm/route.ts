import { type Operation, type OpName, OpStream } from './ops.ts';
import type { Slices } from './slices.ts';

/** One operation's part in a bank. */
export interface RoutedPart {
  readonly bank: number;
  readonly name: OpName;
  readonly stream: OpStream;
}

/**
 * What the banks do of a stream, in order: streams that run one bank after the other, for banks share
 * nothing; or one operation that the kernel does in one go, its parts.
 */
export type Turn =
  | { readonly streams: readonly (OpStream | undefined)[] }
  | { readonly parts: readonly RoutedPart[] };

/** Operations that are so many faults, touches or pages: nothing is done once for all of them. */
const EACH: ReadonlySet<OpName> = new Set([
  'faultRead',
  'faultWrite',
  'touchRead',
  'touchWrite',
  'put',
  'unpin',
]);
/** Operations that count in units, not in 4 KiB pages. */
const IN_UNITS: ReadonlySet<OpName> = new Set([
  'faultRead',
  'faultWrite',
  'dontneed',
  'munmap',
  'populateRead',
  'populateWrite',
  'protect',
]);

/** Operations that take pages from an mm; all others add some or none. */
const TAKES: ReadonlySet<OpName> = new Set(['dontneed', 'munmap']);

interface Known {
  readonly length: number;
  readonly firstPages: readonly number[];
  readonly turns: readonly Turn[];
}

/**
 * Splits op streams by bank. Each bank gets its operations in the stream's order, their pages counted
 * from where the mapping begins in it; an operation that crosses a slot is cut there.
 */
export class Router {
  readonly #slices: Slices;
  readonly #unitPages: number;
  readonly #known = new WeakMap<OpStream, Known>();

  constructor(slices: Slices, unitPages: number) {
    this.#slices = slices;
    this.#unitPages = unitPages;
  }

  /** `firstPages` are the device pages that the mappings in the VMA slots begin at. */
  route(stream: OpStream, firstPages: readonly number[]): readonly Turn[] {
    const known = this.#known.get(stream);
    const same = known?.firstPages.every((page, i) => page === firstPages[i]);
    if (known && same && known.length === stream.length) return known.turns;
    const turns = this.#split(stream, firstPages);
    this.#known.set(stream, { length: stream.length, firstPages: [...firstPages], turns });
    return turns;
  }

  #split(stream: OpStream, firstPages: readonly number[]): readonly Turn[] {
    const turns: Turn[] = [];
    let streams: (OpStream | undefined)[] = [];
    let takes = false;
    const endTurn = (): void => {
      if (streams.length > 0) turns.push({ streams });
      streams = [];
    };
    stream.each((op) => {
      const first = firstPages[op.vma] ?? 0;
      const parts = this.#parts(op, first);
      // When an mm's counter spills hangs on the order of what adds to it and what takes from it.
      if (TAKES.has(op.name) !== takes) endTurn();
      takes = TAKES.has(op.name);
      if (parts.length > 1 && !EACH.has(op.name)) {
        endTurn();
        turns.push({ parts: parts.map((part) => this.#alone(op, part, first)) });
        return;
      }
      for (const part of parts) {
        let mine = streams[part.bank];
        if (!mine) {
          mine = new OpStream();
          streams[part.bank] = mine;
        }
        this.#push(mine, op, part, first);
      }
    });
    endTurn();
    return turns;
  }

  /** Device page where an operation begins: puts name device pages, the rest pages of the mapping. */
  #parts(op: Operation, first: number): readonly Part[] {
    const device = byDevice(op.name) ? op.page : first + op.page;
    const unit = IN_UNITS.has(op.name) ? this.#unitPages : 1;
    const bank = this.#slices.bankOf(device);
    // Nearly always all of it is in one bank.
    if (this.#slices.bankOf(device + op.times * unit - 1) === bank)
      return [{ bank, page: device, times: op.times }];
    return [...this.#slices.runs(device, op.times * unit)].map((run) => ({
      bank: run.bank,
      page: run.first,
      times: Math.ceil(run.pages / unit),
    }));
  }

  #push(stream: OpStream, op: Operation, { bank, page, times }: Part, first: number): void {
    const own = this.#slices.firstPage(bank);
    const start = byDevice(op.name) ? own : Math.max(first, own);
    const unit = IN_UNITS.has(op.name) ? this.#unitPages : 1;
    stream.push(op.name, op.vma, page - start, times, unit);
  }

  #alone(op: Operation, part: Part, first: number): RoutedPart {
    const stream = new OpStream();
    this.#push(stream, op, part, first);
    return { bank: part.bank, name: op.name, stream };
  }
}

interface Part {
  readonly bank: number;
  readonly page: number;
  readonly times: number;
}

function byDevice(name: OpName): boolean {
  return name === 'put' || name === 'unpin';
}

import type { Machine } from '../wasm/machine.ts';
import type { AccessKind } from './access.ts';
import type { Process } from './process.ts';

interface Stale {
  readonly process: Process;
  readonly start: bigint;
  readonly end: bigint;
  /** The entry that is gone; absent: entries are there, but lost their A bit behind the TLB's back. */
  readonly entry?: bigint;
  /** TLB flushes counted when it went stale: one more ends it. */
  readonly flushes: number;
}

const PRESENT = 1n;
const RW = 1n << 1n;
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;
const NX = 1n << 63n;

/** Whether a cached translation permits an access; a store needs D, which only a walk can set. */
function permits(entry: bigint, kind: AccessKind): boolean {
  if (!(entry & PRESENT)) return false;
  if (kind === 'write') return (entry & RW) !== 0n && (entry & DIRTY) !== 0n;
  return kind === 'read' || !(entry & NX);
}

/**
 * Translations that the CPU goes on using because the kernel changed their entries with no flush: 1G
 * leaves lost by mremap, and A bits cleared by clear_refs (semantics 8).
 *
 * Every other change of an entry is followed by its flush, so no other translation needs keeping. Any
 * flush counted later ends them all; timed builds count none and keep none.
 */
export class StaleTlb {
  readonly #machine: Machine;
  #stale: readonly Stale[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** A leaf over [start, end) was cleared with no flush. */
  lost(process: Process, start: bigint, end: bigint, entry: bigint): void {
    this.#add({ process, start, end, entry, flushes: this.#flushes() });
  }

  /** A bits in [start, end) were cleared with no flush. */
  aged(process: Process, start: bigint, end: bigint): void {
    this.#add({ process, start, end, flushes: this.#flushes() });
  }

  /** Whether an access goes through such a translation: no walk, no fault, no bit set. */
  serves(process: Process, va: bigint, kind: AccessKind): boolean {
    return this.#at(process, va).some((each) => {
      if (each.entry !== undefined) return permits(each.entry, kind);
      const entry = this.#machine.walk(process.mm, va).leaf?.entry ?? ACCESSED;
      return !(entry & ACCESSED) && permits(entry, kind);
    });
  }

  /** Whether there is one for this address, whatever it permits. */
  holds(process: Process, va: bigint): boolean {
    return this.#at(process, va).length > 0;
  }

  /** What else empties a TLB: another program's turn on the CPU, or want of room. */
  flush(): void {
    this.#stale = [];
  }

  forget(process: Process): void {
    this.#stale = this.#stale.filter((each) => each.process !== process);
  }

  #at(process: Process, va: bigint): readonly Stale[] {
    if (this.#stale.length === 0) return this.#stale;
    const flushes = this.#flushes();
    this.#stale = this.#stale.filter((each) => each.flushes === flushes);
    return this.#stale.filter(
      (each) => each.process === process && va >= each.start && va < each.end,
    );
  }

  #add(stale: Stale): void {
    if (this.#machine.counted) this.#stale = [...this.#stale, stale];
  }

  #flushes(): number {
    return this.#machine.event('tlbFlush');
  }
}

import { DaxError } from '../error.ts';
import * as abi from '../wasm/abi.ts';
import type { System } from './system.ts';
import { mayMerge, merged, pageProt, type Vma } from './vma.ts';

/** Where the kernel's top-down search begins, without randomisation. */
const MMAP_BASE = 0x7fff_f7ff_f000n;
export const MMAP_MIN = 0x10000n;
/** End of user addresses with four levels, which is all that anybody gets without asking for more. */
export const TASK_SIZE_4 = 0x7fff_ffff_f000n;

/** One mm: its top page table in the bank and its mappings, sorted by address. */
export class Process {
  readonly system: System;
  /** 1 and up, in order of creation since boot. */
  readonly id: number;
  readonly mm: number;
  /** End of the highest address that mmap chooses. */
  readonly mmapBase: bigint;
  #vmas: readonly Vma[] = [];
  #hugeFaults = true;

  constructor(system: System, mmapBase = MMAP_BASE) {
    this.system = system;
    this.mmapBase = mmapBase;
    this.id = system.takeProcessId();
    this.mm = system.machine.createMm(system.levels);
    system.processes.add(this);
  }

  /** Off after PR_SET_THP_DISABLE: no fault of this process tries a huge leaf. */
  get hugeFaults(): boolean {
    return this.#hugeFaults;
  }

  set hugeFaults(tried: boolean) {
    this.#hugeFaults = tried;
    this.#describeAll();
  }

  get vmas(): readonly Vma[] {
    return this.#vmas;
  }

  vmaAt(va: bigint): Vma | undefined {
    return this.#vmas.find((vma) => va >= vma.start && va < vma.end);
  }

  overlapping(start: bigint, end: bigint): readonly Vma[] {
    return this.#vmas.filter((vma) => vma.start < end && vma.end > start);
  }

  /** Highest gap of `length` bytes below mmapBase; undefined where there is none. */
  findGap(length: bigint): bigint | undefined {
    let top = this.mmapBase;
    for (const vma of this.#vmas.toReversed()) {
      if (vma.start >= top) continue;
      if (top >= vma.end && top - vma.end >= length) break;
      top = vma.start;
    }
    return top - length >= MMAP_MIN ? top - length : undefined;
  }

  /**
   * Replaces mappings, merges what the kernel would merge, and rewrites the descriptors, whose floor
   * and ceiling are the neighbours.
   */
  replace(gone: readonly Vma[], come: readonly Vma[]): void {
    const slots = new Set(come.map((vma) => vma.slot));
    for (const { slot } of gone) if (!slots.has(slot)) this.system.freeSlot(slot);
    const kept = this.#vmas.filter((vma) => !gone.includes(vma));
    const sorted = [...kept, ...come].sort((a, b) => (a.start < b.start ? -1 : 1));
    const joined: Vma[] = [];
    for (const vma of sorted) {
      const last = joined.at(-1);
      if (last && mayMerge(last, vma)) {
        const one = merged(last, vma);
        joined[joined.length - 1] = {
          ...one,
          flags: this.#softDirtyOf(last, vma, slots) | one.flags,
        };
        // What was there before it is what the next merge finds there.
        if (!slots.has(vma.slot)) slots.delete(last.slot);
        this.system.freeSlot(vma.slot);
      } else joined.push(vma);
    }
    this.#vmas = joined;
    for (const { kind, start, end, pgoff } of come) {
      if (kind === 'device') this.system.machine.claim(this.mm, start, end, Number(pgoff));
    }
    this.#describeAll();
  }

  /**
   * VM_SOFTDIRTY of two mappings become one.
   * Kernel: refcount (VM_STICKY, 6.19): if either had it; before that, that of the one that was there.
   */
  #softDirtyOf(first: Vma, second: Vma, fresh: ReadonlySet<number>): number {
    const kept = fresh.has(first.slot) ? second : first;
    const sticky = this.system.machine.kernel === 'refcount';
    return (sticky ? first.flags | second.flags : kept.flags) & abi.VM_SOFTDIRTY;
  }

  /** Gives the mapping at `va` the VM_SOFTDIRTY of `flags`, or in refcount adds it. */
  giveSoftDirty(va: bigint, flags: number): void {
    const vma = this.requireVma(va);
    const sticky = this.system.machine.kernel === 'refcount' ? vma.flags : 0;
    const next = (vma.flags & ~abi.VM_SOFTDIRTY) | ((flags | sticky) & abi.VM_SOFTDIRTY);
    if (next === vma.flags) return;
    this.#vmas = this.#vmas.map((each) => (each === vma ? { ...vma, flags: next } : each));
    this.#describeAll();
  }

  #describeAll(): void {
    this.#vmas.forEach((vma, i) => {
      this.describe(vma, this.#vmas[i - 1]?.end ?? 0n, this.#vmas[i + 1]?.start ?? 0n);
    });
  }

  describe(vma: Vma, floor: bigint, ceiling: bigint): void {
    const { start, end, pgoff } = vma;
    const flags = this.#hugeFaults ? vma.flags : vma.flags | abi.VM_NOHUGEPAGE;
    const prot = pageProt(flags);
    this.system.machine.writeVma(vma.slot, {
      start,
      end,
      pgoff,
      prot,
      flags,
      mm: this.mm,
      floor,
      ceiling,
    });
  }

  /** Address of a mapping's descriptor in the bank. */
  descriptor(vma: Vma): number {
    return this.system.machine.vmaAddress(vma.slot);
  }

  /** The mapping that holds `va`. Fails: E_ADDRESS. */
  requireVma(va: bigint): Vma {
    const found = this.vmaAt(va);
    if (found) return found;
    const ranges = this.#vmas.map((vma) => `0x${vma.start.toString(16)}-0x${vma.end.toString(16)}`);
    throw new DaxError(
      'E_ADDRESS',
      `address 0x${va.toString(16)} is in no mapping`,
      `use an address in ${ranges.join(', ') || 'a mapping'}, or +OFFSET into it`,
    );
  }
}

// One device, one process and short words for what tests do with them.
import type { Rights } from './entry.ts';
import type { Touch } from './fault.ts';
import { type Kernel, type Size, unitBytes } from './kernel.ts';
import type { MmapArgs } from './mmap.ts';
import { Model } from './model.ts';
import type { FolioView } from './snapshot.ts';
import type { OpenFile } from './vma.ts';
import type { Process } from './world.ts';

export const KERNELS: readonly Kernel[] = ['devmap', 'refcount', 'refcount-6.15'];
export const SIZES: readonly Size[] = ['4K', '2M', '1G'];
export const COMBINATIONS = KERNELS.flatMap((kernel) => SIZES.map((size) => ({ kernel, size })));

export const PHYS = 8n << 30n;
export const MMAP_BASE = 0x7fff_f7ff_f000n;
/** A place aligned for every unit. */
export const BASE = 0x7000_0000_0000n;

export const R: Rights = { read: true, write: false, exec: false };
export const RW: Rights = { read: true, write: true, exec: false };
export const RWX: Rights = { read: true, write: true, exec: true };
export const NONE: Rights = { read: false, write: false, exec: false };

export class Bench {
  readonly model: Model;
  readonly main: Process;
  readonly file: OpenFile;
  readonly unit: bigint;

  constructor(kernel: Kernel, size: Size, units = 8) {
    this.model = new Model({ kernel, size, units, physBytes: PHYS, mmapBase: MMAP_BASE });
    this.main = this.model.process();
    this.file = this.model.open('rw');
    this.unit = unitBytes(size);
  }

  /** Units [0, count) of the device at BASE, MAP_FIXED, read-write. */
  map(count = 4, rest: Partial<MmapArgs> = {}): bigint {
    const placed = this.tryMap({ length: this.unit * BigInt(count), ...rest });
    if (typeof placed !== 'bigint') throw new Error(`mmap: ${placed}`);
    return placed;
  }

  tryMap(args: Partial<MmapArgs>): bigint | string {
    const placed = this.model.mmap(this.main, {
      file: this.file,
      address: BASE,
      length: this.unit,
      fixed: true,
      rights: RW,
      ...args,
    });
    return 'errno' in placed ? placed.errno : placed.address;
  }

  /** Without MAP_FIXED. */
  hint(address: bigint, args: Partial<MmapArgs> = {}): bigint | string {
    return this.tryMap({ address, fixed: false, ...args });
  }

  read(va: bigint): Touch {
    return this.model.access(this.main, va, 'read');
  }

  write(va: bigint): Touch {
    return this.model.access(this.main, va, 'write');
  }

  /** Raw entry for an address, its physical address taken off. */
  raw(va: bigint, physBytes = PHYS): bigint | null {
    const entry = this.main.leaves.get(va / this.unit);
    if (entry === undefined) return null;
    const mask = (1n << 52n) - this.unit;
    return entry & 1n ? entry - physBytes : entry - (~physBytes & mask);
  }

  folio(unit = 0): FolioView {
    return this.model.viewFolio(unit);
  }

  get vmas(): readonly (readonly [bigint, bigint])[] {
    return this.main.vmas.map(({ start, end }) => [start - BASE, end - BASE] as const);
  }
}

/** What a touch came to, in a word. */
export function outcome(touch: Touch): string {
  return touch.code ?? `ok ${touch.minorFaults}`;
}

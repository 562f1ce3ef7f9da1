// The state of everything: one device, its folios, its processes.
import { REBIND_REVIVES_FILES } from './choices.ts';
import { Folio } from './folio.ts';
import { type Bug, type Kernel, ORDER, type Size, unitBytes } from './kernel.ts';
import type { OpenFile, Vma } from './vma.ts';

export interface Options {
  readonly kernel: Kernel;
  readonly size: Size;
  /** Usable units of the device. */
  readonly units: number;
  /** Physical address of device offset 0, a multiple of the unit. */
  readonly physBytes: bigint;
  /** End of the highest address the default search gives out. */
  readonly mmapBase: bigint;
  /** Matters for the pgmap reference alone; default dev. */
  readonly map?: 'mem' | 'dev';
}

/** prctl(PR_SET_THP_DISABLE); `unlessAdvised` exists in B only. */
export type ThpDisabled = 'no' | 'completely' | 'unlessAdvised';

/** One mm. Leaf entries of a device are all of one level, so one map by unit number holds them. */
export class Process {
  readonly id: number;
  alive = true;
  vmas: Vma[] = [];
  readonly leaves = new Map<bigint, bigint>();
  /** Existing page tables by the part of the address above them. */
  readonly pudTables = new Set<bigint>();
  readonly pmdTables = new Set<bigint>();
  readonly pteTables = new Set<bigint>();
  /** MM_FILEPAGES. */
  filePages = 0;
  minorFaults = 0;
  thpDisabled: ThpDisabled = 'no';

  constructor(id: number) {
    this.id = id;
  }

  pageTableBytes(): number {
    return 4096 * (this.pudTables.size + this.pmdTables.size + this.pteTables.size);
  }
}

export class World {
  readonly kernel: Kernel;
  readonly size: Size;
  readonly units: number;
  readonly unit: bigint;
  readonly order: number;
  readonly pagesPerUnit: number;
  readonly physBytes: bigint;
  readonly deviceBytes: bigint;
  readonly mmapBase: bigint;
  readonly map: 'mem' | 'dev';
  readonly processes: Process[] = [];
  readonly bugs: Bug[] = [];
  folios = new Map<number, Folio>();
  bound = true;
  generation = 1;

  constructor(options: Options) {
    this.kernel = options.kernel;
    this.size = options.size;
    this.units = options.units;
    this.unit = unitBytes(options.size);
    this.order = ORDER[options.size];
    this.pagesPerUnit = 1 << this.order;
    this.physBytes = options.physBytes;
    this.deviceBytes = this.unit * BigInt(options.units);
    this.mmapBase = options.mmapBase;
    this.map = options.map ?? 'dev';
    if (this.physBytes % this.unit !== 0n) throw new RangeError('physBytes: not unit-aligned');
  }

  folioOf(devicePage: number): Folio {
    const unit = Math.floor(devicePage / this.pagesPerUnit);
    if (devicePage < 0 || unit >= this.units) throw new RangeError(`device page ${devicePage}`);
    let folio = this.folios.get(unit);
    if (!folio) {
      folio = new Folio(unit, this.order);
      this.folios.set(unit, folio);
    }
    return folio;
  }

  /** May `file` still map and fault? */
  serves(file: OpenFile): boolean {
    return this.bound && (REBIND_REVIVES_FILES || file.generation === this.generation);
  }

  /** Sum of pgmap->ref (9.2, 2.6); map=mem: the whole of an aligned namespace. */
  pgmapReferences(): number {
    if (!this.bound) return 0;
    const reserve = this.size === '4K' ? 512 : 1;
    return 1 + this.units + (this.map === 'mem' ? reserve : 0);
  }
}

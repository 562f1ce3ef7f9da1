// Everything observable, as plain sorted data.
import type { Folio } from './folio.ts';
import type { Bug } from './kernel.ts';
import { flagNames, type OpenMode, type Vma } from './vma.ts';
import type { Process, World } from './world.ts';

export interface VmaView {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly mode: OpenMode;
  readonly flags: readonly string[];
}

export interface ProcessView {
  readonly id: number;
  readonly alive: boolean;
  readonly vmas: readonly VmaView[];
  readonly level: 'PTE' | 'PMD' | 'PUD';
  /** [address, raw entry]. */
  readonly leaves: readonly (readonly [bigint, bigint])[];
  readonly pageTableBytes: number;
  /** Start addresses of what each existing table maps. */
  readonly tables: Readonly<Record<'pud' | 'pmd' | 'pte', readonly bigint[]>>;
  readonly filePages: number;
  readonly minorFaults: number;
}

export interface FolioView {
  readonly unit: number;
  readonly refcount: number;
  /** Raw words: one less than the count. */
  readonly mapcountRaw: number;
  readonly entireMapcountRaw: number;
  readonly largeMapcountRaw: number;
  readonly nrPagesMapped: number;
  readonly pincount: number;
  readonly referenced: boolean;
  readonly dirty: boolean;
  readonly workingset: boolean;
  readonly lruRefs: number;
  readonly hwpoison: boolean;
  readonly mapping: boolean;
  readonly index: bigint;
}

export interface Snapshot {
  readonly bound: boolean;
  readonly pgmapReferences: number;
  readonly processes: readonly ProcessView[];
  /** Every unit of a bound device; none while it is unbound. */
  readonly folios: readonly FolioView[];
  readonly bugs: readonly Bug[];
}

const byValue = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
const LEVEL = { '4K': 'PTE', '2M': 'PMD', '1G': 'PUD' } as const;

function viewVma(vma: Vma): VmaView {
  const { start, end, offset } = vma;
  return { start, end, offset, mode: vma.file.mode, flags: flagNames(vma.flags) };
}

export function viewProcess(world: World, process: Process): ProcessView {
  const tables = (keys: Set<bigint>, shift: bigint) =>
    [...keys].sort(byValue).map((key) => key << shift);
  return {
    id: process.id,
    alive: process.alive,
    vmas: process.vmas.map(viewVma),
    level: LEVEL[world.size],
    leaves: [...process.leaves]
      .sort(([a], [b]) => byValue(a, b))
      .map(([key, entry]) => [key * world.unit, entry] as const),
    pageTableBytes: process.pageTableBytes(),
    tables: {
      pud: tables(process.pudTables, 39n),
      pmd: tables(process.pmdTables, 30n),
      pte: tables(process.pteTables, 21n),
    },
    filePages: process.filePages,
    minorFaults: process.minorFaults,
  };
}

export function viewFolio(folio: Folio): FolioView {
  return {
    unit: folio.unit,
    refcount: folio.refcount,
    mapcountRaw: folio.mapcount - 1,
    entireMapcountRaw: folio.entireMapcount - 1,
    largeMapcountRaw: folio.largeMapcount - 1,
    nrPagesMapped: folio.nrPagesMapped,
    pincount: folio.pincount,
    referenced: folio.referenced,
    dirty: folio.dirty,
    workingset: folio.workingset,
    lruRefs: folio.lruRefs,
    hwpoison: folio.hwpoison,
    mapping: folio.mapping,
    index: folio.index,
  };
}

export function snapshot(world: World): Snapshot {
  const units = world.bound ? world.units : 0;
  return {
    bound: world.bound,
    pgmapReferences: world.pgmapReferences(),
    processes: world.processes.map((process) => viewProcess(world, process)),
    folios: Array.from({ length: units }, (_, unit) =>
      viewFolio(world.folioOf(unit * world.pagesPerUnit)),
    ),
    bugs: [...world.bugs],
  };
}

import { DaxError } from '../error.ts';
import type { UnitSize } from '../syscall/namespace.ts';
import { ALIGN_NAMES, ALIGNS, GIB, KIB, MIB } from '../units.ts';

const ENTRY_BYTES = 8;

/** Page-table levels of a process from the bottom up; the top table is not counted, as in VmPTE. */
export type TableLevel = 'pte' | 'pmd' | 'pud';
const LEVELS: readonly TableLevel[] = ['pte', 'pmd', 'pud'];

/** Tables of one level: each maps `spanBytes` and takes `tableBytes`. */
export interface TableShape {
  readonly level: TableLevel;
  readonly spanBytes: number;
  readonly tableBytes: number;
}

/** What decides memory on one architecture and base page. */
export interface Geometry {
  readonly arch: string;
  readonly basePage: string;
  readonly basePageBytes: number;
  /** Unit sizes that a device-DAX device can have, smallest first. */
  readonly units: readonly UnitSize[];
  readonly tables: readonly TableShape[];
  /** ARCH_WANT_OPTIMIZE_DAX_VMEMMAP: tail struct pages of a compound page may share memory. */
  readonly dedup: boolean;
  /** The emulator and the recordings are of this one; the others are arithmetic alone. */
  readonly emulated: boolean;
}

/** Tables whose entries at each level are so many, 8 bytes each. */
function shapes(basePageBytes: number, entries: readonly number[]): readonly TableShape[] {
  let spanBytes = basePageBytes;
  return entries.map((count, i) => {
    spanBytes *= count;
    return { level: LEVELS[i] as TableLevel, spanBytes, tableBytes: count * ENTRY_BYTES };
  });
}

const X86_64: Geometry = {
  arch: 'x86-64',
  basePage: '4K',
  basePageBytes: 4 * KIB,
  units: ALIGN_NAMES.map((name) => ({ name, bytes: ALIGNS[name] })),
  tables: shapes(4 * KIB, [512, 512, 512]),
  dedup: true,
  emulated: true,
};

/**
 * Sources: x86-64 semantics 2.1, 2.2, 3.1. powerpc: radix trees of 64 KiB pages have 32, 512 and 512
 * entries (arch/powerpc/include/asm/book3s/64/radix-64k.h), deduplication as in
 * Documentation/arch/powerpc/vmemmap_dedup.rst. arm64 fills a page with each table and has PUD leaves
 * with 4 KiB pages only; it is taken not to deduplicate, since of all architectures only x86-64, powerpc
 * and riscv were found to select ARCH_WANT_OPTIMIZE_DAX_VMEMMAP.
 */
const GEOMETRIES: readonly Geometry[] = [
  X86_64,
  { ...X86_64, arch: 'arm64', dedup: false, emulated: false },
  {
    arch: 'arm64',
    basePage: '16K',
    basePageBytes: 16 * KIB,
    units: [
      { name: '16K', bytes: 16 * KIB },
      { name: '32M', bytes: 32 * MIB },
    ],
    tables: shapes(16 * KIB, [2048, 2048, 2048]),
    dedup: false,
    emulated: false,
  },
  {
    arch: 'powerpc',
    basePage: '64K',
    basePageBytes: 64 * KIB,
    units: [
      { name: '64K', bytes: 64 * KIB },
      { name: '2M', bytes: 2 * MIB },
      { name: '1G', bytes: GIB },
    ],
    tables: shapes(64 * KIB, [32, 512, 512]),
    dedup: true,
    emulated: false,
  },
  {
    arch: 'arm64',
    basePage: '64K',
    basePageBytes: 64 * KIB,
    units: [
      { name: '64K', bytes: 64 * KIB },
      { name: '512M', bytes: 512 * MIB },
    ],
    tables: shapes(64 * KIB, [8192, 8192]),
    dedup: false,
    emulated: false,
  },
];

export const BASE_PAGES = [...new Set(GEOMETRIES.map(({ basePage }) => basePage))];
export const ARCHES = [...new Set(GEOMETRIES.map(({ arch }) => arch))];

/** The geometry of a base page, of the first architecture that has it unless one is named. Fails: E_PLAN. */
export function geometryOf(basePage: string | undefined, arch: string | undefined): Geometry {
  const found = GEOMETRIES.find(
    (each) =>
      (basePage === undefined || each.basePage === basePage) &&
      (arch === undefined || each.arch === arch),
  );
  if (found) return found;
  const known = GEOMETRIES.map((each) => `${each.arch} with ${each.basePage}`).join(', ');
  throw new DaxError(
    'E_PLAN',
    `no base page of ${basePage ?? 'any size'} on ${arch ?? 'any architecture'} is known`,
    `use ${known}`,
  );
}

/** The unit of a geometry by name. Fails: E_PLAN. */
export function unitOf(geometry: Geometry, name: string): UnitSize {
  const found = geometry.units.find((each) => each.name === name.toUpperCase());
  if (found) return found;
  throw new DaxError(
    'E_PLAN',
    `align '${name}' is no unit of ${geometry.arch} with ${geometry.basePage} pages`,
    `use --align ${geometry.units.map((each) => each.name).join(' or ')}`,
  );
}

/** Levels whose tables stand above a leaf of this unit: a 2M leaf is an entry of a PMD table. */
function levelsAbove({ tables }: Geometry, unit: UnitSize): readonly TableShape[] {
  return tables.filter(({ spanBytes }) => spanBytes > unit.bytes);
}

/** Page tables of one process for one mapping. */
export interface ProcessTables {
  readonly counts: Readonly<Partial<Record<TableLevel, number>>>;
  readonly bytes: number;
}

/** How many windows of `windowBytes` the range touches. */
export function windowsOf(startBytes: number, lengthBytes: number, windowBytes: number): number {
  if (lengthBytes <= 0) return 0;
  const last = Math.floor((startBytes + lengthBytes - 1) / windowBytes);
  return last - Math.floor(startBytes / windowBytes) + 1;
}

/**
 * Page tables that a process needs to have all of a mapping faulted in. At address 0, or any
 * multiple of the highest span, it is the least there can be; elsewhere each level may take one more.
 */
export function processTables(
  geometry: Geometry,
  unit: UnitSize,
  lengthBytes: number,
  addressBytes = 0,
): ProcessTables {
  const above = levelsAbove(geometry, unit);
  const counted = above.map((shape) => ({
    ...shape,
    tables: windowsOf(addressBytes, lengthBytes, shape.spanBytes),
  }));
  return {
    counts: Object.fromEntries(counted.map(({ level, tables }) => [level, tables])),
    bytes: counted.reduce((sum, { tables, tableBytes }) => sum + tables * tableBytes, 0),
  };
}

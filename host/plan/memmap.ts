import { type MapName, STRUCT_PAGE_BYTES, type UnitSize } from '../syscall/namespace.ts';
import { GIB, MIB } from '../units.ts';
import { type Geometry, windowsOf } from './geometry.ts';

/** VMEMMAP_RESERVE_NR: what deduplication keeps of a compound page's struct pages, in base pages. */
const KEPT_PAGES = 2;
/* x86-64: a section has one PMD entry's worth of struct pages. */
const SECTION_BYTES = 128 * MIB;
const VMEMMAP_PTE_SPAN_BYTES = 2 * MIB;
const VMEMMAP_PMD_SPAN_BYTES = GIB;
const TABLE_BYTES = 4096;

/** A physical range with struct pages, and how they are made. */
export interface MemmapRequest {
  readonly startBytes: number;
  readonly spanBytes: number;
  readonly unit: UnitSize;
  readonly map: MapName;
  readonly geometry: Geometry;
  /** Bytes at the start whose struct pages are never written: with map=dev, the metadata. */
  readonly metadataBytes: number;
}

/** Struct-page memory of one range, in bytes. */
export interface Memmap {
  readonly dramBytes: number;
  readonly deviceBytes: number;
  /** What it would be with a struct page of its own for each page. */
  readonly fullBytes: number;
  /** Page tables of the kernel that map the struct pages; undefined where not known. */
  readonly tableBytes: number | undefined;
  /** Struct pages written when the device is bound. */
  readonly initialised: number;
  readonly dedup: boolean;
}

/** Base pages of struct pages that so many bytes of device memory take. */
function memmapPages(bytes: number, { basePageBytes }: Geometry): number {
  return Math.ceil(((bytes / basePageBytes) * STRUCT_PAGE_BYTES) / basePageBytes);
}

/**
 * Whether tail struct pages share memory.
 *
 * Source: semantics 2.2 (vmemmap_can_optimize).
 */
function canDedup({ unit, map, geometry }: Pick<MemmapRequest, 'unit' | 'map' | 'geometry'>) {
  return geometry.dedup && map === 'mem' && memmapPages(unit.bytes, geometry) > KEPT_PAGES;
}

/** Bytes of a range that lie in sections it does not fill. */
function partialSections(startBytes: number, spanBytes: number): readonly [number, number][] {
  const end = startBytes + spanBytes;
  const first = Math.ceil(startBytes / SECTION_BYTES) * SECTION_BYTES;
  const last = Math.floor(end / SECTION_BYTES) * SECTION_BYTES;
  if (first > last) return [[startBytes, end]];
  const parts: [number, number][] = [
    [startBytes, first],
    [last, end],
  ];
  return parts.filter(([from, to]) => to > from);
}

/** Page tables over the struct pages: one PTE table a section in base pages, PMD tables over all. */
function vmemmapTables(request: MemmapRequest, dedup: boolean): number | undefined {
  const { startBytes, spanBytes, geometry } = request;
  if (!geometry.emulated) return undefined;
  const perByte = STRUCT_PAGE_BYTES / geometry.basePageBytes;
  const windows = (windowBytes: number): number =>
    windowsOf(startBytes * perByte, spanBytes * perByte, windowBytes);
  const pteTables = dedup
    ? windows(VMEMMAP_PTE_SPAN_BYTES)
    : partialSections(startBytes, spanBytes).length;
  return (pteTables + windows(VMEMMAP_PMD_SPAN_BYTES)) * TABLE_BYTES;
}

/** Struct pages of the compound pages from the range's start on, the last of which may be cut. */
function dedupPages({ spanBytes, unit, geometry }: MemmapRequest): number {
  const kept = (bytes: number): number => Math.min(KEPT_PAGES, memmapPages(bytes, geometry));
  return Math.floor(spanBytes / unit.bytes) * kept(unit.bytes) + kept(spanBytes % unit.bytes);
}

/**
 * Struct-page memory of a range and where it lives.
 *
 * With map=dev a section that the range does not fill takes its struct pages from DRAM all the same:
 * vmemmap_populate gives the altmap no less than a section.
 * Source: semantics 2.1 to 2.3 (mm/sparse-vmemmap.c, arch/x86/mm/init_64.c).
 */
export function memmapOf(request: MemmapRequest): Memmap {
  const { startBytes, spanBytes, map, geometry, metadataBytes } = request;
  const { basePageBytes } = geometry;
  const dedup = canDedup(request);
  const fullBytes = memmapPages(spanBytes, geometry) * basePageBytes;
  const tableBytes = vmemmapTables(request, dedup);
  if (dedup) {
    const dramBytes = dedupPages(request) * basePageBytes;
    const initialised = dramBytes / STRUCT_PAGE_BYTES;
    return { dramBytes, deviceBytes: 0, fullBytes, tableBytes, initialised, dedup };
  }
  const outsideAltmap = geometry.emulated ? partialSections(startBytes, spanBytes) : [];
  const dramBytes =
    map === 'mem'
      ? fullBytes
      : outsideAltmap.reduce((sum, [from, to]) => sum + memmapPages(to - from, geometry), 0) *
        basePageBytes;
  const deviceBytes = fullBytes - dramBytes;
  const initialised = (spanBytes - metadataBytes) / basePageBytes;
  return { dramBytes, deviceBytes, fullBytes, tableBytes, initialised, dedup };
}

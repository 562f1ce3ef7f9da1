import { DaxError } from '../error.ts';
import { ALIGNS, type AlignName, formatBytes, KIB, MIB, PAGE_BYTES } from '../units.ts';
import { PAGE_BYTES as RECORD_BYTES } from '../wasm/abi.ts';

/** Where a device's struct pages live: RAM, or the device itself (altmap). */
export type MapName = 'mem' | 'dev';

/** A struct page: the core's own records are as large. */
export const STRUCT_PAGE_BYTES = RECORD_BYTES;
const INFO_BLOCK_BYTES = 8 * KIB;
/** Memory hotplug works in sub-sections. */
export const SUBSECTION_BYTES = 2 * MIB;

export interface Namespace {
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly map: MapName;
  /** From the namespace's start to the device's first byte. */
  readonly dataOffsetBytes: number;
  /** What has struct pages: from the namespace's start, metadata included, to its last whole unit. */
  readonly spanBytes: number;
  readonly usableBytes: number;
  /** What pgmap->ref holds while bound: 1 and one a unit (semantics 2.6). */
  readonly pgmapReferences: number;
}

function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** A unit size by name: 4K, 2M and 1G on x86-64, others elsewhere. */
export interface UnitSize {
  readonly name: string;
  readonly bytes: number;
}

/** What ndctl is asked for. */
export interface NamespaceRequest {
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly unit: UnitSize;
  readonly map: MapName;
  /** The kernel's base page. Default: x86-64's. */
  readonly basePageBytes?: number;
}

/**
 * What ndctl and nd_pfn_init leave of a persistent-memory namespace for device-DAX.
 *
 * Source: semantics 2.6 (drivers/nvdimm/pfn_devs.c: nd_pfn_init; mm/memremap.c: pfn_len).
 * Fails: E_DEVICE_SIZE where no whole unit is left, or start or size is no multiple of 2 MiB.
 */
export function layRequest(request: NamespaceRequest): Namespace {
  const { startBytes, sizeBytes, unit, map, basePageBytes = PAGE_BYTES } = request;
  if (startBytes % SUBSECTION_BYTES || sizeBytes % SUBSECTION_BYTES) {
    throw new DaxError(
      'E_DEVICE_SIZE',
      `a namespace of ${sizeBytes} bytes at ${startBytes} is not made of whole 2 MiB sub-sections`,
      'use a start and a size that are multiples of 2MiB',
    );
  }
  const dataAlign = Math.max(unit.bytes, SUBSECTION_BYTES);
  const pages = Math.floor((sizeBytes - INFO_BLOCK_BYTES) / basePageBytes);
  const memmapBytes = map === 'dev' ? STRUCT_PAGE_BYTES * pages : 0;
  const dataOffsetBytes =
    alignUp(startBytes + INFO_BLOCK_BYTES + memmapBytes, dataAlign) - startBytes;
  const endTrunc = (startBytes + sizeBytes) % dataAlign;
  const usableBytes = sizeBytes - dataOffsetBytes - endTrunc;
  if (usableBytes < unit.bytes) {
    throw new DaxError(
      'E_DEVICE_SIZE',
      `a namespace of ${formatBytes(sizeBytes)} leaves no whole ${unit.name} unit with map=${map}`,
      'use a larger --size or a smaller --align',
    );
  }
  const spanBytes = sizeBytes - endTrunc;
  const referencedBytes = map === 'mem' ? spanBytes : usableBytes;
  const pgmapReferences = 1 + Math.floor(referencedBytes / unit.bytes);
  return { startBytes, sizeBytes, map, dataOffsetBytes, spanBytes, usableBytes, pgmapReferences };
}

/** The same by an x86-64 unit's name. Fails: as layRequest. */
export function layNamespace(
  startBytes: number,
  sizeBytes: number,
  align: AlignName,
  map: MapName,
): Namespace {
  return layRequest({ startBytes, sizeBytes, unit: { name: align, bytes: ALIGNS[align] }, map });
}

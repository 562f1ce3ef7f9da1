import { DaxError } from '../error.ts';
import { ALIGNS, type AlignName, formatBytes, MIB, PAGE_BYTES } from '../units.ts';

/** Where a device's struct pages live: RAM, or the device itself (altmap). */
export type MapName = 'mem' | 'dev';

const STRUCT_PAGE_BYTES = 64;
const INFO_BLOCK_BYTES = 2 * PAGE_BYTES;
/** x86-64 memory hotplug works in sub-sections. */
const SUBSECTION_BYTES = 2 * MIB;

export interface Namespace {
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly align: AlignName;
  readonly map: MapName;
  /** From the namespace's start to the device's first byte. */
  readonly dataOffsetBytes: number;
  readonly usableBytes: number;
  /** What pgmap->ref holds while bound: 1 and one a unit (semantics 2.6). */
  readonly pgmapReferences: number;
}

function alignUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/**
 * What ndctl and nd_pfn_init leave of a persistent-memory namespace for device-DAX.
 *
 * Source: semantics 2.6 (drivers/nvdimm/pfn_devs.c: nd_pfn_init; mm/memremap.c: pfn_len).
 * Fails: E_DEVICE_SIZE where no whole unit is left, or start or size is no multiple of 2 MiB.
 */
export function layNamespace(
  startBytes: number,
  sizeBytes: number,
  align: AlignName,
  map: MapName,
): Namespace {
  if (startBytes % SUBSECTION_BYTES || sizeBytes % SUBSECTION_BYTES) {
    throw new DaxError(
      'E_DEVICE_SIZE',
      `a namespace of ${sizeBytes} bytes at ${startBytes} is not made of whole 2 MiB sub-sections`,
      'use a start and a size that are multiples of 2MiB',
    );
  }
  const unitBytes = ALIGNS[align];
  const dataAlign = Math.max(unitBytes, SUBSECTION_BYTES);
  const pages = Math.floor((sizeBytes - INFO_BLOCK_BYTES) / PAGE_BYTES);
  const memmapBytes = map === 'dev' ? STRUCT_PAGE_BYTES * pages : 0;
  const dataOffsetBytes =
    alignUp(startBytes + INFO_BLOCK_BYTES + memmapBytes, dataAlign) - startBytes;
  const endTrunc = (startBytes + sizeBytes) % dataAlign;
  const usableBytes = sizeBytes - dataOffsetBytes - endTrunc;
  if (usableBytes < unitBytes) {
    throw new DaxError(
      'E_DEVICE_SIZE',
      `a namespace of ${formatBytes(sizeBytes)} leaves no whole ${align} unit with map=${map}`,
      'use a larger --size or a smaller --align',
    );
  }
  const referencedBytes = map === 'mem' ? sizeBytes : usableBytes;
  const pgmapReferences = 1 + Math.floor(referencedBytes / unitBytes);
  return {
    startBytes,
    sizeBytes,
    align,
    map,
    dataOffsetBytes,
    usableBytes,
    pgmapReferences,
  };
}

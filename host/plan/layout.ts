import { DaxError } from '../error.ts';
import type { MapName, UnitSize } from '../syscall/namespace.ts';
import { formatBytes } from '../units.ts';
import { hostBytes, type PlannedDevice, planDevices } from './devices.ts';
import { type Geometry, processTables } from './geometry.ts';
import type { Host } from './host.ts';
import { memmapOf } from './memmap.ts';

export const MAPS: readonly MapName[] = ['mem', 'dev'];

/** Memory of one way to lay a host out, in bytes. */
export interface Layout {
  readonly unit: UnitSize;
  readonly map: MapName;
  readonly devices: readonly PlannedDevice[];
  readonly usableBytes: number;
  /** Of the regions, what no device can hand out: metadata, alignment, remainders. */
  readonly lostBytes: number;
  readonly structPages: {
    readonly dramBytes: number;
    readonly deviceBytes: number;
    readonly fullBytes: number;
    readonly tableBytes: number | undefined;
    readonly initialised: number;
    readonly dedup: boolean;
  };
  /** One process with all it maps faulted in. */
  readonly process: {
    readonly mappedBytes: number;
    readonly leaves: number;
    readonly mappings: number;
    readonly tableBytes: number;
  };
  /** Page tables of all processes. */
  readonly tableBytes: number;
  /** Struct pages in DRAM, the page tables over them and all processes' page tables. */
  readonly dramBytes: number;
}

/** A way that cannot be. */
export interface Impossible {
  readonly unit: UnitSize;
  readonly map: MapName;
  readonly refusal: string;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** Struct pages of every device. */
function structPages(
  devices: readonly PlannedDevice[],
  unit: UnitSize,
  geometry: Geometry,
): Layout['structPages'] {
  const each = devices.map(({ startBytes, spanBytes, dataOffsetBytes, map }) => {
    const metadataBytes = map === 'dev' ? dataOffsetBytes : 0;
    return memmapOf({ startBytes, spanBytes, unit, map, geometry, metadataBytes });
  });
  return {
    dramBytes: sum(each, ({ dramBytes }) => dramBytes),
    deviceBytes: sum(each, ({ deviceBytes }) => deviceBytes),
    fullBytes: sum(each, ({ fullBytes }) => fullBytes),
    tableBytes: geometry.emulated ? sum(each, ({ tableBytes }) => tableBytes ?? 0) : undefined,
    initialised: sum(each, ({ initialised }) => initialised),
    dedup: each.some(({ dedup }) => dedup),
  };
}

/** Page tables of one process that maps so many bytes of each of some devices. */
export function processMemory(
  lengths: readonly number[],
  unit: UnitSize,
  geometry: Geometry,
): Layout['process'] {
  return {
    mappedBytes: sum(lengths, (bytes) => bytes),
    leaves: sum(lengths, (bytes) => bytes / unit.bytes),
    mappings: lengths.length,
    tableBytes: sum(lengths, (bytes) => processTables(geometry, unit, bytes).bytes),
  };
}

/** Beyond 2^53 a byte more or less would be lost. */
function refuseInexact(dramBytes: number): void {
  throw new DaxError(
    'E_PLAN',
    `struct pages and page tables would take ${formatBytes(dramBytes)} of DRAM, more than can be counted to the byte`,
    'use fewer processes, a smaller size or a larger --align',
  );
}

/**
 * A host with one unit size and map: what is usable and what it takes. Each tenant has a device on
 * every region, each process maps all devices of its tenant.
 *
 * Fails: as planDevices.
 */
export function layOut(host: Host, unit: UnitSize, map: MapName, geometry: Geometry): Layout {
  const { tenants, processes } = host;
  const devices = planDevices(host, tenants, unit, map, geometry);
  const own = devices.filter((_, i) => i % tenants === 0);
  const process = processMemory(
    own.map(({ usableBytes }) => usableBytes),
    unit,
    geometry,
  );
  const pages = structPages(devices, unit, geometry);
  const usableBytes = sum(devices, (device) => device.usableBytes);
  const tableBytes = process.tableBytes * processes;
  const dramBytes = pages.dramBytes + (pages.tableBytes ?? 0) + tableBytes;
  if (!Number.isSafeInteger(dramBytes)) refuseInexact(dramBytes);
  return {
    unit,
    map,
    devices,
    usableBytes,
    lostBytes: hostBytes(host) - usableBytes,
    structPages: pages,
    process,
    tableBytes,
    dramBytes,
  };
}

/** The same, or why it cannot be. */
export function tryLayOut(
  host: Host,
  unit: UnitSize,
  map: MapName,
  geometry: Geometry,
): Layout | Impossible {
  try {
    return layOut(host, unit, map, geometry);
  } catch (error) {
    if (DaxError.is(error)) return { unit, map, refusal: error.message };
    throw error;
  }
}

export function isLayout(each: Layout | Impossible): each is Layout {
  return 'usableBytes' in each;
}

import { DaxError } from '../error.ts';
import { ALIGNS, type AlignName, formatBytes, GIB, PAGE_BYTES } from '../units.ts';
import type { BankShape } from '../wasm/bank.ts';
import { layNamespace, type MapName } from './namespace.ts';

/** Above the 4 GiB that a bank's page tables take for their own physical addresses. */
export const DEVICE_START_BYTES = 4 * GIB;

/** A bound device-DAX device. */
export interface Device {
  readonly align: AlignName;
  readonly unitBytes: number;
  readonly sizeBytes: number;
  readonly map: MapName;
  /** Physical address of device offset 0. */
  readonly physBytes: number;
  /** Folio order: 0, 9 or 18 (vmemmap_shift, semantics 1.3). */
  readonly order: number;
  /** Tail struct pages share memory: 2M and 1G with map=mem (semantics 2.2). */
  readonly dedup: boolean;
}

/** A device of so many usable bytes at a physical address. */
export function makeDevice(
  align: AlignName,
  sizeBytes: number,
  map: MapName,
  physBytes: number,
): Device {
  const unitBytes = ALIGNS[align];
  const order = Math.log2(unitBytes / PAGE_BYTES);
  const dedup = order > 0 && map === 'mem';
  return { align, unitBytes, sizeBytes, map, physBytes, order, dedup };
}

/**
 * A dynamic device (CXL region or hmem): no info block, every byte usable.
 *
 * Fails: E_DEVICE_SIZE unless size is a positive multiple of the unit.
 */
export function dynamicDevice(align: AlignName, sizeBytes: number, map: MapName = 'mem'): Device {
  const unitBytes = ALIGNS[align];
  if (sizeBytes <= 0 || sizeBytes % unitBytes) {
    throw new DaxError(
      'E_DEVICE_SIZE',
      `size ${formatBytes(sizeBytes)} is not a positive multiple of the ${align} unit`,
      `use --size ${formatBytes(Math.max(1, Math.round(sizeBytes / unitBytes)) * unitBytes).replace(' ', '')}`,
    );
  }
  return makeDevice(align, sizeBytes, map, DEVICE_START_BYTES);
}

/**
 * The device as a driver would bind it that never set vmemmap_shift: its leaves are huge, its struct
 * pages are order-0 folios (semantics 1.4). No driver of any release does.
 */
export function withoutCompoundPages(device: Device): Device {
  return { ...device, order: 0, dedup: false };
}

/** The static device that a persistent-memory namespace of so many bytes becomes. */
export function namespaceDevice(align: AlignName, sizeBytes: number, map: MapName): Device {
  const laid = layNamespace(DEVICE_START_BYTES, sizeBytes, align, map);
  return makeDevice(align, laid.usableBytes, map, DEVICE_START_BYTES + laid.dataOffsetBytes);
}

/** What a bank must hold for this device. */
export function bankShape(device: Device, processes: number, stamps: boolean): BankShape {
  const { physBytes, unitBytes, order, dedup } = device;
  const leafOrder = Math.log2(unitBytes / PAGE_BYTES);
  const pages = device.sizeBytes / PAGE_BYTES;
  return { physBytes, pages, order, leafOrder, dedup, processes, stamps };
}

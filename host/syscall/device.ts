import { DaxError } from '../error.ts';
import { ALIGNS, type AlignName, formatBytes, GIB, MIB, PAGE_BYTES } from '../units.ts';
import { RANGES_MAX } from '../wasm/abi.ts';
import type { BankShape, PhysRange, RecordFormat } from '../wasm/bank.ts';
import { layNamespace, type MapName } from './namespace.ts';

export { RANGES_MAX };

/** Above the 4 GiB that a bank's page tables take for their own physical addresses. */
export const DEVICE_START_BYTES = 4 * GIB;
/** Memory of somebody else's between two ranges of a device that has several. */
const RANGE_GAP_BYTES = 16 * GIB;

/** A bound device-DAX device. */
export interface Device {
  /** Its unit: what a leaf maps. */
  readonly align: AlignName;
  /** The same in bytes. */
  readonly unitBytes: number;
  /** Bytes that can be mapped. */
  readonly sizeBytes: number;
  /** Where its struct pages are. */
  readonly map: MapName;
  /** Physical address of device offset 0. */
  readonly physBytes: number;
  /** What the device is made of, in order: one range, or several of a dynamic device. */
  readonly ranges: readonly PhysRange[];
  /** Folio order: 0, 9 or 18 (vmemmap_shift, semantics 1.3). */
  readonly order: number;
  /** Tail struct pages share memory: 2M and 1G with map=mem (semantics 2.2). */
  readonly dedup: boolean;
  /** How the emulator keeps its struct pages; default `line`. Counts are the same in both, but of cache lines. */
  readonly records?: RecordFormat;
}

/** A device of so many usable bytes at a physical address. */
export function makeDevice(
  align: AlignName,
  sizeBytes: number,
  map: MapName,
  physBytes: number,
): Device {
  return deviceOf(align, map, [{ physBytes, sizeBytes }]);
}

function deviceOf(align: AlignName, map: MapName, ranges: readonly PhysRange[]): Device {
  const unitBytes = ALIGNS[align];
  const sizeBytes = ranges.reduce((sum, range) => sum + range.sizeBytes, 0);
  const physBytes = ranges[0]?.physBytes ?? DEVICE_START_BYTES;
  const order = Math.log2(unitBytes / PAGE_BYTES);
  const dedup = order > 0 && map === 'mem';
  return { align, unitBytes, sizeBytes, map, physBytes, ranges, order, dedup };
}

/** What the size of a dynamic device is a multiple of: alloc_is_aligned (semantics 2.6). */
export function sizeStepBytes(align: AlignName): number {
  return Math.max(ALIGNS[align], 2 * MIB);
}

function refuseSize(what: string, sizeBytes: number, align: AlignName, least: number): void {
  const stepBytes = sizeStepBytes(align);
  if (sizeBytes >= least * stepBytes && sizeBytes % stepBytes === 0) return;
  const fits = Math.max(least, Math.round(sizeBytes / stepBytes)) * stepBytes;
  const step = align === '4K' ? formatBytes(stepBytes) : `the ${align} unit`;
  throw new DaxError(
    'E_DEVICE_SIZE',
    `${what} ${formatBytes(sizeBytes)} is not a positive multiple of ${step}`,
    `use --size ${formatBytes(fits).replace(' ', '')}`,
  );
}

/**
 * A dynamic device cut from several stretches of free memory, as daxctl makes one of a fragmented
 * region (drivers/dax/bus.c: dev_dax_resize). Page offsets count on over the gaps.
 *
 * Fails: E_DEVICE_SIZE unless each range is a positive multiple of the unit and of 2 MiB and begins
 * on such a multiple; E_VALUE above RANGES_MAX ranges, or where they are not in ascending order.
 */
export function dynamicDeviceOfRanges(align: AlignName, ranges: readonly PhysRange[]): Device {
  if (ranges.length < 1 || ranges.length > RANGES_MAX) {
    throw new DaxError(
      'E_VALUE',
      `a device of ${ranges.length} ranges; a device has 1 to ${RANGES_MAX}`,
      `use --ranges 1 to ${RANGES_MAX}`,
    );
  }
  let free = DEVICE_START_BYTES;
  for (const { physBytes, sizeBytes } of ranges) {
    refuseSize('a range of', sizeBytes, align, 1);
    // A compound page is laid out from the range's start (the hazard of semantics 1.3).
    if (physBytes < free || physBytes % sizeStepBytes(align)) {
      throw new DaxError(
        'E_VALUE',
        `a range at 0x${physBytes.toString(16)} overlaps, descends or is off the ${align} unit`,
        `begin it at a multiple of ${formatBytes(sizeStepBytes(align))} from 0x${free.toString(16)} on`,
      );
    }
    free = physBytes + sizeBytes;
  }
  return deviceOf(align, 'mem', ranges);
}

/**
 * A dynamic device (CXL region or hmem): no info block, every byte usable. With more than one range
 * the bytes are spread evenly over them, other memory between.
 *
 * Fails: E_DEVICE_SIZE unless size is a positive multiple of the unit, and of 2 MiB, for each range;
 * E_VALUE for several ranges with map=dev, which only the first could have.
 */
export function dynamicDevice(
  align: AlignName,
  sizeBytes: number,
  map: MapName = 'mem',
  ranges = 1,
): Device {
  refuseSize('size', sizeBytes, align, ranges);
  if (ranges === 1) return makeDevice(align, sizeBytes, map, DEVICE_START_BYTES);
  if (map === 'dev') {
    throw new DaxError(
      'E_VALUE',
      `map=dev keeps struct pages in one range; this device has ${ranges}`,
      'use --map mem, or --ranges 1',
    );
  }
  const stepBytes = sizeStepBytes(align);
  const steps = sizeBytes / stepBytes;
  let physBytes = DEVICE_START_BYTES;
  const laid = Array.from({ length: ranges }, (_, i) => {
    const own = Math.floor(((i + 1) * steps) / ranges) - Math.floor((i * steps) / ranges);
    const range = { physBytes, sizeBytes: own * stepBytes };
    physBytes += range.sizeBytes + RANGE_GAP_BYTES;
    return range;
  });
  return dynamicDeviceOfRanges(align, laid);
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

/** The device page at a physical address; undefined where the device has none. */
export function pageAtPhys({ ranges }: Device, physBytes: bigint): number | undefined {
  let first = 0;
  for (const range of ranges) {
    const offset = Number(physBytes - BigInt(range.physBytes));
    if (offset >= 0 && offset < range.sizeBytes) return first + Math.floor(offset / PAGE_BYTES);
    first += range.sizeBytes / PAGE_BYTES;
  }
  return undefined;
}

/** The first device page that a leaf maps; the address in a PROT_NONE entry is inverted. */
export function leafPage(device: Device, entry: bigint): number {
  const unit = BigInt(device.unitBytes);
  const phys = (entry & 1n ? entry : ~entry) & 0x000f_ffff_ffff_f000n;
  return pageAtPhys(device, phys - (phys % unit)) ?? 0;
}

/** Physical address of a device page. */
export function physOfPage({ ranges }: Device, page: number): bigint {
  let offset = page * PAGE_BYTES;
  for (const { physBytes, sizeBytes } of ranges) {
    if (offset < sizeBytes) return BigInt(physBytes + offset);
    offset -= sizeBytes;
  }
  throw new Error(`device page ${page} is past the end`);
}

/**
 * What pgmap->ref holds while a dynamic device is bound: 1, and one a unit of each range (pfn_len,
 * semantics 9.2). A namespace's also counts what lies before its data: layNamespace.
 */
export function pgmapReferences({ ranges, unitBytes }: Device): number {
  return ranges.reduce((sum, { sizeBytes }) => sum + sizeBytes / unitBytes, 1);
}

/** ` in 2 ranges`, where there are several. */
export function sayRanges({ ranges }: Device): string {
  return ranges.length > 1 ? ` in ${ranges.length} ranges` : '';
}

/** The device with its struct pages kept in a format of the emulator's. */
export function withRecords(device: Device, records: RecordFormat): Device {
  return { ...device, records };
}

/** `, packed records`, where struct pages are not as the kernel keeps them. */
export function sayRecords({ records }: { readonly records?: RecordFormat | undefined }): string {
  return records === 'packed' ? ', packed records' : '';
}

/** What a bank must hold for this device. */
export function bankShape(device: Device, processes: number, stamps: boolean): BankShape {
  const { ranges, unitBytes, order, dedup, records = 'line' } = device;
  const leafOrder = Math.log2(unitBytes / PAGE_BYTES);
  const pages = device.sizeBytes / PAGE_BYTES;
  return { ranges, pages, order, leafOrder, dedup, processes, stamps, records };
}

import { DaxError } from '../error.ts';
import { layRequest, type MapName, SUBSECTION_BYTES, type UnitSize } from '../syscall/namespace.ts';
import { formatBytes, GIB, MIB, TIB } from '../units.ts';
import type { Geometry } from './geometry.ts';
import type { Host, Region } from './host.ts';

/** MEMREMAP_COMPAT_ALIGN_MAX: what a region's namespaces begin and end at, so any kernel takes them. */
const COMPAT_ALIGN_BYTES = 16 * MIB;
const DEVICES_MAX = 65_536;
/** Where a region is taken to begin if nobody says. */
const UNKNOWN_START_BYTES = TIB;

/** One device-DAX device of a plan. */
export interface PlannedDevice {
  readonly region: Region;
  /** Where its struct pages live: of a dynamic device always DRAM. */
  readonly map: MapName;
  /** Physical range of the namespace, or of the dynamic device. */
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** The part of it that has struct pages, and where data begins in it. */
  readonly spanBytes: number;
  readonly dataOffsetBytes: number;
  readonly usableBytes: number;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}

/**
 * What a labelled namespace's size must be a multiple of: unit × interleave width, and the region's
 * own alignment, 16 MiB or, where the width is no power of two, 16 MiB × width.
 *
 * Source: ndctl's validate_namespace_options; drivers/nvdimm/region_devs.c: default_align.
 */
export function namespaceStepBytes(unitBytes: number, interleave: number): number {
  const regionAlign = COMPAT_ALIGN_BYTES * (COMPAT_ALIGN_BYTES % interleave === 0 ? 1 : interleave);
  return lcm(unitBytes * interleave, regionAlign);
}

/** What a device of the region must be a multiple of. Dynamic: semantics 2.6 (alloc_is_aligned). */
export function stepBytes({ kind, interleave, labels }: Region, unit: UnitSize): number {
  if (kind === 'dynamic') return Math.max(unit.bytes, SUBSECTION_BYTES);
  return labels ? namespaceStepBytes(unit.bytes, interleave) : SUBSECTION_BYTES;
}

function refuseLabelless({ name }: Region, tenants: number): void {
  throw new DaxError(
    'E_PLAN',
    `${name} has no labels, so it is one namespace and cannot be split for ${tenants} tenants`,
    'use --tenants 1, or set labels where the modules hold them',
  );
}

function deviceSize(region: Region, tenants: number, unit: UnitSize): number {
  const step = stepBytes(region, unit);
  if (region.kind === 'pmem' && !region.labels && tenants > 1) refuseLabelless(region, tenants);
  const sizeBytes = Math.floor(region.sizeBytes / tenants / step) * step;
  if (sizeBytes > 0) return sizeBytes;
  throw new DaxError(
    'E_DEVICE_SIZE',
    `${formatBytes(region.sizeBytes)} of ${region.name} for ${tenants} devices is less than one step of ${formatBytes(step)}`,
    'use fewer tenants, a larger size or a smaller --align',
  );
}

/** Physical starts of a host's regions, each region as often as it is there. */
function placed(host: Host): readonly { readonly region: Region; readonly startBytes: number }[] {
  let next = UNKNOWN_START_BYTES;
  return host.regions.flatMap((region) =>
    Array.from({ length: region.count }, (_, i) => {
      const startBytes =
        region.startBytes === undefined ? next : region.startBytes + i * region.sizeBytes;
      next = Math.ceil((startBytes + region.sizeBytes) / TIB) * TIB;
      return { region, startBytes };
    }),
  );
}

/** Compound pages are laid out from the start of the range: off their own size they are broken. */
function refuseMisaligned(region: Region, startBytes: number, unit: UnitSize): void {
  throw new DaxError(
    'E_DEVICE_SIZE',
    `${region.name} begins at ${startBytes}, which is no multiple of ${unit.name}: heads of compound pages would be off`,
    'use a smaller --align, or --map dev',
  );
}

function layDevice(
  { region, startBytes }: { readonly region: Region; readonly startBytes: number },
  sizeBytes: number,
  unit: UnitSize,
  map: MapName,
  { basePageBytes }: Geometry,
): PlannedDevice {
  const place = { region, map, startBytes, sizeBytes };
  const misaligned = startBytes % unit.bytes !== 0;
  if (misaligned && map === 'mem') refuseMisaligned(region, startBytes, unit);
  if (region.kind === 'dynamic') {
    return { ...place, spanBytes: sizeBytes, dataOffsetBytes: 0, usableBytes: sizeBytes };
  }
  const laid = layRequest({ startBytes, sizeBytes, unit, map, basePageBytes });
  return { ...place, ...laid };
}

/**
 * Every device of a host: `tenants` on each region, as large as the rules of ndctl and daxctl allow.
 *
 * Fails: E_PLAN, E_DEVICE_SIZE where a region cannot be split or used so.
 */
export function planDevices(
  host: Host,
  tenants: number,
  unit: UnitSize,
  map: MapName,
  geometry: Geometry,
): readonly PlannedDevice[] {
  const regions = placed(host);
  if (regions.length * tenants > DEVICES_MAX) {
    throw new DaxError(
      'E_PLAN',
      `${regions.length} regions with ${tenants} devices each are more than ${DEVICES_MAX} devices`,
      'use fewer tenants or regions',
    );
  }
  if (map === 'dev' && regions.every(({ region }) => region.kind === 'dynamic')) {
    throw new DaxError(
      'E_PLAN',
      'dynamic devices keep their struct pages in DRAM: daxctl has no --map',
      'use --map mem',
    );
  }
  return regions.flatMap(({ region, startBytes }) => {
    const sizeBytes = deviceSize(region, tenants, unit);
    const own = region.kind === 'dynamic' ? 'mem' : map;
    return Array.from({ length: tenants }, (_, i) =>
      layDevice({ region, startBytes: startBytes + i * sizeBytes }, sizeBytes, unit, own, geometry),
    );
  });
}

/** Bytes of all regions of a host. */
export function hostBytes(host: Host): number {
  return host.regions.reduce((sum, { sizeBytes, count }) => sum + sizeBytes * count, 0);
}

/** Where regions begin, as far as a plan takes it for granted; undefined where all say. */
export function assumedStart(host: Host): string | undefined {
  return host.regions.some(({ startBytes }) => startBytes === undefined)
    ? `regions begin at multiples of ${formatBytes(1024 * GIB)}`
    : undefined;
}

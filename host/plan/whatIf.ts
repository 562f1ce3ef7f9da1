import type { Release } from '../cost/model.ts';
import { DaxError } from '../error.ts';
import { KERNELS } from '../kernel.ts';
import { suggest } from '../suggest.ts';
import type { MapName } from '../syscall/namespace.ts';
import { PAGE_BYTES } from '../units.ts';
import { headroom } from './counters.ts';
import { type Geometry, geometryOf, unitOf } from './geometry.ts';
import { type Host, type Region, wholeSections } from './host.ts';
import { findHost } from './hostFile.ts';
import { type Layout, layOut } from './layout.ts';
import { type Basis, countsMappings, parseRelease, STEPS } from './operations.ts';
import { folioMappings, layoutCosts, parseRate } from './plan.ts';

/** One of the two things compared. */
export interface Side {
  readonly host: Host;
  readonly release: Release;
  readonly align: string;
  readonly map: MapName;
  readonly rate: number;
}

/** A number of one side, and how it is known; arithmetic where no basis is named. */
export interface Figure {
  readonly value: number;
  readonly basis: Basis | 'arithmetic';
}

/** A number of both sides; undefined where one has none. */
export interface Change {
  readonly id: string;
  readonly title: string;
  readonly unit: 'bytes' | 'seconds' | 'count';
  readonly before: Figure | undefined;
  readonly after: Figure | undefined;
}

export interface WhatIf {
  readonly before: Side;
  readonly after: Side;
  readonly changes: readonly Change[];
}

const KEYS = [
  'kernel',
  'host',
  'size',
  'kind',
  'processes',
  'tenants',
  'align',
  'map',
  'rate',
] as const;
type Key = (typeof KEYS)[number];

function wholeNumber(key: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new DaxError(
    'E_PLAN',
    `--what-if ${key}=${text} is not a whole number from 1 to ${most}`,
    `use ${key}=2 or the like`,
  );
}

/** A host whose only region has another size. Fails: E_PLAN for several regions, E_DEVICE_SIZE. */
export function resized(host: Host, text: string): Host {
  const [region, ...more] = host.regions;
  if (!region || more.length > 0) {
    throw new DaxError(
      'E_PLAN',
      `${host.name} has ${host.regions.length} kinds of regions, so one size does not say which`,
      'change the host file',
    );
  }
  return { ...host, regions: [{ ...region, sizeBytes: wholeSections(text, 'size') }] };
}

function parseMap(text: string): MapName {
  if (text === 'mem' || text === 'dev') return text;
  throw new DaxError('E_PLAN', `map '${text}' is not known`, 'use mem or dev');
}

function parseKind(text: string): Region['kind'] {
  if (text === 'pmem' || text === 'dynamic') return text;
  throw new DaxError('E_PLAN', `kind '${text}' is not known`, 'use pmem or dynamic');
}

function changed(side: Side, key: Key, text: string): Side {
  const { host } = side;
  switch (key) {
    case 'kernel':
      return { ...side, release: parseRelease(text) };
    case 'host': {
      const other = findHost(text);
      // What runs on it stays as it was.
      return { ...side, host: { ...other, processes: host.processes, tenants: host.tenants } };
    }
    case 'size':
      return { ...side, host: resized(host, text) };
    case 'kind': {
      const kind = parseKind(text);
      return {
        ...side,
        host: { ...host, regions: host.regions.map((each) => ({ ...each, kind })) },
      };
    }
    case 'processes':
      return { ...side, host: { ...host, processes: wholeNumber(key, text, 1_000_000) } };
    case 'tenants':
      return { ...side, host: { ...host, tenants: wholeNumber(key, text, 4096) } };
    case 'align':
      return { ...side, align: text };
    case 'map':
      return { ...side, map: parseMap(text) };
    case 'rate':
      return { ...side, rate: parseRate(text) };
  }
}

function isKey(text: string): text is Key {
  return KEYS.some((key) => key === text);
}

/** A word without `=`: a kernel if it is one, else a host. */
function bareKey(text: string): Key {
  return /^(\d+\.\d+|devmap|refcount.*)$/.test(text) ? 'kernel' : 'host';
}

/**
 * The other side: `7.3`, `optane-4s`, `align=1G`, or several as `kernel=7.3,processes=128`.
 *
 * Fails: E_PLAN for a key or value that is not known.
 */
export function parseWhatIf(text: string, before: Side): Side {
  return text.split(',').reduce((side, part) => {
    const at = part.indexOf('=');
    if (at < 0) return changed(side, bareKey(part), part);
    const key = part.slice(0, at);
    if (!isKey(key)) {
      throw new DaxError('E_PLAN', `--what-if: unknown key '${key}'`, suggest(key, KEYS));
    }
    return changed(side, key, part.slice(at + 1));
  }, before);
}

/** Whether a change is one of kernels, and not only of hosts. */
export function changesKernel(text: string): boolean {
  return text
    .split(',')
    .some(
      (part) => part.startsWith('kernel=') || (!part.includes('=') && bareKey(part) === 'kernel'),
    );
}

interface Figures {
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly side: Side;
}

function arithmetic(value: number | undefined): Figure | undefined {
  return value === undefined ? undefined : { value, basis: 'arithmetic' };
}

/** Resident set of one process: mappings of device-DAX are counted where pages are (semantics 5.5). */
function residentBytes({ layout, side }: Figures): number {
  return countsMappings(side.release) ? layout.process.mappedBytes : 0;
}

function headroomOf({ layout, side }: Figures) {
  const counted = countsMappings(side.release);
  return headroom(layout.unit, PAGE_BYTES, counted, folioMappings(side.host));
}

/**
 * Struct pages as nr_memmap_pages of /proc/vmstat shows them: 6.12 counts what deduplication left
 * out too, 7.3 does not (semantics 2.3); of other releases it is not known.
 */
function statedPages({ layout, side }: Figures): number | undefined {
  const { dramBytes, deviceBytes, fullBytes } = layout.structPages;
  if (side.release === KERNELS.devmap.release) return fullBytes / PAGE_BYTES;
  if (side.release === KERNELS.refcount.release) return (dramBytes + deviceBytes) / PAGE_BYTES;
  return undefined;
}

type Row = readonly [
  id: string,
  title: string,
  unit: Change['unit'],
  of: (side: Figures) => Figure | undefined,
];

const MEMORY_ROWS: readonly Row[] = [
  ['usable', 'usable', 'bytes', (f) => arithmetic(f.layout.usableBytes)],
  ['dram', 'struct pages in DRAM', 'bytes', (f) => arithmetic(f.layout.structPages.dramBytes)],
  [
    'device',
    'struct pages on device',
    'bytes',
    (f) => arithmetic(f.layout.structPages.deviceBytes),
  ],
  ['stated', 'nr_memmap_pages shows', 'count', (f) => arithmetic(statedPages(f))],
  ['over', 'page tables over them', 'bytes', (f) => arithmetic(f.layout.structPages.tableBytes)],
  ['process', 'page tables, a process', 'bytes', (f) => arithmetic(f.layout.process.tableBytes)],
  ['tables', 'page tables, all', 'bytes', (f) => arithmetic(f.layout.tableBytes)],
  ['total', 'DRAM taken in all', 'bytes', (f) => arithmetic(f.layout.dramBytes)],
  ['rss', 'resident set, a process', 'bytes', (f) => arithmetic(residentBytes(f))],
];

const COUNTER_ROWS: readonly Row[] = [
  ['mappings', 'mappings a folio can take', 'count', (f) => arithmetic(headroomOf(f).mappings)],
  ['pins', 'pins of one of its pages', 'count', (f) => arithmetic(headroomOf(f).pagePins)],
  ['whole', 'pins of all its pages', 'count', (f) => arithmetic(headroomOf(f).wholePins)],
];

const STEP_ROWS: readonly Row[] = STEPS.map(({ id, title }, i) => [
  id,
  title,
  'seconds',
  ({ layout, side, geometry }) => {
    const step = layoutCosts(layout, side.release, geometry)?.steps[i];
    return step && { value: step.instructions / side.rate, basis: step.basis };
  },
]);

function figures(side: Side): Figures {
  const { host, align, map } = side;
  const geometry = geometryOf(host.basePage, host.arch);
  return { side, geometry, layout: layOut(host, unitOf(geometry, align), map, geometry) };
}

/** Everything of one side beside everything of the other. Fails: as layOut. */
export function compareSides(before: Side, after: Side): WhatIf {
  const sides = [figures(before), figures(after)] as const;
  const changes = [...MEMORY_ROWS, ...STEP_ROWS, ...COUNTER_ROWS].map(([id, title, unit, of]) => ({
    id,
    title,
    unit,
    before: of(sides[0]),
    after: of(sides[1]),
  }));
  return { before, after, changes };
}

import type { Device } from '../syscall/device.ts';
import { PAGE_BYTES } from '../units.ts';
import { OpStream } from '../wasm/ops.ts';
import { sha256 } from '../wasm/platform.ts';
import {
  countUnits,
  isRevisit,
  popularity,
  type Revisit,
  touchedUnits,
  unitOrder,
  unitTouches,
} from './pattern.ts';
import { type Scenario, unitPages } from './scenario.ts';
import type { Control } from './stage.ts';

export const PHASE_NAMES = [
  'fault',
  'touch',
  'populate',
  'get',
  'put',
  'pin',
  'unpin',
  'dontneed',
  'mprotect',
  'munmap',
  'exit',
  'replay',
] as const;
/** What one timed part of a storm does. */
export type PhaseName = (typeof PHASE_NAMES)[number];

/** Touches by what they find, where a phase touches units more than once. */
export interface TouchMix {
  /** Touches that fault. */
  readonly first: number;
  /** Touches of units that are mapped already. */
  readonly mapped: number;
}

/** One timed part of a storm. */
export interface Phase {
  readonly name: PhaseName;
  readonly stream: OpStream;
  /** What its time and counts are divided by: faults, pin calls, leaves unmapped, trace faults. */
  readonly operations: number;
  readonly touches?: TouchMix;
  /** It meets units that were never mapped, which the recordings of its operation did not. */
  readonly sparse?: true;
  /** What the control plane does before it, untimed; where it is there, every round boots afresh. */
  readonly control?: readonly Control[];
}

/** The whole mapping sits in the first VMA slot of a freshly booted system. */
const VMA_SLOT = 0;

function faultPhase(scenario: Scenario, device: Device): Phase {
  const units = device.sizeBytes / device.unitBytes;
  const pages = unitPages(device);
  const name = scenario.access === 'write' ? 'faultWrite' : 'faultRead';
  const stream = new OpStream();
  if (scenario.pattern === 'sequential') stream.push(name, VMA_SLOT, 0, units, pages);
  else if (!isRevisit(scenario.pattern)) {
    const order = unitOrder(scenario.pattern, units, scenario.strideUnits, scenario.seed);
    for (const unit of order) stream.push(name, VMA_SLOT, unit * pages);
  }
  return { name: 'fault', stream, operations: units };
}

/** Where a storm pins: at the start of each unit, or of each run of units that a call covers. */
function pinCalls(scenario: Scenario, device: Device) {
  const pagesTotal = device.sizeBytes / PAGE_BYTES;
  const pages = Math.min(scenario.pinPages, pagesTotal);
  if (pages === 0) return { pages, stepPages: 0, calls: 0 };
  const stepPages = Math.ceil(pages / unitPages(device)) * unitPages(device);
  const room = Math.floor((pagesTotal - pages) / stepPages) + 1;
  return { pages, stepPages, calls: Math.min(room, scenario.pinCallsMax) };
}

/** Pin calls, and giving each back. */
function pinPhases(scenario: Scenario, device: Device): readonly Phase[] {
  const { pages, stepPages, calls } = pinCalls(scenario, device);
  if (calls === 0) return [];
  const pin = new OpStream();
  const unpin = new OpStream();
  const name = scenario.access === 'write' ? 'pinWrite' : 'pinRead';
  for (let call = 0; call < calls; call++) {
    pin.push(name, VMA_SLOT, call * stepPages, pages);
    unpin.push('unpin', VMA_SLOT, call * stepPages, pages);
  }
  return [
    { name: 'pin', stream: pin, operations: calls },
    { name: 'unpin', stream: unpin, operations: calls },
  ];
}

/** munmap of the whole mapping, in which so many leaves are (default: every unit). */
export function munmapPhase(device: Device, leaves = device.sizeBytes / device.unitBytes): Phase {
  const units = device.sizeBytes / device.unitBytes;
  const stream = new OpStream();
  stream.push('munmap', VMA_SLOT, 0, units, unitPages(device));
  return { name: 'munmap', stream, operations: leaves };
}

/**
 * The phases of a pattern that revisits: as many touches as the scenario says, else as many as
 * units; then pins, which fault in what was never touched, and munmap of what is mapped.
 */
function revisitPhases(pattern: Revisit, scenario: Scenario, device: Device): readonly Phase[] {
  const units = device.sizeBytes / device.unitBytes;
  const pages = unitPages(device);
  const operations = scenario.touches || units;
  const popular = popularity(units, scenario.seed);
  const order = unitTouches(pattern, popular, operations, scenario, scenario.seed);
  const name = scenario.access === 'write' ? 'touchWrite' : 'touchRead';
  const stream = new OpStream();
  for (const unit of order) stream.push(name, VMA_SLOT, unit * pages);
  const mapped = touchedUnits(order, units);
  const first = countUnits(mapped);
  const { calls, stepPages, pages: pinned } = pinCalls(scenario, device);
  for (let call = 0; call < calls; call++) {
    const at = (call * stepPages) / pages;
    mapped.fill(1, at, at + Math.ceil(pinned / pages));
  }
  const rest = [...pinPhases(scenario, device), munmapPhase(device, countUnits(mapped))];
  return [
    { name: 'touch', stream, operations, touches: { first, mapped: operations - first } },
    ...(first === units ? rest : rest.map((phase): Phase => ({ ...phase, sparse: true }))),
  ];
}

/** A storm's phases in order: fault (or touch) units, pin, unpin, unmap. */
export function stormPhases(scenario: Scenario, device: Device): readonly Phase[] {
  if (isRevisit(scenario.pattern)) return revisitPhases(scenario.pattern, scenario, device);
  return [faultPhase(scenario, device), ...pinPhases(scenario, device), munmapPhase(device)];
}

/** Twelve hex digits that name the phases' op streams together: equal workloads, equal hashes. */
export function workloadHash(phases: readonly Phase[]): string {
  return sha256(phases.map(({ stream }) => stream.hash())).slice(0, 12);
}

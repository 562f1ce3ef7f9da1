import { createHash } from 'node:crypto';
import type { Device } from '../syscall/device.ts';
import { PAGE_BYTES } from '../units.ts';
import { OpStream } from '../wasm/ops.ts';
import { unitOrder } from './pattern.ts';
import { type Scenario, unitPages } from './scenario.ts';

export const PHASE_NAMES = ['fault', 'pin', 'unpin', 'munmap', 'replay'] as const;
export type PhaseName = (typeof PHASE_NAMES)[number];

/** One timed part of a storm. */
export interface Phase {
  readonly name: PhaseName;
  readonly stream: OpStream;
  /** What its time and counts are divided by: faults, pin calls, leaves unmapped, trace faults. */
  readonly operations: number;
}

/** The whole mapping sits in the first VMA slot of a freshly booted system. */
const VMA_SLOT = 0;

function faultPhase(scenario: Scenario, device: Device): Phase {
  const units = device.sizeBytes / device.unitBytes;
  const pages = unitPages(device);
  const name = scenario.access === 'write' ? 'faultWrite' : 'faultRead';
  const stream = new OpStream();
  if (scenario.pattern === 'sequential') stream.push(name, VMA_SLOT, 0, units, pages);
  else {
    const order = unitOrder(scenario.pattern, units, scenario.strideUnits, scenario.seed);
    for (const unit of order) stream.push(name, VMA_SLOT, unit * pages);
  }
  return { name: 'fault', stream, operations: units };
}

/** Pin calls at the start of each unit (or of each run of pages), and giving each back. */
function pinPhases(scenario: Scenario, device: Device): readonly Phase[] {
  const pagesTotal = device.sizeBytes / PAGE_BYTES;
  const pages = Math.min(scenario.pinPages, pagesTotal);
  if (pages === 0) return [];
  const stepPages = Math.ceil(pages / unitPages(device)) * unitPages(device);
  const room = Math.floor((pagesTotal - pages) / stepPages) + 1;
  const calls = Math.min(room, scenario.pinCallsMax);
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

/** munmap of the whole mapping. */
export function munmapPhase(device: Device): Phase {
  const units = device.sizeBytes / device.unitBytes;
  const stream = new OpStream();
  stream.push('munmap', VMA_SLOT, 0, units, unitPages(device));
  return { name: 'munmap', stream, operations: units };
}

/** A storm's phases in order: fault everything, pin, unpin, unmap. */
export function stormPhases(scenario: Scenario, device: Device): readonly Phase[] {
  return [faultPhase(scenario, device), ...pinPhases(scenario, device), munmapPhase(device)];
}

/** Twelve hex digits that name the phases' op streams together: equal workloads, equal hashes. */
export function workloadHash(phases: readonly Phase[]): string {
  const hash = createHash('sha256');
  for (const { stream } of phases) hash.update(stream.hash());
  return hash.digest('hex').slice(0, 12);
}

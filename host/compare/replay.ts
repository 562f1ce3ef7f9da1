import { COMPARED, type ComparedKernel } from '../kernel.ts';
import { recordedCost } from '../measure/recorded.ts';
import { munmapPhase, type Phase } from '../storm/phase.ts';
import { dynamicDevice, sizeStepBytes } from '../syscall/device.ts';
import type { FaultTrace } from '../trace/faultTrace.ts';
import { distinctPages, type Placement, placeTrace } from '../trace/placement.ts';
import { type AlignName, PAGE_BYTES } from '../units.ts';
import { OpStream } from '../wasm/ops.ts';
import { type CompareOptions, type Comparison, comparePhases } from './comparison.ts';

/** First touches of a leaf, by what they do. */
export interface LeafTouches {
  readonly read: number;
  readonly write: number;
  /** Leaves that some fault of the trace writes to. */
  readonly written: number;
}

/** Recorded instructions of so many operations; undefined where a cost was not recorded. */
export type PricedByKernel = Readonly<Record<ComparedKernel, number>> | undefined;

/** One trace on a device of one unit size. */
export interface Replay {
  /** Unit of the device. */
  readonly align: AlignName;
  /** Size of the device. */
  readonly sizeBytes: number;
  /** Faults in the trace. */
  readonly traceFaults: number;
  /** 4 KiB pages that they are on. */
  readonly distinctPages: number;
  /** Faults that the device has room for. */
  readonly placedFaults: number;
  /** Leaves by first touch: what a device-DAX mapping faults, once each. */
  readonly leaves: LeafTouches;
  /** Recorded instructions of the faults taken. */
  readonly recordedFaults: PricedByKernel;
  /** And of unmapping the written leaves at exit; leaves only read were never recorded. */
  readonly recordedUnmap: PricedByKernel;
  /** Phases replay and munmap: counts and emulated time. */
  readonly comparison: Comparison;
}

/** Bytes that hold every page of a trace, in whole units. */
export function traceSizeBytes(trace: FaultTrace, align: AlignName): number {
  const bytes = Math.max(1, distinctPages(trace)) * PAGE_BYTES;
  return Math.ceil(bytes / sizeStepBytes(align)) * sizeStepBytes(align);
}

/** A placed trace as loads and stores of the storm's one mapping. */
export function replayPhase({ pages, writes, faults }: Placement): Phase {
  const stream = new OpStream();
  pages.forEach((page, i) => {
    stream.push(writes[i] ? 'touchWrite' : 'touchRead', 0, page);
  });
  return { name: 'replay', stream, operations: faults };
}

function leafTouches({ pages, writes }: Placement, unitPages: number): LeafTouches {
  const firstWrites = new Map<number, boolean>();
  const written = new Set<number>();
  pages.forEach((page, i) => {
    const leaf = Math.floor(page / unitPages);
    const write = writes[i] === 1;
    if (!firstWrites.has(leaf)) firstWrites.set(leaf, write);
    if (write) written.add(leaf);
  });
  const write = [...firstWrites.values()].filter(Boolean).length;
  return { read: firstWrites.size - write, write, written: written.size };
}

/** Sum of recorded costs, or undefined if one that is needed was not recorded. */
function price(
  align: AlignName,
  parts: readonly (readonly [op: string, times: number])[],
): PricedByKernel {
  const needed = parts.filter(([, times]) => times > 0);
  const costs = needed.map(([op, times]) => recordedCost(align, op, times));
  if (costs.some((cost) => cost === undefined)) return undefined;
  const total = (kernel: ComparedKernel): number =>
    costs.reduce((sum, cost) => sum + (cost?.[kernel] ?? 0), 0);
  return { devmap: total('devmap'), refcount: total('refcount') };
}

/**
 * Replays a trace's faults as loads and stores on one device-DAX mapping, under both kernels, then
 * unmaps it as exit would.
 *
 * Fails: E_DEVICE_SIZE, and what a bank cannot hold.
 */
export async function replayTrace(
  trace: FaultTrace,
  align: AlignName,
  sizeBytes: number,
  options: CompareOptions,
): Promise<Replay> {
  const device = dynamicDevice(align, sizeBytes);
  const placement = placeTrace(trace, sizeBytes / PAGE_BYTES);
  const phases = [replayPhase(placement), munmapPhase(device)];
  const shape = { access: 'write', pinPages: 0 } as const;
  const comparison = await comparePhases(device, phases, shape, options);
  const leaves = leafTouches(placement, device.unitBytes / PAGE_BYTES);
  checkFaults(comparison, leaves);
  return {
    align,
    sizeBytes,
    traceFaults: trace.pages.length,
    distinctPages: placement.distinctPages,
    placedFaults: placement.faults,
    leaves,
    recordedFaults: price(align, [
      ['read_fault', leaves.read],
      ['write_fault', leaves.write],
    ]),
    recordedUnmap: price(align, [['munmap_written', leaves.written]]),
    comparison,
  };
}

/** The core must have taken exactly the faults that first touches predict. */
function checkFaults({ rows }: Comparison, { read, write }: LeafTouches): void {
  const [replayed] = rows;
  for (const kernel of COMPARED) {
    const taken = replayed?.counted[kernel].events.faultMinor;
    if (taken !== read + write) {
      throw new Error(`${kernel} took ${taken} faults where ${read + write} leaves were touched`);
    }
  }
}

import type { Device } from '../syscall/device.ts';
import { PAGE_BYTES } from '../units.ts';
import { OpStream } from '../wasm/ops.ts';
import { sha256 } from '../wasm/platform.ts';
import { unitOrder } from './pattern.ts';
import type { PhaseName } from './phase.ts';
import { unitPages } from './scenario.ts';

/** Whether the threads have one address space together, or one each. */
export const MM_KINDS = ['shared', 'own'] as const;
export type MmKind = (typeof MM_KINDS)[number];

/**
 * Which units the threads work on: `disjoint`, each a part of the device; `overlapping`, all of them
 * the same part, each in an order of its own; `hot`, all of them one unit, again and again.
 */
export const CREW_PATTERNS = ['disjoint', 'overlapping', 'hot'] as const;
export type CrewPattern = (typeof CREW_PATTERNS)[number];

/** Times that each thread of a `hot` storm goes to the hot unit, for each phase. */
const HOT_VISITS = 20_000;

/** A storm that several threads run at once. */
export interface CrewStorm {
  readonly mm: MmKind;
  readonly pattern: CrewPattern;
  /** The most threads: each works on as much as a crew of so many shares the device into. */
  readonly threads: number;
  readonly pinPages: number;
  readonly seed: number;
}

/** One timed part: a stream for each thread, all of as many operations. */
export interface CrewPhase {
  readonly name: PhaseName;
  readonly title: string;
  readonly streams: readonly OpStream[];
  /** Of each thread. */
  readonly operations: number;
}

/** What one thread pushes into its stream of a phase. */
type Push = (stream: OpStream, thread: number) => void;

function phase(
  name: PhaseName,
  title: string,
  threads: number,
  operations: number,
  push: Push,
): CrewPhase {
  const streams = Array.from({ length: threads }, (_, thread) => {
    const stream = new OpStream();
    push(stream, thread);
    return stream;
  });
  return { name, title, streams, operations };
}

/** The VMA slot that a thread's operations name: of process 0, or of its own. */
function slotOf({ mm }: CrewStorm, thread: number): number {
  return mm === 'shared' ? 0 : thread;
}

/** The hot unit: mapped and unmapped, then pinned and unpinned, by everybody. */
function hotPhases(storm: CrewStorm, device: Device): readonly CrewPhase[] {
  const { threads } = storm;
  const pages = Math.min(storm.pinPages, unitPages(device));
  const map: Push = (stream, thread) => {
    for (let i = 0; i < HOT_VISITS; i++) {
      stream.push('touchWrite', slotOf(storm, thread), 0);
      stream.push('dontneed', slotOf(storm, thread), 0);
    }
  };
  const pin: Push = (stream, thread) => {
    for (let i = 0; i < HOT_VISITS; i++) {
      stream.push('pinWrite', slotOf(storm, thread), 0, pages);
      stream.push('unpin', slotOf(storm, thread), 0, pages);
    }
  };
  const pinned = pages === 1 ? 'it' : `${pages} pages of it`;
  const mapped = phase('fault', 'map the hot unit, unmap it', threads, HOT_VISITS, map);
  if (pages === 0) return [mapped];
  return [mapped, phase('pin', `pin ${pinned}, unpin`, threads, HOT_VISITS, pin)];
}

/**
 * A storm's phases: map units, pin them, unpin them, unmap. An address space of several threads is
 * emptied with MADV_DONTNEED where they overlap, for munmap would take a mapping from under the
 * others; elsewhere with munmap.
 */
export function crewPhases(storm: CrewStorm, device: Device): readonly CrewPhase[] {
  if (storm.pattern === 'hot') return hotPhases(storm, device);
  const { threads, pattern, seed } = storm;
  const pages = unitPages(device);
  const units = Math.floor(device.sizeBytes / device.unitBytes / threads);
  const disjoint = pattern === 'disjoint';
  const start = (thread: number): number => (disjoint ? thread * units : 0);
  const orders = Array.from({ length: threads }, (_, thread) =>
    unitOrder('uniform', units, 1, seed + thread),
  );
  const map: Push = (stream, thread) => {
    const slot = slotOf(storm, thread);
    if (disjoint) stream.push('faultWrite', slot, start(thread) * pages, units, pages);
    else for (const unit of orders[thread] ?? []) stream.push('touchWrite', slot, unit * pages);
  };
  const mapped = phase('fault', 'write fault, a unit', threads, units, map);
  const unmap: Push = (stream, thread) => {
    const how = storm.mm === 'shared' && !disjoint ? 'dontneed' : 'munmap';
    stream.push(how, slotOf(storm, thread), start(thread) * pages, units, pages);
  };
  const unmapped = phase('munmap', 'unmap, a unit', threads, units, unmap);
  return [mapped, ...pinPhases(storm, device, units, start), unmapped];
}

/** As many calls as pages there are to pin, the same pages' calls in another order for every thread. */
function pinPhases(
  { pinPages, threads, mm, seed }: CrewStorm,
  device: Device,
  units: number,
  start: (thread: number) => number,
): readonly CrewPhase[] {
  const all = (units * device.unitBytes) / PAGE_BYTES;
  const pages = Math.min(pinPages, all);
  if (pages === 0) return [];
  const calls = Math.min(Math.floor(all / pages), 256);
  const push =
    (name: 'pinWrite' | 'unpin'): Push =>
    (stream, thread) => {
      const order = unitOrder('uniform', calls, 1, seed + thread);
      const first = start(thread) * unitPages(device);
      const slot = mm === 'shared' ? 0 : thread;
      for (const call of order) stream.push(name, slot, first + call * pages, pages);
    };
  return [
    phase('pin', `pin ${pages} pages, a call`, threads, calls, push('pinWrite')),
    phase('unpin', `unpin ${pages} pages, a call`, threads, calls, push('unpin')),
  ];
}

/** Twelve hex digits that name the streams of all threads together. */
export function crewWorkload(phases: readonly CrewPhase[]): string {
  return sha256(phases.flatMap(({ streams }) => streams.map((each) => each.hash()))).slice(0, 12);
}

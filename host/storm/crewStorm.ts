import type { Device } from '../syscall/device.ts';
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

/**
 * What a phase of one thread is at least made of, so that it is long beside the microsecond by which
 * threads begin it apart: visits of the hot unit, units mapped, pin calls.
 */
const HOT_VISITS = 20_000;
const UNITS_MIN = 16_384;
const CALLS_MIN = 4096;

/** A storm that several threads run at once. */
export interface CrewStorm {
  readonly mm: MmKind;
  readonly pattern: CrewPattern;
  /** The most threads: each works on as much as a crew of so many shares the device into. */
  readonly threads: number;
  readonly pinPages: number;
  readonly seed: number;
}

/** One part of a storm: a stream for each thread, all of as many operations. */
export interface CrewPhase {
  readonly name: PhaseName;
  readonly title: string;
  readonly streams: readonly OpStream[];
  /** Of each thread. */
  readonly operations: number;
  /** It only sets the stage for those after it, and is too short to say anything. */
  readonly untimed?: true;
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

/** What each thread of a storm works on. */
class Ground {
  readonly storm: CrewStorm;
  readonly unitPages: number;
  readonly units: number;
  readonly #disjoint: boolean;

  constructor(storm: CrewStorm, device: Device) {
    this.storm = storm;
    this.unitPages = unitPages(device);
    this.units = Math.floor(device.sizeBytes / device.unitBytes / storm.threads);
    this.#disjoint = storm.pattern === 'disjoint';
  }

  /** The first of a thread's 4 KiB pages. */
  start(thread: number): number {
    return this.#disjoint ? thread * this.units * this.unitPages : 0;
  }

  /** The numbers 0 .. of - 1 in an order of the thread's own. */
  order(of: number, thread: number): Uint32Array {
    return unitOrder('uniform', of, 1, this.storm.seed + thread);
  }

  readonly map: Push = (stream, thread) => {
    const slot = slotOf(this.storm, thread);
    const { units, unitPages: pages } = this;
    if (this.#disjoint) stream.push('faultWrite', slot, this.start(thread), units, pages);
    else
      for (const unit of this.order(units, thread)) stream.push('touchWrite', slot, unit * pages);
  };

  /**
   * An address space of several threads is emptied with MADV_DONTNEED where they overlap, for munmap
   * would take a mapping from under the others; elsewhere with munmap.
   */
  readonly unmap: Push = (stream, thread) => {
    const how = this.storm.mm === 'shared' && !this.#disjoint ? 'dontneed' : 'munmap';
    const slot = slotOf(this.storm, thread);
    stream.push(how, slot, this.start(thread), this.units, this.unitPages);
  };
}

/**
 * A storm's phases: map units, pin them, unpin them, unmap; where a thread has few units, mapping and
 * unmapping them again and again is a phase of its own.
 */
export function crewPhases(storm: CrewStorm, device: Device): readonly CrewPhase[] {
  if (storm.pattern === 'hot') return hotPhases(storm, device);
  const ground = new Ground(storm, device);
  const { units } = ground;
  const { threads } = storm;
  const mapped = phase('fault', 'write fault, a unit', threads, units, ground.map);
  const unmapped = phase('munmap', 'unmap, a unit', threads, units, ground.unmap);
  const pins = pinPhases(ground);
  if (units >= UNITS_MIN) return [mapped, ...pins, unmapped];
  const times = Math.ceil(UNITS_MIN / units);
  const again = phase('fault', 'map a unit, unmap it', threads, units * times, (stream, thread) => {
    for (let i = 0; i < times; i++) {
      ground.map(stream, thread);
      ground.unmap(stream, thread);
    }
  });
  if (pins.length === 0) return [again];
  return [again, { ...mapped, untimed: true }, ...pins, { ...unmapped, untimed: true }];
}

/** Calls over all that is mapped, as often as it takes; every pin is given back by its unpin. */
function pinPhases(ground: Ground): readonly CrewPhase[] {
  const { threads, pinPages } = ground.storm;
  const all = ground.units * ground.unitPages;
  const pages = Math.min(pinPages, all);
  if (pages === 0) return [];
  const places = Math.min(Math.floor(all / pages), CALLS_MIN);
  const times = Math.ceil(CALLS_MIN / places);
  const push =
    (name: 'pinWrite' | 'unpin'): Push =>
    (stream, thread) => {
      const order = ground.order(places, thread);
      const slot = slotOf(ground.storm, thread);
      for (let i = 0; i < times; i++) {
        for (const place of order)
          stream.push(name, slot, ground.start(thread) + place * pages, pages);
      }
    };
  const calls = places * times;
  return [
    phase('pin', `pin ${pages} pages, a call`, threads, calls, push('pinWrite')),
    phase('unpin', `unpin ${pages} pages, a call`, threads, calls, push('unpin')),
  ];
}

/** Twelve hex digits that name the streams of all threads together. */
export function crewWorkload(phases: readonly CrewPhase[]): string {
  return sha256(phases.flatMap(({ streams }) => streams.map((each) => each.hash()))).slice(0, 12);
}

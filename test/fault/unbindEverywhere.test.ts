// Unbind after every operation of a short storm: what is held is counted exactly, every leaf and its
// charge goes, no table is lost; what the storm still wanted fails and touches nothing; and bound
// again, the whole storm runs as on a machine that never saw an unbind.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { dynamicDevice } from '../../host/syscall/device.ts';
import { exit } from '../../host/syscall/fork.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import { rebind, type UnbindReport, unbind } from '../../host/syscall/unbind.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, PAGE_BYTES } from '../../host/units.ts';
import { type Events, eventsBetween } from '../../host/wasm/machine.ts';
import { type OpName, OpStream } from '../../host/wasm/ops.ts';
import { walk } from '../../host/wasm/walk.ts';

const READ_WRITE = { read: true, write: true, exec: false };
const UNITS = 6;

/** Whose mapping, what, from which unit on, how many (pages of a get or pin: at most one unit). */
type Step = readonly [who: 0 | 1, op: OpName, unit: number, times: number];

const STORM: readonly Step[] = [
  [0, 'faultWrite', 0, 3],
  [1, 'touchRead', 1, 1],
  [0, 'pinWrite', 0, 1],
  [0, 'pinRead', 1, 1],
  [1, 'getRead', 1, 1],
  [1, 'faultRead', 2, 2],
  [0, 'dontneed', 1, 1],
  [0, 'unpin', 0, 1],
  [0, 'touchWrite', 1, 1],
  [1, 'pinRead', 3, 1],
  [0, 'getWrite', 2, 1],
  [1, 'faultWrite', 5, 1],
  [0, 'put', 1, 1],
  [1, 'dontneed', 0, UNITS],
  [0, 'unpin', 1, 1],
  [1, 'faultRead', 0, UNITS],
  [0, 'unpin', 3, 1],
  [0, 'put', 2, 1],
  [0, 'munmap', 0, UNITS],
  [1, 'munmap', 0, UNITS],
];

/** Units with the device rounded up to what a 4K device may have. */
function deviceUnits(align: AlignName): number {
  return align === '4K' ? 1024 : UNITS;
}

class World {
  readonly system: System;
  processes: readonly Process[] = [];
  vmas: readonly Vma[] = [];
  readonly unitPages: number;

  constructor(kernel: KernelId, align: AlignName) {
    const device = dynamicDevice(align, ALIGNS[align] * deviceUnits(align), 'mem', 2);
    this.system = new System({ kernel, kind: 'counted', device, processes: 4 });
    this.unitPages = device.unitBytes / PAGE_BYTES;
    this.start();
  }

  /** Two processes that map the whole device. */
  start(): void {
    const lengthBytes = BigInt(this.system.device.sizeBytes);
    this.processes = [this.system.createProcess(), this.system.createProcess()];
    this.vmas = this.processes.map((process) => {
      const mapped = mmap(process, { lengthBytes, protection: READ_WRITE });
      if (!mapped.ok) throw new Error(mapped.errno);
      return mapped.value;
    });
  }

  /** Ends both; the first one's slots are the next to be taken. */
  end(): void {
    for (const process of this.processes.toReversed()) exit(process);
  }

  /** Steps [from, to) of the storm; how many of their units did not end in OK. */
  run(from: number, to: number): number {
    const stream = new OpStream();
    for (const [who, op, unit, times] of STORM.slice(from, to)) {
      stream.push(op, this.vmas[who]?.slot ?? 0, unit * this.unitPages, times);
    }
    return this.system.machine.run(stream, 'natural').failed;
  }

  recordsHash(): bigint {
    const { bank, core } = this.system.machine;
    return core.hashRange(bank.records, bank.recordsEnd);
  }

  /** Every leaf entry of both processes, and what each is charged. */
  leaves(): readonly (string | number)[] {
    const { machine } = this.system;
    return this.processes.flatMap((process, i) => {
      const start = this.vmas[i]?.start ?? 0n;
      const entries = Array.from({ length: UNITS }, (_, unit) => {
        const va = start + BigInt(unit * this.unitPages * PAGE_BYTES);
        return walk(machine.bank, process.mm, va).leaf?.entry.toString(16) ?? '';
      });
      return [...entries, machine.filePages(process.mm), machine.tableBytes(process.mm)];
    });
  }
}

/** What the first `steps` of the storm leave held, by unit. */
function heldAfter(steps: number): ReadonlyMap<number, { gets: number; pins: number }> {
  const held = new Map<number, { gets: number; pins: number }>();
  for (const [, op, unit] of STORM.slice(0, steps)) {
    const now = held.get(unit) ?? { gets: 0, pins: 0 };
    if (op.startsWith('get')) now.gets += 1;
    else if (op.startsWith('pin')) now.pins += 1;
    else if (op === 'put') now.gets -= 1;
    else if (op === 'unpin') now.pins -= 1;
    held.set(unit, now);
  }
  return held;
}

function expectHeld(report: UnbindReport, steps: number): void {
  const seen = report.held.flatMap(({ firstUnit, units, gets, pins }) =>
    Array.from({ length: units }, (_, i) => [firstUnit + i, gets, pins]),
  );
  const want = [...heldAfter(steps)]
    .filter(([, { gets, pins }]) => gets + pins > 0)
    .map(([unit, { gets, pins }]) => [unit, gets, pins])
    .sort(([a = 0], [b = 0]) => a - b);
  expect(seen).toEqual(want);
  const sum = (at: number): number => want.reduce((all, row) => all + (row[at] ?? 0), 0);
  expect([report.gets, report.pins]).toEqual([sum(1), sum(2)]);
}

/** Counts without what per-CPU shares, which outlive a process, let spill sooner or later. */
function countsOf(events: Events): Partial<Events> {
  const { rssSpill: _r, vmstatSpill: _v, rmwOther: _o, ...counts } = events;
  return counts;
}

/** The whole storm, all but its munmaps and then these: states and counts. */
function wholeStorm(world: World) {
  const { machine } = world.system;
  const before = machine.events();
  const mapped = STORM.length - 2;
  const failed = [world.run(0, mapped)];
  const state = { leaves: world.leaves(), mapped: world.recordsHash() };
  failed.push(world.run(mapped, STORM.length));
  const counts = countsOf(eventsBetween(before, machine.events()));
  expect(failed).toEqual([0, 0]);
  return { ...state, counts, unmapped: world.recordsHash() };
}

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(ALIGN_NAMES)('%s: unbind after each of the steps', (align) => {
    const fresh = wholeStorm(new World(kernel, align));
    for (let steps = 0; steps <= STORM.length; steps++) {
      const world = new World(kernel, align);
      const { machine } = world.system;
      expect(world.run(0, steps)).toBe(0);
      const tables = machine.liveTables();
      const result = unbind(world.system);
      if (!result.ok) throw new Error(result.errno);
      expectHeld(result.value, steps);
      // Every leaf and its charge went, every table stayed.
      expect(world.leaves().slice(0, UNITS + 1)).toEqual([...Array(UNITS).fill(''), 0]);
      expect(world.leaves().slice(UNITS + 2, -1)).toEqual([...Array(UNITS).fill(''), 0]);
      expect([machine.liveTables(), machine.violation()]).toEqual([tables, undefined]);

      // The rest of the storm: faults are SIGBUS, puts use after free; no struct page is touched.
      const counters = world.recordsHash();
      const rest = STORM.slice(steps).filter(([, op]) => !/dontneed|munmap/.test(op));
      const late = rest.filter(([, op]) => /put|unpin/.test(op)).length;
      // Of a get or pin the op stream counts the call, of the others each unit.
      const fails = rest.reduce(
        (sum, [, op, , times]) => sum + (/get|pin|put/.test(op) ? 1 : times),
        0,
      );
      expect([world.run(steps, STORM.length), machine.latePages]).toEqual([fails, late]);
      expect(world.recordsHash()).toBe(counters);

      world.end();
      expect([machine.liveTables(), machine.violation()]).toEqual([0, undefined]);
      expect(rebind(world.system).ok).toBe(true);
      world.start();
      expect(wholeStorm(world)).toEqual(fresh);
    }
  });
});

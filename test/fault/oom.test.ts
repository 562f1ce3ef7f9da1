// Out of memory at every page-table allocation of every standard storm and of the calls that fault on
// their own: each allocation fails once in turn. What fails says so; references, map counts, charges and
// tables are as if it had never been tried; and with memory back the history ends as it ends otherwise.
import { describe, expect, test } from 'vitest';
import { pageHistories } from '../../host/hazard/history.ts';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { ORDERS, type Order, unitOrder } from '../../host/storm/pattern.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario } from '../../host/storm/scenario.ts';
import { access } from '../../host/syscall/access.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName } from '../../host/units.ts';
import * as abi from '../../host/wasm/abi.ts';
import { OpStream } from '../../host/wasm/ops.ts';
import { snapshot } from '../../host/wasm/structPage.ts';
import {
  type Act,
  END_CHILDREN,
  FORK,
  grab,
  LIBRARY,
  NEVER,
  PROTECT,
  populateUnits,
  streamActs,
  touch,
  UNITS,
  UNMAP,
  World,
} from './story.ts';

interface Story {
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly levels?: 4 | 5;
  readonly acts: readonly Act[];
  /** What the acts of a stream run. */
  readonly stream?: OpStream;
}

/** What a history does where nothing fails: allocations up to each act's end, and the last state. */
interface DryRun {
  readonly allocations: readonly number[];
  readonly end: End;
}

/** The state that a history ends in. */
interface End {
  readonly stateHash: string;
  readonly tablesHash: bigint;
  readonly pages: Uint32Array;
}

function endOf({ system: { machine } }: World): End {
  const top = machine.bank.u32(abi.CONTROL + abi.CTL_ARENA_TOP);
  const tablesHash = machine.core.hashRange(abi.ARENA, top);
  return { stateHash: machine.stateHash(), tablesHash, pages: snapshot(machine.bank) };
}

/** Struct-page fields that differ between two states. */
function fieldsBetween(before: Uint32Array, after: Uint32Array): ReadonlySet<string> {
  const pages = pageHistories([before, after]);
  return new Set(pages.flatMap(({ fields }) => fields.map(({ field }) => field)));
}

/**
 * The same end. A call that got some of its pages before memory ran out, and was made again, has
 * marked those accessed twice: their flags may say so.
 */
function expectSameEnd(now: End, dry: End, single: boolean, message: string): void {
  if (single) expect(now.stateHash, message).toBe(dry.stateHash);
  expect(now.tablesHash, message).toBe(dry.tablesHash);
  const differing = [...fieldsBetween(dry.pages, now.pages)];
  expect(
    differing.filter((field) => field !== 'flags'),
    message,
  ).toEqual([]);
}

function newWorld({ kernel, align, levels = 4, stream }: Story): World {
  const world = new World(kernel, align, levels);
  if (stream) world.system.machine.load(stream, 0, stream.length);
  return world;
}

function dryRun(story: Story): DryRun {
  const world = newWorld(story);
  const { machine } = world.system;
  machine.failTablesAfter(NEVER);
  const allocations = story.acts.map((act) => {
    expect(act.run(world), act.name).toBe('ok');
    return NEVER - world.allocationsLeft;
  });
  return { allocations, end: endOf(world) };
}

/** The struct-page fields that an act may have changed though it failed: dax_set_mapping comes first. */
const SET_BEFORE = new Set(['mapping', 'index']);

/** Lets allocation `which` (from 0) and all after it fail in the act that asks for it, then no more. */
function failOnce(story: Story, dry: DryRun, which: number): void {
  const world = newWorld(story);
  const { machine } = world.system;
  const failing = dry.allocations.findIndex((count) => count > which);
  machine.failTablesAfter(which);
  story.acts.forEach((act, i) => {
    if (i !== failing) {
      expect(act.run(world), act.name).toBe('ok');
      return;
    }
    const before = snapshot(machine.bank);
    const charged = machine.filePages(world.process.mm);
    const outcome = act.run(world);
    expect(outcome, `${act.name}, allocation ${which}`).toBe('oom');
    expect(machine.violation(), `${act.name}, allocation ${which}`).toBeUndefined();
    if (act.single) {
      const fields = [...fieldsBetween(before, snapshot(machine.bank))];
      expect(fields.filter((field) => !SET_BEFORE.has(field))).toEqual([]);
      expect(machine.filePages(world.process.mm)).toBe(charged);
    }
    machine.failTablesAfter(-1);
    expect(act.run(world), `${act.name} again`).toBe('ok');
  });
  expect(machine.violation()).toBeUndefined();
  const single = story.acts[failing]?.single ?? false;
  expectSameEnd(endOf(world), dry.end, single, `allocation ${which}`);
}

/** Every allocation of a history fails once; how many there were. */
function failEach(story: Story): number {
  const dry = dryRun(story);
  const total = dry.allocations.at(-1) ?? 0;
  for (let which = 0; which < total; which++) failOnce(story, dry, which);
  return total;
}

/** A standard storm with every fault an operation of its own. */
function storm(
  kernel: KernelId,
  align: AlignName,
  pattern: Order,
  access: 'read' | 'write',
): Story {
  const scenario = makeScenario({
    align,
    sizeBytes: UNITS[align] * ALIGNS[align],
    pattern,
    access,
    pinPages: 7,
    seed: 5,
  });
  const { device } = new World(kernel, align, 4);
  const stream = new OpStream();
  const pages = device.unitBytes / 4096;
  for (const unit of unitOrder(pattern, UNITS[align], scenario.strideUnits, scenario.seed)) {
    stream.push(access === 'write' ? 'faultWrite' : 'faultRead', 0, unit * pages);
  }
  const [, ...rest] = stormPhases(scenario, device);
  for (const phase of rest) {
    const words = phase.stream.words();
    for (let op = 0; op < phase.stream.length; op++) stream.append(words, op);
  }
  return { kernel, align, stream, acts: streamActs('op', stream) };
}

/** The fewest tables that a mapping over two top-level entries needs: two PUD, then PMD, PTE. */
const LEAST: Readonly<Record<AlignName, number>> = { '4K': 2 + 2 + 2 * 4, '2M': 2 + 2, '1G': 2 };

describe.each(KERNEL_IDS)('standard storms, %s', (kernel) => {
  describe.each(ALIGN_NAMES)('%s', (align) => {
    test.each(ORDERS.flatMap((each) => [[each, 'write'] as const, [each, 'read'] as const]))(
      '%s %s: each table allocation fails in turn',
      (pattern, access) => {
        expect(failEach(storm(kernel, align, pattern, access))).toBeGreaterThanOrEqual(
          LEAST[align],
        );
      },
      60_000,
    );
  });
});

const FAST = { pin: true, write: true, longterm: false, mode: 'fast' } as const;
const SLOW = { pin: false, write: false, longterm: false, mode: 'slow' } as const;
const LONGTERM = { pin: true, write: false, longterm: true, mode: 'fast' } as const;

/** Units in several tables, one after the other and far apart. */
function calls(align: AlignName): Readonly<Record<string, readonly Act[]>> {
  const last = UNITS[align] - 1;
  const middle = UNITS[align] / 2;
  return {
    'get_user_pages that faults': [
      grab(0, 2, FAST),
      grab(middle - 1, 2, SLOW),
      grab(last, 1, LONGTERM),
    ],
    populate: [populateUnits(0, 2, true), populateUnits(0, UNITS[align], false)],
    'fork, and touches by both': [
      LIBRARY,
      touch(0, true),
      FORK,
      touch(0, true, 0),
      touch(last, false, 0),
      FORK,
      touch(middle, true, 1),
      touch(last, true),
      END_CHILDREN,
      UNMAP,
    ],
    'mprotect between faults': [
      touch(0, true),
      PROTECT,
      touch(1, false),
      touch(last, true),
      PROTECT,
      touch(middle, true),
      UNMAP,
    ],
  };
}

describe.each(KERNEL_IDS)('calls that fault, %s', (kernel) => {
  describe.each(ALIGN_NAMES)('%s', (align) => {
    test.each(Object.keys(calls(align)))('%s', (name) => {
      const acts = calls(align)[name] as readonly Act[];
      expect(failEach({ kernel, align, acts })).toBeGreaterThan(0);
      expect(failEach({ kernel, align, acts, levels: 5 })).toBeGreaterThan(0);
    });
  });
});

test.each(KERNEL_IDS)('%s: a program’s access meets no signal, only no memory', (kernel) => {
  const world = new World(kernel, '4K', 4);
  world.system.machine.failTablesAfter(0);
  expect(access(world.process, world.vma.start, 'write')).toEqual({ outOfMemory: true });
  world.system.machine.failTablesAfter(-1);
  expect(access(world.process, world.vma.start, 'write')).toEqual({});
});

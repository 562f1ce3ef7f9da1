// Programs of op streams: against the same calls made one by one, and against themselves.
import { describe, expect, test } from 'vitest';
import { countScenario, planScenario } from '../../host/compare/scenario.ts';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { parseScenario } from '../../host/scenario/file.ts';
import { readyScenarios } from '../../host/scenario/ready.ts';
import { Rig } from '../../host/storm/rig.ts';
import { peakProcesses } from '../../host/storm/stage.ts';
import { access } from '../../host/syscall/access.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { type GupRequest, gup, release } from '../../host/syscall/gup.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, PAGE_BYTES } from '../../host/units.ts';
import { type Events, eventsBetween } from '../../host/wasm/machine.ts';

function plan(text: string, seed?: number) {
  const [one] = parseScenario(text, 'x.yaml');
  if (!one) throw new Error('no case');
  return planScenario(one, seed);
}

function eventsOf(text: string, kernel: KernelId): readonly Events[] {
  return countScenario(plan(text)).map((counts) => counts.get(kernel)?.events as Events);
}

const UNITS: Readonly<Record<AlignName, number>> = { '4K': 1536, '2M': 8, '1G': 4 };
const READ_WRITE = { read: true, write: true, exec: false };

/** One process and the whole device, to do by hand what a scenario says. */
class Hand {
  readonly system: System;
  readonly process: Process;
  readonly start: bigint;
  readonly length: bigint;
  readonly seen: Events[] = [];

  constructor(kernel: KernelId, align: AlignName) {
    const device = plan(scenario(align, '')).device;
    this.system = new System({ kernel, kind: 'counted', device, processes: 2 });
    this.process = this.system.createProcess();
    this.length = BigInt(device.sizeBytes);
    const mapped = mmap(this.process, { lengthBytes: this.length, protection: READ_WRITE });
    if (!mapped.ok) throw new Error('mmap failed');
    this.start = mapped.value.start;
  }

  do(act: () => void): void {
    const before = this.system.machine.events();
    act();
    this.seen.push(eventsBetween(before, this.system.machine.events()));
  }

  touchAll(process: Process, kind: 'read' | 'write'): void {
    const unit = BigInt(this.system.device.unitBytes);
    for (let at = 0n; at < this.length; at += unit) access(process, this.start + at, kind);
  }

  take(pages: number, calls: number, request: GupRequest): readonly (readonly number[])[] {
    const bytes = BigInt(pages * PAGE_BYTES);
    return Array.from({ length: calls }, (_, call) => {
      const found = gup(this.process, this.start + BigInt(call) * bytes, pages, request);
      expect(found.pages).toHaveLength(pages);
      return found.pages;
    });
  }
}

const ALL = `kernels: [${KERNEL_IDS}]`;

function scenario(align: AlignName, phases: string): string {
  const size = ALIGNS[align] * UNITS[align];
  return `name: x\ndevice: { size: ${size}, align: ${align} }\n${ALL}\nphases:\n  - { phase: fault, access: read }\n${phases}`;
}

const HISTORY = `
  - { phase: fault, access: write }
  - { phase: pin, pages: 48, calls: 9, longterm: true }
  - { phase: pin, pages: 16, calls: 5, longterm: true, path: slow, access: read }
  - { phase: get, pages: 7, calls: 3, path: slow }
  - { phase: get, pages: 512, calls: 2, access: read }
  - { phase: put }
  - { phase: unpin }
  - { phase: mprotect, protection: read }
  - { phase: mprotect, protection: readWrite }
  - { phase: dontneed }
  - { phase: populate, access: write }
  - { phase: munmap }
  - { phase: pin, pages: 64, calls: 2 }
  - { phase: fork, children: 1, phases: [{ phase: populate, access: read }, { phase: fault }] }
  - { phase: exit }
`;

/** HISTORY by system calls. */
function byHand(kernel: KernelId, align: AlignName): readonly Events[] {
  const hand = new Hand(kernel, align);
  const { process, start, length } = hand;
  const fast = { write: true, longterm: false, pin: false, mode: 'fast' } as const;
  let held: readonly (readonly number[])[] = [];
  const pins: (readonly number[])[] = [];
  const done = (result: { readonly ok: boolean }): void => expect(result.ok).toBe(true);
  hand.do(() => hand.touchAll(process, 'read'));
  hand.do(() => hand.touchAll(process, 'write'));
  hand.do(() => pins.push(...hand.take(48, 9, { ...fast, pin: true, longterm: true })));
  const slow = { ...fast, mode: 'slow' } as const;
  const reader = { ...slow, pin: true, longterm: true, write: false } as const;
  hand.do(() => pins.push(...hand.take(16, 5, reader)));
  hand.do(() => {
    held = hand.take(7, 3, slow);
  });
  hand.do(() => {
    held = [...held, ...hand.take(512, 2, { ...fast, write: false })];
  });
  hand.do(() => held.forEach((pages) => void release(process, pages, false)));
  hand.do(() => pins.forEach((pages) => void release(process, pages, true)));
  hand.do(() => done(mprotect(process, start, length, { ...READ_WRITE, write: false })));
  hand.do(() => done(mprotect(process, start, length, READ_WRITE)));
  hand.do(() => done(madvise(process, start, length, 'dontneed')));
  hand.do(() => done(madvise(process, start, length, 'populateWrite')));
  hand.do(() => done(munmap(process, start, length)));
  const again = mmap(process, { lengthBytes: length, protection: READ_WRITE });
  expect(again.ok && again.value.start).toBe(start);
  hand.do(() => hand.take(64, 2, { ...fast, pin: true }));
  const child = fork(process);
  hand.do(() => done(madvise(child, start, length, 'populateRead')));
  hand.do(() => hand.touchAll(child, 'write'));
  hand.do(() => done(munmap(child, start, length)));
  exit(child);
  hand.do(() => done(munmap(process, start, length)));
  expect(hand.system.machine.violation()).toBeUndefined();
  return hand.seen;
}

describe.each(KERNEL_IDS)('%s: streams do what system calls do', (kernel) => {
  test.each(ALIGN_NAMES)('%s: every event of every phase', (align) => {
    const streams = eventsOf(scenario(align, HISTORY), kernel);
    const calls = byHand(kernel, align);
    expect(streams).toHaveLength(calls.length);
    streams.forEach((events, i) => {
      expect(events, `phase ${i}`).toEqual(calls[i]);
    });
  });
});

describe.each(KERNEL_IDS)('%s: munmap of extents', (kernel) => {
  test('keeps the page tables that neighbours use, as mapping each anew at once does', () => {
    const text = scenario('4K', '  - { phase: munmap, extent: 512KiB }\n  - { phase: exit }\n');
    const hand = new Hand(kernel, '4K');
    const { process, start, length } = hand;
    const extent = 512n * 1024n;
    hand.do(() => hand.touchAll(process, 'read'));
    hand.do(() => {
      for (let at = start; at < start + length; at += extent) {
        expect(munmap(process, at, extent).ok).toBe(true);
        const flags = { type: 'shared', fixed: 'noreplace' } as const;
        const offsetBytes = at - start;
        const request = { address: at, lengthBytes: extent, offsetBytes, protection: READ_WRITE };
        expect(mmap(process, { ...request, flags }).ok).toBe(true);
      }
    });
    hand.do(() => expect(munmap(process, start, length).ok).toBe(true));
    expect(eventsOf(text, kernel)).toEqual(hand.seen);
    // The mapping begins at the end of a table's 2 MiB, so one table is the first extent's alone; the
    // others are several extents', and the last munmap frees them.
    expect(hand.seen[1]?.tableFree).toBe(1);
    expect(hand.seen[2]?.tableFree).toBeGreaterThan(3);
  });
});

describe('counts', () => {
  const body = (phases: string) =>
    `name: x\ndevice: { size: 8MiB, align: 4K }\n${ALL}\nphases:\n${phases}`;
  const group = (indent: string) =>
    [
      '- { phase: fault, length: 4MiB }',
      '- { phase: pin, pages: 16, calls: 8 }',
      '- { phase: unpin }',
      '- { phase: munmap, extent: 1MiB }',
    ]
      .map((line) => `${indent}${line}\n`)
      .join('');

  test.each(KERNEL_IDS)('%s: a phase that is repeated counts what its turns count', (kernel) => {
    const repeated = eventsOf(body(`  - repeat: 3\n    phases:\n${group('      ')}`), kernel);
    const written = eventsOf(body(group('  ').repeat(3)), kernel);
    expect(repeated).toHaveLength(4);
    expect(written).toHaveLength(12);
    repeated.forEach((events, phase) => {
      for (const name of Object.keys(events) as (keyof Events)[]) {
        const turns = [0, 1, 2].map((turn) => written[turn * 4 + phase]?.[name] ?? Number.NaN);
        expect(events[name], name).toBe(turns.reduce((sum, each) => sum + each));
      }
    });
  });

  test.each(KERNEL_IDS)('%s: phases sum to what the whole run counted', (kernel) => {
    const made = plan(body(group('  ')));
    const phases = made.program.steps.map(({ phase }) => phase);
    const side = { name: 'x', kernel, kind: 'counted', overlap: 'natural' } as const;
    const rig = new Rig(side, made.device, phases);
    rig.takeBank();
    const before = rig.events();
    rig.count();
    const all = eventsBetween(before, rig.events());
    const rows = countScenario(made).map((counts) => counts.get(kernel)?.events as Events);
    for (const name of Object.keys(all) as (keyof Events)[]) {
      expect(
        rows.reduce((sum, row) => sum + row[name], 0),
        name,
      ).toBe(all[name]);
    }
  });

  test('what munmap and mprotect are counted per is the leaves they found', () => {
    const text = body(
      '  - { phase: fault, length: 1MiB }\n  - { phase: mprotect, protection: read }\n  - { phase: munmap }\n',
    );
    const [, protect, unmap] = countScenario(plan(text));
    expect(protect?.get('refcount')?.operations).toBe(256);
    expect(unmap?.get('refcount')?.operations).toBe(256);
  });

  test('processes share folios: the second to map one counts no page more as mapped', () => {
    const text = body('  - { phase: fault }\n').replace('phases:', 'processes: 3\nphases:');
    const [fault] = countScenario(plan(text));
    const count = fault?.get('refcount');
    expect(count?.operations).toBe(3 * 2048);
    expect(count?.events.faultMinor).toBe(3 * 2048);
    expect(count?.events.rmwMapcount).toBe(3 * 2048);
  });
});

describe('plans', () => {
  test('the same seed makes the same streams, another seed others', () => {
    const text = scenario('4K', '  - { phase: fault, pattern: zipf, touches: 500 }\n');
    expect(plan(text, 5).workload).toBe(plan(text, 5).workload);
    expect(plan(text, 5).workload).not.toBe(plan(text, 6).workload);
    expect(plan(text).seed).toBe(1);
  });

  test('children that live together take each phase in one stream, others one each', () => {
    const forked = (atOnce: number) =>
      plan(
        scenario(
          '4K',
          `  - { phase: fork, children: 6, atOnce: ${atOnce}, phases: [{ phase: fault }] }\n`,
        ),
      ).program;
    const [alone, together] = [forked(1), forked(4)];
    expect(alone.steps).toHaveLength(1 + 6 * 2);
    expect(together.steps).toHaveLength(1 + 2 * 2);
    expect([alone.forks, together.forks]).toEqual([6, 6]);
    expect(peakProcesses(alone.steps.map(({ phase }) => phase))).toBe(2);
    expect(peakProcesses(together.steps.map(({ phase }) => phase))).toBe(5);
    const touches = (program: typeof alone) => program.declared.map(({ operations }) => operations);
    expect(touches(alone)).toEqual(touches(together));
  });
});

describe('ready scenarios leave no invariant broken', () => {
  const cases = readyScenarios().flatMap(({ cases: each }) => each);
  test.each(cases.map((one) => [one.title, one] as const))('%s', (_, one) => {
    const { device, program } = planScenario(one);
    const phases = program.steps.map(({ phase }) => phase);
    for (const kernel of KERNEL_IDS) {
      const rig = new Rig(
        { name: kernel, kernel, kind: 'counted', overlap: 'natural' },
        device,
        phases,
      );
      rig.takeBank();
      expect(rig.count().reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
      expect(rig.violation()).toBeUndefined();
    }
  });
});

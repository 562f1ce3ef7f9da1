// A device cut over several banks against the same device in one, at the same place in the address
// space: whatever is counted, answered and left behind must be equal. A lead puts the end of a slot
// into the middle of a small device.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import type { Phase, PhaseName } from '../../host/storm/phase.ts';
import { Rig } from '../../host/storm/rig.ts';
import { bankShape, type Device, dynamicDevice } from '../../host/syscall/device.ts';
import { ALIGNS, type AlignName, GIB, MIB, PAGE_BYTES } from '../../host/units.ts';
import { Banks } from '../../host/wasm/banks.ts';
import { type OpName, OpStream } from '../../host/wasm/ops.ts';
import { SLOT_BYTES } from '../../host/wasm/slices.ts';

const PROCESSES = 3;

/** The device in banks cut after its first `headBytes`, or in one bank. */
function banksOf(device: Device, headBytes: number, banks: 'one' | 'several'): Banks {
  const leadBytes = (SLOT_BYTES - headBytes) % SLOT_BYTES;
  return new Banks(bankShape(device, PROCESSES, true), 0, { leadBytes, banks });
}

function rigOf(kernel: KernelId, phases: readonly Phase[], device: Device, banks: Banks): Rig {
  const side = { name: kernel, kernel, kind: 'counted', overlap: 'natural' } as const;
  return new Rig(side, device, phases, banks);
}

type Op = readonly [name: OpName, page: number, times: number];

function phase(name: PhaseName, ops: readonly Op[], unitPages: number): Phase {
  const stream = new OpStream();
  for (const [op, page, times] of ops) stream.push(op, 0, page, times, unitPages);
  return { name, stream, operations: ops.length };
}

/** Everything that can be seen from outside, after all phases. */
function outcome(rig: Rig) {
  rig.takeBank();
  const counts = rig
    .count()
    .map(({ phase: { name }, events, failed }) => ({ name, events, failed }));
  const { machine } = rig;
  return {
    counts,
    tables: machine.liveTables(),
    warnings: machine.warnings(),
    held: machine.held(),
    zeroPuts: machine.zeroPuts,
    violation: machine.violation()?.replace(/ at .*/, ''),
  };
}

function expectEqual(
  kernel: KernelId,
  device: Device,
  headBytes: number,
  phases: readonly Phase[],
) {
  const one = banksOf(device, headBytes, 'one');
  const several = banksOf(device, headBytes, 'several');
  expect(several.all.length).toBeGreaterThan(1);
  const whole = outcome(rigOf(kernel, phases, device, one));
  expect(outcome(rigOf(kernel, phases, device, several))).toEqual(whole);
  return whole;
}

/** 4K, 2M and 1G devices whose cut falls on no power of two. */
const CASES: readonly (readonly [
  align: AlignName,
  units: number,
  headUnits: number,
  ranges: number,
])[] = [
  ['4K', 24_576, 9_216, 1],
  ['4K', 24_576, 9_216, 3],
  ['2M', 96, 37, 1],
  ['2M', 96, 37, 2],
  ['1G', 24, 7, 1],
  ['1G', 24, 7, 4],
];

/** What a storm can do to a device, across the cut wherever an operation has a length. */
function phasesOver(device: Device, headUnits: number): readonly Phase[] {
  const units = device.sizeBytes / device.unitBytes;
  const pages = device.unitBytes / PAGE_BYTES;
  const cut = headUnits * pages;
  // 4K ends of huge folios are cut too; a call of 200 pages is across it.
  const calls = [cut - 100, cut - 1, 0, cut];
  const got = (name: OpName): readonly Op[] => calls.map((page) => [name, page, 200] as const);
  const all = (name: OpName): readonly Op[] => [[name, 0, units]];
  const control = (phase: Phase, steps: NonNullable<Phase['control']>): Phase => ({
    ...phase,
    control: steps,
  });
  return [
    phase('fault', all('faultWrite'), pages),
    phase('pin', got('pinWrite'), 1),
    phase('unpin', got('unpin'), 1),
    phase('dontneed', all('dontneed'), pages),
    // Nothing is mapped: GUP-fast stops before the cut, and the slow path goes over it.
    phase('get', [['getRead', cut - 100, 200]], 1),
    phase('put', [['put', cut - 100, 200]], 1),
    phase('dontneed', [['dontneed', cut - pages, 2]], pages),
    phase('pin', [['pinLongtermSlowWrite', cut - 100, 200]], 1),
    phase('unpin', [['unpin', cut - 100, 200]], 1),
    phase('munmap', all('munmap'), pages),
    phase('populate', all('populateWrite'), pages),
    control(phase('mprotect', all('protect'), pages), [
      { do: 'fork', process: 0, child: 1 },
      { do: 'protect', process: 0, protection: { read: true, write: false, exec: false } },
    ]),
    phase('touch', all('touchRead'), 1),
    control(phase('munmap', [...all('munmap')], pages), [{ do: 'spawn', process: 2 }]),
    phase('populate', all('populateRead'), pages),
  ];
}

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(CASES)('%s units, %i of them, cut after %i, %i ranges: equal counts', (...values) => {
    const [align, units, headUnits, ranges] = values;
    const device = dynamicDevice(align, units * ALIGNS[align], 'mem', ranges);
    const phases = phasesOver(device, headUnits);
    const { counts, held, violation } = expectEqual(
      kernel,
      device,
      headUnits * ALIGNS[align],
      phases,
    );
    expect(counts.map(({ failed }) => failed)).toEqual(phases.map(() => 0));
    expect(held.length).toBeGreaterThan(kernel === 'devmap' ? -1 : 0);
    expect(violation).toBeUndefined();
  });

  test('slots of a real size: 1.5 TiB of 1G units', () => {
    const device = dynamicDevice('1G', 1536 * GIB);
    // Populate goes page by page in devmap: hundreds of millions of them.
    const phases = phasesOver(device, 511).filter(({ name }) => name !== 'populate');
    expect(expectEqual(kernel, device, 511 * GIB, phases).violation).toBeUndefined();
  });

  test('any stream', () => {
    const names: readonly OpName[] = [
      'faultWrite',
      'touchRead',
      'dontneed',
      'populateWrite',
      'munmap',
    ];
    const device = dynamicDevice('4K', 24 * MIB);
    const units = device.sizeBytes / PAGE_BYTES;
    const op = fc
      .tuple(fc.constantFrom(...names), fc.nat(units - 1), fc.integer({ min: 1, max: units }))
      .map(([name, page, times]): Op => [name, page, Math.min(times, units - page)]);
    fc.assert(
      fc.property(
        fc.array(fc.array(op, { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
        (streams) => {
          const phases = streams.map((ops) => phase('fault', ops, 1));
          expectEqual(kernel, device, 10 * MIB, phases);
        },
      ),
      { numRuns: 100, seed: 5 },
    );
  });
});

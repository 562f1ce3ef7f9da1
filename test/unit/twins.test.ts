// Counted and timed builds of one kernel leave the same machine behind after the same op stream, in
// either record format.
import { beforeAll, describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGN_NAMES, ALIGNS } from '../../host/units.ts';
import { RECORD_FORMATS } from '../../host/wasm/bank.ts';
import { Banks } from '../../host/wasm/banks.ts';
import type { BuildKind, Overlap } from '../../host/wasm/core.ts';
import { countedBuild } from '../../host/wasm/made.ts';

const SIDES = KERNEL_IDS.flatMap((kernel) =>
  RECORD_FORMATS.map((records) => ({ kernel, records })),
);

describe.each(SIDES)('$kernel $records', ({ kernel, records }) => {
  let made: string | undefined;
  beforeAll(async () => {
    made = await countedBuild(kernel, records);
  }, 300_000);

  test.each(ALIGN_NAMES)('%s: counted = timed, with every overlap, after every phase', (align) => {
    const sizeBytes = ALIGNS[align] * (align === '4K' ? 3072 : 6);
    const scenario = makeScenario({
      align,
      sizeBytes,
      pattern: 'uniform',
      seed: 11,
      pinPages: 300,
      records,
    });
    const device = scenarioDevice(scenario);
    const phases = stormPhases(scenario, device);
    const shape = { ...device, pages: sizeBytes / 4096, processes: 1, stamps: true };
    const hashes = (kind: BuildKind, overlap: Overlap): readonly string[] => {
      const wasm = kind === 'counted' && made ? { wasm: made } : {};
      const system = new System({ kernel, kind, device, banks: new Banks(shape), ...wasm });
      const protection = { read: true, write: true, exec: false };
      mmap(system.createProcess(), { lengthBytes: BigInt(sizeBytes), protection });
      return phases.map(({ stream }) => {
        expect(system.machine.run(stream, overlap).failed).toBe(0);
        return system.machine.stateHash();
      });
    };
    const counted = hashes('counted', 'natural');
    expect(hashes('timed', 'none')).toEqual(counted);
    expect(hashes('timed', 'natural')).toEqual(counted);
    expect(hashes('timed', 'batched')).toEqual(counted);
    // Four phases, four different states: the hash sees something. But where every pin goes the slow
    // way to a huge leaf, no page is marked, and giving it back leaves the state before.
    const marks = kernel !== 'refcount-6.15' || align === '4K';
    expect(new Set(counted).size).toBe(phases.length - (marks ? 0 : 1));
  });
});

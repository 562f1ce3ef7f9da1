// A run moves a device about in its bank from one pair of turns to the next: wherever it lies, the
// same storm does the same to it, and writes nothing below it.
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { bankShape } from '../../host/syscall/device.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGN_NAMES, ALIGNS, KIB } from '../../host/units.ts';
import { Banks } from '../../host/wasm/banks.ts';

/** So little that places overlap: the locks of one lie on the struct pages of another. */
const ROOM_BYTES = 64 * KIB;
const GUARD_BYTES = 4096;
const GUARD = 0x5a;

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(ALIGN_NAMES)('%s: the same events and struct pages in every place', (align) => {
    const sizeBytes = ALIGNS[align] * (align === '4K' ? 1536 : 5);
    const scenario = makeScenario({ align, sizeBytes, pinPages: 300 });
    const device = scenarioDevice(scenario);
    const phases = stormPhases(scenario, device);
    const banks = new Banks(bankShape(device, 1, true), ROOM_BYTES);
    const bank = banks.first;
    const system = new System({ kernel, kind: 'counted', device, banks });
    const { machine } = system;
    const random = seededRandom(7);
    const places = new Set<number>();
    const seen = new Set<string>();
    for (let turn = 0; turn < 12; turn++) {
      bank.place(random);
      places.add(bank.records);
      const below = new Uint8Array(bank.memory.buffer, bank.arena - GUARD_BYTES, GUARD_BYTES);
      below.fill(GUARD);
      system.boot();
      const protection = { read: true, write: true, exec: false };
      mmap(system.createProcess(), { lengthBytes: BigInt(sizeBytes), protection });
      for (const { stream } of phases.slice(0, 2)) {
        expect(machine.run(stream, 'natural').failed).toBe(0);
      }
      const heads = Array.from({ length: 5 }, (_, unit) => (unit * device.unitBytes) / 4096);
      const pages = heads.flatMap((head) => [head, head + 1].map((page) => machine.page(page)));
      seen.add(inspect([machine.events(), pages], { depth: 4 }));
      // Pins are outstanding, which no invariant knows of; they go before the check.
      for (const { stream } of phases.slice(2)) machine.run(stream, 'natural');
      expect(machine.violation()).toBeUndefined();
      expect(below.every((byte) => byte === GUARD)).toBe(true);
    }
    expect(places.size).toBeGreaterThan(1);
    expect(seen.size).toBe(1);
  });
});

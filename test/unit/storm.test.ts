// Patterns, op streams, scenarios and the paired runner.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { PATTERNS, unitOrder } from '../../host/storm/pattern.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { Rig } from '../../host/storm/rig.ts';
import { runPaired } from '../../host/storm/runner.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { MIB } from '../../host/units.ts';
import { OP_TIMES_MAX, OpStream } from '../../host/wasm/ops.ts';

describe('patterns', () => {
  test('each visits every unit exactly once, whatever the sizes', () => {
    const sizes = fc.record({
      pattern: fc.constantFrom(...PATTERNS),
      units: fc.integer({ min: 1, max: 500 }),
      stride: fc.integer({ min: 1, max: 600 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(sizes, ({ pattern, units, stride, seed }) => {
        const order = unitOrder(pattern, units, stride, seed);
        expect(Uint32Array.from(order).sort()).toEqual(
          Uint32Array.from({ length: units }, (_, i) => i),
        );
      }),
      { seed: 42 },
    );
  });

  test('strided goes in steps, uniform by seed', () => {
    expect([...unitOrder('strided', 7, 3, 0)]).toEqual([0, 3, 6, 1, 4, 2, 5]);
    expect(unitOrder('uniform', 50, 1, 1)).toEqual(unitOrder('uniform', 50, 1, 1));
    expect(unitOrder('uniform', 50, 1, 1)).not.toEqual(unitOrder('uniform', 50, 1, 2));
  });
});

describe('op stream', () => {
  test('a run longer than one operation holds is split, and goes on where it ended', () => {
    const stream = new OpStream();
    stream.push('faultWrite', 3, 10, OP_TIMES_MAX + 5, 512);
    expect(stream.length).toBe(2);
    const [, , secondPage, secondHigh] = stream.words();
    expect(secondPage).toBe(10 + OP_TIMES_MAX * 512);
    expect((secondHigh as number) & 0xfffff).toBe(4);
  });

  test('its hash names the workload', () => {
    const make = (page: number): string => {
      const stream = new OpStream();
      for (let i = 0; i < 200; i++) stream.push('touchRead', 0, page + i);
      return stream.hash();
    };
    expect(make(0)).toBe(make(0));
    expect(make(0)).not.toBe(make(1));
  });
});

describe('scenarios', () => {
  test.each([
    [{ align: '2M', sizeBytes: 3 * MIB }, 'E_DEVICE_SIZE'],
    [{ align: '2M', sizeBytes: 0 }, 'E_STORM'],
    [{ align: '4K', sizeBytes: 4096, pinPages: -1 }, 'E_STORM'],
    [{ align: '4K', sizeBytes: 4096, seed: 2 ** 31 }, 'E_STORM'],
    [{ align: '4K', sizeBytes: 4096, wat: 1 }, 'E_STORM'],
  ] as const)('%o is refused with %s', (fields, code) => {
    let seen: unknown;
    try {
      scenarioDevice(makeScenario(fields));
    } catch (error) {
      seen = DaxError.is(error) && error.code;
    }
    expect(seen).toBe(code);
  });

  test('no pins asked for, no pin phase; never more pages than the device has', () => {
    const phases = (pinPages: number, sizeBytes: number) => {
      const scenario = makeScenario({ align: '4K', sizeBytes, pinPages });
      return stormPhases(scenario, scenarioDevice(scenario)).map((phase) => phase.name);
    };
    expect(phases(0, MIB)).toEqual(['fault', 'munmap']);
    expect(phases(512, MIB)).toEqual(['fault', 'pin', 'unpin', 'munmap']);
  });
});

describe('paired runner', () => {
  const scenario = makeScenario({ align: '2M', sizeBytes: 64 * MIB, pinPages: 512 });
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);

  test('measures every phase on both rigs, in pairs, on one bank', async () => {
    const base = new Rig('devmap', 'timed', device, phases);
    const other = new Rig('refcount', 'timed', device, phases, base.bank);
    const run = await runPaired(base, other, { seconds: 0.05, overlap: 'none', seed: 3 });
    expect(run.phases.map((phase) => phase.name)).toEqual(['fault', 'pin', 'unpin', 'munmap']);
    expect(run.pairs).toBeGreaterThanOrEqual(6);
    for (const { baseNs, otherNs, ratio } of run.phases) {
      expect(baseNs).toBeGreaterThan(0);
      expect(otherNs).toBeGreaterThan(0);
      expect(ratio.low).toBeLessThanOrEqual(ratio.value);
      expect(ratio.high).toBeGreaterThanOrEqual(ratio.value);
    }
  });

  test('stops after the block in hand when asked', async () => {
    const base = new Rig('devmap', 'timed', device, phases);
    const other = new Rig('refcount', 'timed', device, phases, base.bank);
    const controller = new AbortController();
    const onPairs = (): void => controller.abort();
    const { signal } = controller;
    const run = await runPaired(base, other, {
      seconds: 60,
      overlap: 'none',
      seed: 3,
      signal,
      onPairs,
    });
    expect(run.interrupted).toBe(true);
    expect(run.pairs).toBe(2);
  });
});

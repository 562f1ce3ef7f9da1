// Patterns, op streams, scenarios and the runner of several sides.
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { contrast } from '../../host/measure/samples.ts';
import { ORDERS, unitOrder } from '../../host/storm/pattern.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { Rig, type Side } from '../../host/storm/rig.ts';
import { runSides } from '../../host/storm/runner.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { MIB } from '../../host/units.ts';
import { OP_TIMES_MAX, OpStream } from '../../host/wasm/ops.ts';

const takeBankOf = Rig.prototype.takeBank;

describe('patterns', () => {
  test('each order visits every unit exactly once, whatever the sizes', () => {
    const sizes = fc.record({
      pattern: fc.constantFrom(...ORDERS),
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
    expect(phases(0, 2 * MIB)).toEqual(['fault', 'munmap']);
    expect(phases(512, 2 * MIB)).toEqual(['fault', 'pin', 'unpin', 'munmap']);
  });
});

describe('runner', () => {
  const scenario = makeScenario({ align: '2M', sizeBytes: 64 * MIB, pinPages: 512 });
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);
  const sides: readonly Side[] = [
    { name: 'devmap', kernel: 'devmap', kind: 'timed', overlap: 'none' },
    { name: 'refcount', kernel: 'refcount', kind: 'timed', overlap: 'none' },
    { name: 'twin', kernel: 'devmap', kind: 'timed', overlap: 'natural' },
  ];

  test('measures every phase on every side, in turns, in several places', async () => {
    const samples = await runSides(device, phases, sides, { seconds: 0.05, seed: 3 });
    expect(samples.sides).toEqual(['devmap', 'refcount', 'twin']);
    expect(samples.placements.length).toBeGreaterThanOrEqual(5);
    for (const turn of samples.placements.flat()) {
      expect(turn).toHaveLength(3);
      for (const phaseNs of turn) {
        expect(phaseNs).toHaveLength(phases.length);
        expect(Math.min(...phaseNs)).toBeGreaterThan(0);
      }
    }
    const pin = contrast(samples, 'devmap', 'refcount', 1, 3);
    // 512 page grabs against one: no noise hides that.
    expect(pin?.ratio.high).toBeLessThan(1);
    expect(pin?.ratio.low).toBeLessThanOrEqual(pin?.ratio.value ?? 0);
    expect(pin?.p).toBeLessThan(0.05);
  });

  test('the same seed draws the same order of turns', async () => {
    const seen: string[][] = [];
    for (const seed of [1, 1, 2]) {
      const order: string[] = [];
      const takeBank = vi.spyOn(Rig.prototype, 'takeBank').mockImplementation(function (this: Rig) {
        order.push(this.side.name);
        takeBankOf.call(this);
      });
      await runSides(device, phases, sides, { seconds: 0.001, seed });
      takeBank.mockRestore();
      seen.push(order.slice(-12));
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[0]);
  });

  test('stops after the blocks in hand when asked', async () => {
    const controller = new AbortController();
    const samples = await runSides(device, phases, sides, {
      seconds: 60,
      seed: 3,
      signal: controller.signal,
      onTurns: () => controller.abort(),
    });
    expect(samples.interrupted).toBe(true);
    expect(samples.placements.flat()).toHaveLength(2);
    expect(contrast(samples, 'devmap', 'twin', 0, 1)).toBeDefined();
  });

  test('nothing measured, nothing claimed', async () => {
    const signal = AbortSignal.abort();
    const samples = await runSides(device, phases, sides, { seconds: 1, seed: 1, signal });
    expect(contrast(samples, 'devmap', 'refcount', 0, 1)).toBeUndefined();
  });
});

// Patterns that revisit units, against the exact distributions; counts of storms that use them.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countPhases } from '../../host/compare/counts.ts';
import { COMPARED } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import {
  countUnits,
  popularity,
  REVISITS,
  touchedUnits,
  unitTouches,
} from '../../host/storm/pattern.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { zipfRanks } from '../../host/storm/zipf.ts';
import { MIB } from '../../host/units.ts';

const SKEW = { exponent: 0.99, hotShare: 0.9 };

/** Pearson's statistic of observed counts against expected ones. */
function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, seen, i) => {
    const wanted = expected[i] as number;
    return sum + (seen - wanted) ** 2 / wanted;
  }, 0);
}

/**
 * What Pearson's statistic exceeds with a probability of 1e-5 (Wilson and Hilferty's cube-root
 * approximation). The seeds are fixed, so a right sampler never fails.
 */
function criticalChiSquare(degrees: number): number {
  const z = 4.2649;
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + z * Math.sqrt(spread)) ** 3;
}

describe('zipf', () => {
  const DRAWS = 200_000;

  test.each([0, 0.5, 0.99, 1, 1.2, 3, 10])('exponent %f has the exact distribution', (exponent) => {
    const ranks = 50;
    const weights = Array.from({ length: ranks }, (_, i) => (i + 1) ** -exponent);
    const whole = weights.reduce((sum, each) => sum + each);
    const next = zipfRanks(ranks, exponent, seededRandom(11));
    const counts = new Array<number>(ranks).fill(0);
    for (let i = 0; i < DRAWS; i++) {
      const at = next() - 1;
      counts[at] = (counts[at] as number) + 1;
    }
    // Pearson's test wants at least 5 expected in a class: the tail is one.
    const expected = weights.map((each) => (each / whole) * DRAWS);
    const tail = expected.findIndex((each) => each < 20);
    const cut = tail < 0 ? ranks : tail;
    const fold = (values: readonly number[]) => {
      const rest = values.slice(cut).reduce((sum, each) => sum + each, 0);
      return rest >= 5 ? [...values.slice(0, cut), rest] : values.slice(0, cut);
    };
    const wanted = fold(expected);
    const observed = fold(counts).slice(0, wanted.length);
    expect(chiSquare(observed, wanted)).toBeLessThan(
      criticalChiSquare(Math.max(1, wanted.length - 1)),
    );
  });

  test('of a hundred million ranks each draw is one of them, and the head weighs what it must', () => {
    const ranks = 100_000_000;
    const next = zipfRanks(ranks, 1, seededRandom(3));
    let [head, bad] = [0, 0];
    for (let i = 0; i < DRAWS; i++) {
      const rank = next();
      if (!(rank >= 1 && rank <= ranks && Number.isInteger(rank))) bad += 1;
      if (rank <= 1000) head += 1;
    }
    expect(bad).toBe(0);
    // Harmonic numbers: H(1000) ÷ H(1e8).
    expect(head / DRAWS).toBeCloseTo(7.485470860550345 / 18.997896413853898, 2);
  });
});

describe('patterns that revisit', () => {
  test('every touch is of a unit; the same seed, the same touches', () => {
    const sizes = fc.record({
      pattern: fc.constantFrom(...REVISITS),
      units: fc.integer({ min: 1, max: 400 }),
      touches: fc.integer({ min: 0, max: 600 }),
      exponent: fc.double({ min: 0, max: 10, noNaN: true }),
      hotShare: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(sizes, ({ pattern, units, touches, seed, ...skew }) => {
        const popular = popularity(units, seed);
        const order = unitTouches(pattern, popular, touches, skew, seed);
        expect(order).toHaveLength(touches);
        expect(Math.max(0, ...order)).toBeLessThan(units);
        expect(unitTouches(pattern, popular, touches, skew, seed)).toEqual(order);
        expect(countUnits(touchedUnits(order, units))).toBe(new Set(order).size);
      }),
      { seed: 42 },
    );
  });

  test.each([0, 0.5, 0.9, 1])('hotPage sends %f of the touches to one unit', (hotShare) => {
    const [units, touches] = [100, 100_000];
    const order = unitTouches('hotPage', popularity(units, 5), touches, { ...SKEW, hotShare }, 5);
    const counts = new Array<number>(units).fill(0);
    for (const unit of order) counts[unit] = (counts[unit] as number) + 1;
    const most = Math.max(...counts) / touches;
    expect(most).toBeCloseTo(hotShare + (1 - hotShare) / units, 2);
  });

  test('popular units are scattered, and where depends on the seed', () => {
    const hottest = (seed: number): number => {
      const counts = new Map<number, number>();
      for (const unit of unitTouches('zipf', popularity(1000, seed), 20_000, SKEW, 1)) {
        counts.set(unit, (counts.get(unit) ?? 0) + 1);
      }
      return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? -1;
    };
    expect(new Set([hottest(1), hottest(2), hottest(3)]).size).toBe(3);
  });
});

describe('storms that revisit', () => {
  test.each(REVISITS)(
    '%s: touches are counted as first faults and others, on both kernels',
    (pattern) => {
      const scenario = makeScenario({ align: '4K', sizeBytes: 16 * MIB, pattern, touches: 5000 });
      const device = scenarioDevice(scenario);
      const phases = stormPhases(scenario, device);
      const counts = countPhases(device, phases, COMPARED);
      const [touch] = phases;
      expect(touch?.name).toBe('touch');
      expect(touch?.operations).toBe(5000);
      for (const kernel of ['devmap', 'refcount'] as const) {
        const faults = counts.get('touch')?.[kernel].events.faultMinor;
        expect(faults).toBe(touch?.touches?.first);
        expect((touch?.touches?.first ?? 0) + (touch?.touches?.mapped ?? 0)).toBe(5000);
        // Pins fault in what was never touched, and munmap's operations are the leaves it clears.
        expect(counts.get('pin')?.[kernel].failed).toBe(0);
        const unmapped = counts.get('munmap')?.[kernel];
        expect(unmapped?.events.leafClear).toBe(unmapped?.operations);
      }
    },
  );
});

import { describe, expect, test } from 'vitest';
import { weigh } from '../../host/measure/breakEven.ts';
import { bootstrapMedian, median, quantile, ratioOfPairs } from '../../host/measure/stats.ts';
import { seededRandom } from '../../host/random.ts';

describe('median and quantile', () => {
  test.each([
    [[3], 3],
    [[1, 2], 1.5],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])('median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

  test('quantiles interpolate', () => {
    const sorted = Float64Array.of(0, 10, 20, 30);
    expect([0, 0.5, 1, 0.25].map((q) => quantile(sorted, q))).toEqual([0, 15, 30, 7.5]);
  });
});

describe('bootstrap of the median', () => {
  test('is the same for the same seed, and another for another', () => {
    const values = Array.from({ length: 30 }, (_, i) => (Math.sin(i * 12.9898) * 43758.5453) % 1);
    expect(bootstrapMedian(values, 5)).toEqual(bootstrapMedian(values, 5));
    expect(bootstrapMedian(values, 5)).not.toEqual(bootstrapMedian(values, 6));
  });

  test('its 95 % interval covers the true median about that often', () => {
    const random = seededRandom(7);
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const sample = Array.from({ length: 25 }, () => random.below(1_000_001) / 1_000_000);
      const { low, high } = bootstrapMedian(sample, trial);
      if (low <= 0.5 && high >= 0.5) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThan(200);
  });
});

describe('ratio of pairs', () => {
  test('pairs cancel what both sides share', () => {
    const base = [10, 20, 40, 80, 10, 20, 30];
    const { value, low, high } = ratioOfPairs(
      base,
      base.map((ns) => ns * 1.25),
      1,
    );
    for (const bound of [value, low, high]) expect(bound).toBeCloseTo(1.25, 12);
  });

  test('turning the sides round inverts the ratio', () => {
    const base = [10, 11, 12, 13, 14];
    const other = [20, 25, 21, 30, 27];
    expect(ratioOfPairs(base, other, 1).value * ratioOfPairs(other, base, 1).value).toBeCloseTo(
      1,
      12,
    );
  });
});

describe('break-even', () => {
  test.each([
    [
      'mapping dearer, pins cheaper',
      { devmap: 100, refcount: 140 },
      { devmap: 50, refcount: 30 },
      2,
    ],
    ['mapping no dearer', { devmap: 100, refcount: 90 }, { devmap: 50, refcount: 30 }, 0],
    ['both dearer: never', { devmap: 1, refcount: 2 }, { devmap: 3, refcount: 3 }, undefined],
  ])('%s', (_, mapping, pinning, pins) => expect(weigh(mapping, pinning).pins).toBe(pins));
});

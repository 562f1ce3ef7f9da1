import { describe, expect, test } from 'vitest';
import { nestedEstimate } from '../../host/measure/bootstrap.ts';
import { weigh } from '../../host/measure/breakEven.ts';
import { hodgesLehmann } from '../../host/measure/hodgesLehmann.ts';
import { median, normalTail, quantile } from '../../host/measure/stats.ts';
import { mannKendall } from '../../host/measure/trend.ts';
import { holm, signedRank } from '../../host/measure/wilcoxon.ts';
import { seededRandom } from '../../host/random.ts';
// What scipy, numpy and statsmodels (versions within) make of the same values.
import SCIPY from './stats.scipy.json' with { type: 'json' };

/** Hamilton depression scale, before less after, nine patients. */
const DEPRESSION = [0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, 0.01];

/** Differences of n distinct sizes, of which positive ones have this sum of ranks. */
function withSum(n: number, sum: number): number[] {
  let left = sum;
  return Array.from({ length: n }, (_, i) => {
    const rank = n - i;
    if (rank > left) return -rank;
    left -= rank;
    return rank;
  });
}

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

describe('Hodges-Lehmann', () => {
  const hl = (values: readonly number[]): number => hodgesLehmann(Float64Array.from(values).sort());

  test.each(SCIPY.signedRank.map(({ values }, i) => [values.length, values, i] as const))(
    '%d values: the median of all Walsh averages, as numpy has it',
    (_, values, i) => expect(hl(values)).toBeCloseTo(SCIPY.hodgesLehmann[i] as number, 9),
  );

  test('Hollander and Wolfe, table 3.1: depression before and after, estimate 0.46', () => {
    expect(hl(DEPRESSION)).toBeCloseTo(0.46, 12);
  });

  test('a quarter of wild values move it little', () => {
    const calm = Array.from({ length: 30 }, (_, i) => 1 + (i % 7) / 100);
    const wild = calm.map((value, i) => (i % 4 === 0 ? value * 1000 : value));
    expect(hl(wild)).toBeLessThan(1.06);
  });
});

describe('Wilcoxon signed-rank', () => {
  test.each(SCIPY.signedRank.map((row) => [row.values.length, row] as const))(
    '%d differences: as scipy',
    (_, { values, positive, p }) => {
      const result = signedRank(values);
      expect(result.positive).toBe(positive);
      expect(result.p).toBeCloseTo(p, 6);
    },
  );

  // Largest sum of the rarer sign at which the two-sided test still rejects at 0.05.
  test.each([
    [6, 0],
    [8, 3],
    [10, 8],
    [15, 25],
    [20, 52],
    [25, 89],
    [30, 137],
    [50, 434],
  ])('published critical value: n = %d, 5 %% two-sided, %d', (n, critical) => {
    expect(signedRank(withSum(n, critical)).p).toBeLessThanOrEqual(0.05);
    expect(signedRank(withSum(n, critical + 1)).p).toBeGreaterThan(0.05);
  });

  test('Hollander and Wolfe, table 3.1: sum 40, p 0.039', () => {
    const { positive, p } = signedRank(DEPRESSION);
    expect(positive).toBe(40);
    expect(p).toBeCloseTo(0.0390625, 12);
  });

  test('differences of 0 say nothing', () => {
    expect(signedRank([0, 0])).toEqual({ positive: 0, differences: 0, p: 1 });
  });
});

describe('Holm', () => {
  test.each(SCIPY.holm)('as statsmodels: %o', ({ p, adjusted }) => {
    holm(p).forEach((value, i) => {
      expect(value).toBeCloseTo(adjusted[i] as number, 12);
    });
  });
});

describe('Mann-Kendall', () => {
  test.each(SCIPY.kendall)('S of $values.length values, as scipy has tau', ({ values, s }) => {
    expect(mannKendall(values).s).toBe(s);
  });

  test('a strict rise of ten: S 45, z 44/√125', () => {
    const { s, p } = mannKendall([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(s).toBe(45);
    expect(p).toBeCloseTo(2 * normalTail(44 / Math.sqrt(125)), 12);
    expect(p).toBeLessThan(0.0002);
  });

  test('no trend in what does not change, or alternates', () => {
    expect(mannKendall([3, 3, 3]).p).toBe(1);
    expect(mannKendall([1, 2, 1, 2, 1, 2, 1, 2]).p).toBeGreaterThan(0.3);
  });
});

describe('normal tail', () => {
  test.each([
    [0, 0.5],
    [1.2815515655, 0.1],
    [1.959963985, 0.025],
    [-1.959963985, 0.975],
    [3.090232306, 0.001],
  ])('P(Z > %d) = %d', (z, p) => expect(normalTail(z)).toBeCloseTo(p, 6));
});

/** Values around `truth` in groups that share an offset, as pairs of a placement do. */
function grouped(truth: number, groups: number, each: number, seed: number): number[][] {
  const random = seededRandom(seed);
  // Sums of four uniforms: near enough to normal, variance 1/3.
  const noise = (): number =>
    Array.from({ length: 4 }, () => random.below(1_000_001) / 1e6 - 0.5).reduce((a, b) => a + b);
  return Array.from({ length: groups }, () => {
    const offset = 0.05 * noise();
    return Array.from({ length: each }, () => truth + offset + 0.1 * noise());
  });
}

describe('nested bootstrap', () => {
  test('is the same for the same seed, and another for another', () => {
    const groups = grouped(1, 5, 12, 1);
    expect(nestedEstimate(groups, 5)).toEqual(nestedEstimate(groups, 5));
    expect(nestedEstimate(groups, 5)).not.toEqual(nestedEstimate(groups, 6));
  });

  test('its 95 % interval covers the truth about that often, though groups differ', () => {
    let covered = 0;
    for (let trial = 0; trial < 100; trial++) {
      const { low, high } = nestedEstimate(grouped(1, 5, 12, trial + 100), trial);
      if (low <= 1 && high >= 1) covered += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(86);
    expect(covered).toBeLessThan(100);
  });

  test('groups taken as one would be too sure', () => {
    const groups = grouped(1, 5, 40, 3);
    const nested = nestedEstimate(groups, 1);
    const flat = nestedEstimate([groups.flat()], 1);
    expect(nested.high - nested.low).toBeGreaterThan(1.2 * (flat.high - flat.low));
    expect(nested.value).toBe(flat.value);
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

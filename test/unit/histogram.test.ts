// Latency histograms: bucket arithmetic of the host and of the core, percentiles, whole measurements.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measureLatency } from '../../host/measure/latency.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { bankShape } from '../../host/syscall/device.ts';
import { MIB } from '../../host/units.ts';
import { Bank } from '../../host/wasm/bank.ts';
import {
  addHistograms,
  BUCKET_ERROR,
  BUCKETS,
  bucketBounds,
  bucketOf,
  clearHistogram,
  EMPTY_HISTOGRAM,
  type Histogram,
  operationsIn,
  percentileNs,
  readHistogram,
} from '../../host/wasm/histogram.ts';
import { makeBuild, STEPS_ALL } from '../../host/wasm/made.ts';

/** From here on everything is in the last bucket. */
const LIMIT_NS = 2 ** 36;
const nanoseconds = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.double({ min: 0, max: LIMIT_NS - 1, noNaN: true }).map(Math.floor),
);

function histogramOf(samples: readonly number[]): Histogram {
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const ns of samples) counts[bucketOf(ns)] = (counts[bucketOf(ns)] as number) + 1;
  return { counts, maxNs: Math.max(...samples) };
}

describe('buckets', () => {
  test('every value is in its bucket, which is at most 1/32 of it wide', () => {
    fc.assert(
      fc.property(nanoseconds, (ns) => {
        const { fromNs, belowNs } = bucketBounds(bucketOf(ns));
        expect(fromNs <= ns && ns < belowNs).toBe(true);
        expect(belowNs - fromNs === 1 || (belowNs - fromNs) / fromNs <= BUCKET_ERROR).toBe(true);
      }),
      { seed: 42, numRuns: 2000 },
    );
  });

  test('they adjoin without a gap, from 0 on, and the last takes all that is longer', () => {
    for (let bucket = 0; bucket + 1 < BUCKETS; bucket++) {
      expect(bucketBounds(bucket).belowNs).toBe(bucketBounds(bucket + 1).fromNs);
    }
    expect(bucketBounds(0).fromNs).toBe(0);
    expect(bucketBounds(BUCKETS - 1).belowNs).toBe(LIMIT_NS);
    expect([LIMIT_NS, LIMIT_NS * 1000].map(bucketOf)).toEqual([BUCKETS - 1, BUCKETS - 1]);
  });
});

describe('percentiles', () => {
  test('never below the sorted sample of that rank, at most 1/32 above it', () => {
    const samples = fc.array(nanoseconds, { minLength: 1, maxLength: 300 });
    const share = fc.constantFrom(0.5, 0.9, 0.99, 0.999, 0.9999, 1);
    fc.assert(
      fc.property(samples, share, (values, p) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(p * sorted.length) - 1] as number;
        const found = percentileNs(histogramOf(values), p);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact * (1 + BUCKET_ERROR));
        expect(found).toBeLessThanOrEqual(sorted.at(-1) as number);
      }),
      { seed: 42, numRuns: 1000 },
    );
  });

  test('two histograms are one of both samples; of nothing there is none', () => {
    const both = addHistograms(histogramOf([5, 70]), histogramOf([70, 900]));
    expect(both).toEqual(histogramOf([5, 70, 70, 900]));
    expect(percentileNs(EMPTY_HISTOGRAM, 0.5)).toBeNaN();
  });
});

const BUILD = { kernel: 'refcount', detail: 'pages', percpu: 'plain', histogram: true } as const;

describe('the core', () => {
  test('counts in the same buckets, from a clock that a test sets', async () => {
    const name = await makeBuild({ ...BUILD, steps: STEPS_ALL });
    const bytes = readFileSync(join(PACKAGE_ROOT, 'dist', 'wasm', `${name}.wasm`));
    const scenario = makeScenario({ align: '4K', sizeBytes: 2 * MIB });
    const bank = new Bank(bankShape(scenarioDevice(scenario), 1, false));
    // Half a nanosecond beyond each whole one, so that no rounding of milliseconds matters.
    const laps = fc
      .sample(nanoseconds, { seed: 7, numRuns: 500 })
      .concat([63, 64, 127, 128, 2 ** 37]);
    const readings = [0];
    for (const ns of laps) {
      const last = readings.at(-1) as number;
      // The clock is read before and after what the core does with a lap.
      readings.push(last + (ns + 0.5) / 1e6, 0);
    }
    let read = 0;
    const abort = (): void => {
      throw new Error('abort');
    };
    // Each lap begins at 0 again: no digit is lost to what came before.
    const clock = (): number => readings[read++] as number;
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory: bank.memory, clock, abort },
    });
    clearHistogram(bank);
    (exports['timeLaps'] as (laps: number) => void)(laps.length);
    expect(read).toBe(readings.length);
    const found = readHistogram(bank);
    expect(found.counts).toEqual(histogramOf(laps).counts);
    expect(found.maxNs).toBeCloseTo(2 ** 37 + 0.5, 0);
  });

  test('a build without the switch has no clock', () => {
    const bytes = readFileSync(join(PACKAGE_ROOT, 'dist', 'wasm', 'refcount-timed-line.wasm'));
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(Uint8Array.from(bytes)));
    expect(imports.map(({ name }) => name)).not.toContain('clock');
  });
});

describe('measureLatency', () => {
  test('every operation of every phase is in a row, on both kernels, the clock with it', async () => {
    const scenario = makeScenario({
      align: '4K',
      sizeBytes: 2 * MIB,
      pinPages: 16,
      pinCallsMax: 8,
    });
    const device = scenarioDevice(scenario);
    const phases = stormPhases(scenario, device);
    const { rows, overheadNs, resolutionNs } = await measureLatency(device, phases, scenario, {
      seconds: 0.05,
    });
    expect(rows.map(({ phase, kernel }) => `${phase} ${kernel}`)).toEqual(
      ['fault', 'pin', 'unpin', 'munmap'].flatMap((name) => [`${name} devmap`, `${name} refcount`]),
    );
    const rounds = rows.at(-1)?.operations ?? 0;
    expect(rounds).toBeGreaterThan(0);
    const calls = { fault: 512, pin: 8, unpin: 8, munmap: 1 } as Record<string, number>;
    for (const row of rows) {
      expect(row.operations).toBe((calls[row.phase] as number) * rounds);
      expect(row.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(row.operations);
      const rising = [row.p50Ns, row.p90Ns, row.p99Ns, row.p999Ns, row.p9999Ns, row.maxNs];
      expect(rising).toEqual([...rising].sort((a, b) => a - b));
      expect(row.maxNs).toBeLessThan(row.buckets.at(-1)?.belowNs ?? 0);
    }
    expect(overheadNs).toBeGreaterThan(0);
    expect(resolutionNs).toBeGreaterThan(0);
    expect(operationsIn(EMPTY_HISTOGRAM)).toBe(0);
  });
});

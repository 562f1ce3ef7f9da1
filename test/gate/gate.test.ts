// The layers together: real counts of small scenarios, made-up times.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baselineText, makeBaseline } from '../../host/gate/baseline.ts';
import { standardBenchmarks } from '../../host/gate/benchmarks.ts';
import { type Confirm, doConfirm } from '../../host/gate/confirm.ts';
import { type Cores, ownCores } from '../../host/gate/cores.ts';
import { countCores } from '../../host/gate/counts.ts';
import { type GateOptions, runGate } from '../../host/gate/gate.ts';
import { parseLimits } from '../../host/gate/limits.ts';
import { type Measure, timeCores } from '../../host/gate/timing.ts';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { gateJunit } from '../../host/report/gate/junit.ts';
import { drawSamples, type Weather } from './synthetic.ts';

const BENCHMARKS = standardBenchmarks().filter(({ name }) => name === '1G sequential');
const OWN = ownCores();
const QUIET: Weather = { slower: 0, block: 0.02, place: 0.01 };
const SLOWER: Weather = { ...QUIET, slower: 0.12 };

let folder = '';
let baseline = { file: '', exists: true };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daxstorm-'));
  baseline = { file: join(folder, 'b.json'), exists: true };
  const { counts } = await countCores(BENCHMARKS, OWN);
  writeFileSync(baseline.file, baselineText(makeBaseline(counts, 'first', undefined)));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Times of one weather; the second run in another. */
function options(first: Weather, second: Weather, more: Partial<GateOptions> = {}): GateOptions {
  let clockMs = 0;
  const measure = (weather: Weather): Measure => {
    return async ({ benchmark }, seconds, seed) => {
      clockMs += seconds * 1000;
      return drawSamples(weather, benchmark.phases.length, seconds, seed);
    };
  };
  const now = (): number => clockMs;
  const confirm: Confirm = (job) =>
    timeCores(
      job.duels.map(({ pair }) => ({ benchmark: BENCHMARKS[0] as never, pair })),
      {
        seconds: job.seconds,
        maxSeconds: job.seconds,
        seed: job.seed,
        marginOf: (path) => job.margins[path] as number,
        chosen: (path) => path in job.margins,
        measure: measure(second),
        now,
      },
    );
  return {
    benchmarks: BENCHMARKS,
    traceFile: undefined,
    head: OWN,
    headIsOwn: true,
    base: OWN,
    baseline,
    lenient: false,
    limits: [],
    margins: [],
    filter: [],
    countsOnly: false,
    seed: 1,
    seconds: 8,
    maxSeconds: 12,
    confirm,
    measure: measure(first),
    now,
    ...more,
  };
}

describe('layers', () => {
  test('all equal, all as fast', async () => {
    const { verdict, timing } = await runGate(options(QUIET, QUIET));
    expect(verdict).toBe('ok');
    const rows = typeof timing === 'string' ? [] : timing.rows;
    expect(rows).toHaveLength(4 * KERNEL_IDS.length);
  });

  test('a count that moved: times are not looked at', async () => {
    const limits = parseLimits('rmwRefcount=<1');
    const { verdict, timing } = await runGate(options(SLOWER, SLOWER, { limits }));
    expect([verdict, timing]).toEqual(['regression', 'not run: counts moved']);
  });

  test('slower twice is a regression; slower once is not', async () => {
    expect((await runGate(options(SLOWER, SLOWER))).verdict).toBe('regression');
    expect((await runGate(options(SLOWER, QUIET))).verdict).toBe('inconclusive');
  });

  test('a wider margin bears it, where it is named', async () => {
    const all = [{ name: undefined, share: 0.2 }];
    expect((await runGate(options(SLOWER, SLOWER, { margins: all }))).verdict).toBe('ok');
    const some = [{ name: 'devmap', share: 0.2 }];
    const { timing } = await runGate(options(SLOWER, SLOWER, { margins: some }));
    const rows = typeof timing === 'string' ? [] : timing.rows;
    const slower = rows.filter((row) => row.verdict === 'regression').map(({ path }) => path);
    const others = KERNEL_IDS.filter((kernel) => kernel !== 'devmap');
    expect(new Set(slower.map((path) => path.split('/')[1]))).toEqual(new Set(others));
  });

  test('only what the filter names is timed, and shown of what was counted', async () => {
    const result = await runGate(options(QUIET, QUIET, { filter: ['refcount/fault'] }));
    const rows = typeof result.timing === 'string' ? [] : result.timing.rows;
    expect(rows.map(({ path }) => path)).toEqual(['1G sequential/refcount/fault']);
    const shown = gateJunit(result).match(/name="[^"]+\/[^"]+"/g);
    expect(new Set(shown)).toEqual(new Set(['name="1G sequential/refcount/fault"']));
  });

  test('a kernel that is gone from the build is no false green', async () => {
    const builds = OWN.builds.filter(({ kernel }) => kernel !== 'devmap');
    const head: Cores = { label: 'half', builds };
    await expect(runGate(options(QUIET, QUIET, { head }))).rejects.toThrow(/another scenario set/);
    const part = await runGate(options(QUIET, QUIET, { head, headIsOwn: false }));
    expect(part.verdict).toBe('ok');
  });

  test('interrupted before anything was counted', async () => {
    const signal = AbortSignal.abort();
    const { verdict, counts } = await runGate(options(QUIET, QUIET, { signal }));
    expect([verdict, counts]).toEqual(['interrupted', 'interrupted']);
  });
});

test('a job of a scenario that is not there is no silence', () => {
  const pair = { kernel: 'refcount', base: 'a', head: 'b' } as const;
  const duels = [{ benchmark: 'none', pair }];
  const job = { traceFile: undefined, duels, margins: {}, seconds: 1, seed: 1 };
  expect(() => doConfirm(job, BENCHMARKS)).toThrow('no scenario none');
});

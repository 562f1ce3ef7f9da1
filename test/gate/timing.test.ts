// The clock's half of the gate on made-up samples: no verdict here depends on a real clock.
import { describe, expect, test } from 'vitest';
import { type Confirm, confirmApart, confirmRows } from '../../host/gate/confirm.ts';
import { decide, type Evidence, halfWidth } from '../../host/gate/decide.ts';
import { type Duel, type Timing, timeCores } from '../../host/gate/timing.ts';
import type { Estimate } from '../../host/measure/stats.ts';
import { madeUpDuel, madeUpMachine, type Weather } from './synthetic.ts';

const QUIET: Weather = { slower: 0, block: 0.02, place: 0.01 };
const NOISY: Weather = { slower: 0, block: 0.5, place: 0.2 };

function around(value: number, half: number): Estimate {
  return { value, low: value * Math.exp(-half), high: value * Math.exp(half) };
}

function evidence(ratio: Estimate, self = around(1, 0.01)): Evidence {
  return { ratio, self, margin: 0.05, pairs: 100 };
}

describe('one verdict', () => {
  test.each([
    ['not slower', evidence(around(1, 0.02)), 'ok'],
    ['slower, but by less than the margin', evidence(around(1.02, 0.01)), 'ok'],
    ['faster', evidence(around(0.9, 0.02)), 'improved'],
    ['slower by more', evidence(around(1.12, 0.02)), 'regression'],
    ['at the margin', evidence(around(1.05, 0.02)), 'inconclusive'],
    ['too wide', evidence(around(1, 0.2)), 'inconclusive'],
    ['base against base too wide', evidence(around(1.5, 0.02), around(1, 0.03)), 'unresolved'],
    [
      'base against base off by itself',
      evidence(around(1.5, 0.02), around(1.06, 0.01)),
      'unresolved',
    ],
    ['every sample alike', evidence(around(1, 0), around(1, 0)), 'ok'],
    ['every sample slower alike', evidence(around(1.1, 0), around(1, 0)), 'regression'],
  ] as const)('%s', (_, given, verdict) => {
    expect(decide([given])[0]?.verdict).toBe(verdict);
  });

  test('what is a regression alone is none among forty, by so little', () => {
    const slight = evidence({ value: 1.075, low: 1.0505, high: 1.1 });
    expect(decide([slight])[0]?.verdict).toBe('regression');
    const family = [slight, ...Array.from({ length: 39 }, () => evidence(around(1, 0.02)))];
    expect(decide(family)[0]?.verdict).toBe('inconclusive');
  });

  test('the pairs it asks for would decide it: the interval shrinks with their root', () => {
    const [decision] = decide([evidence(around(1.02, 0.06))]);
    const pairs = 100 + (decision?.morePairs ?? 0);
    const then = (n: number) => ({
      ...evidence(around(1.02, 0.06 * Math.sqrt(100 / n))),
      pairs: n,
    });
    expect(decide([then(pairs + 1)])[0]?.verdict).toBe('ok');
    expect(decide([then(pairs - 3)])[0]?.verdict).toBe('inconclusive');
  });

  test('at the very margin no number of pairs is promised', () => {
    expect(decide([evidence(around(1.05, 0.02))])[0]?.morePairs).toBeUndefined();
  });
});

async function timed(
  weather: (duel: Duel) => Weather,
  seed: number,
  duels = [madeUpDuel('one')],
): Promise<Timing> {
  return timeCores(duels, {
    seconds: 4,
    maxSeconds: 16,
    seed,
    marginOf: () => 0.05,
    chosen: () => true,
    ...madeUpMachine(weather),
  });
}

/** A first run, and a second one under the job's own seed. */
async function gated(weather: Weather, seed: number) {
  const duels = [madeUpDuel('one')];
  const confirm: Confirm = (job) => timed(() => weather, job.seed);
  const first = await timed(() => weather, seed, duels);
  return confirmRows(first, duels, { traceFile: undefined, seconds: 4, confirm });
}

const verdicts = ({ rows }: { readonly rows: readonly { readonly verdict: string }[] }) =>
  rows.map(({ verdict }) => verdict);

describe('runs', () => {
  test('a core 10 % slower is a regression, and again in the second run', async () => {
    const { rows, seed } = await gated({ ...QUIET, slower: 0.1 }, 1);
    expect(verdicts({ rows })).toEqual(['regression', 'regression']);
    expect(rows[0]?.confirmation?.verdict).toBe('regression');
    expect(seed).toBeGreaterThan(1000);
    expect(rows[0]?.ratio.value).toBeCloseTo(1.1, 1);
  });

  test('the same core: at most 1 of 20 runs is not green, none is red', async () => {
    let notGreen = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const found = verdicts(await gated(QUIET, 1000 * seed));
      expect(found).not.toContain('regression');
      if (found.some((verdict) => verdict !== 'ok' && verdict !== 'improved')) notGreen += 1;
    }
    expect(notGreen).toBeLessThanOrEqual(1);
  });

  test('a noisy run is never red, and says that it cannot resolve the margin', async () => {
    for (const slower of [0, 0.1]) {
      const { rows } = await gated({ ...NOISY, slower }, 7);
      expect(new Set(verdicts({ rows }))).toEqual(new Set(['unresolved']));
    }
  });

  test('what does not come again is inconclusive, with its second run beside it', async () => {
    const duels = [madeUpDuel('one')];
    const first = await timed(() => ({ ...QUIET, slower: 0.2 }), 1, duels);
    const confirm: Confirm = (job) => timed(() => QUIET, job.seed);
    const second = await confirmRows(first, duels, { traceFile: undefined, seconds: 4, confirm });
    expect(verdicts(second)).toEqual(['inconclusive', 'inconclusive']);
    expect(second.rows[0]?.confirmation?.verdict).toBe('ok');
  });

  test('only what is undecided is measured again, for twice as long in all', async () => {
    const looks: string[] = [];
    const { measure, now } = madeUpMachine(({ benchmark }) =>
      benchmark.name === 'near' ? { ...QUIET, slower: 0.052 } : QUIET,
    );
    const { doublings } = await timeCores([madeUpDuel('far'), madeUpDuel('near')], {
      seconds: 4,
      maxSeconds: 16,
      seed: 1,
      marginOf: () => 0.05,
      chosen: () => true,
      now,
      measure: (duel, seconds, seed) => {
        looks.push(`${duel.benchmark.name} ${seconds} s, seed ${seed}`);
        return measure(duel, seconds, seed);
      },
    });
    expect(looks).toEqual([
      'far 2 s, seed 1',
      'near 2 s, seed 1',
      'near 2 s, seed 2',
      'near 4 s, seed 3',
      'near 6 s, seed 4',
    ]);
    expect(doublings).toBe(3);
    expect(now()).toBeLessThanOrEqual(16_000);
  });

  test('a runner that will never resolve the margin is not waited for', async () => {
    const machine = madeUpMachine(() => NOISY);
    const { rows, doublings } = await timeCores([madeUpDuel('one')], {
      seconds: 4,
      maxSeconds: 16,
      seed: 1,
      marginOf: () => 0.05,
      chosen: () => true,
      ...machine,
    });
    expect(doublings).toBe(0);
    expect(machine.now()).toBe(4000);
    expect(halfWidth(rows[0]?.self as Estimate)).toBeGreaterThan(0.025);
  });

  test('the same seed gives the same rows', async () => {
    const [one, two] = [await timed(() => QUIET, 3), await timed(() => QUIET, 3)];
    expect(two).toEqual(one);
  });
});

test('the confirming process times what it is told, and that alone', async () => {
  const { rows, seed } = await confirmApart({
    traceFile: undefined,
    duels: [
      {
        benchmark: '1G sequential',
        pair: { kernel: 'refcount', base: 'refcount-timed-line', head: 'refcount-timed-line' },
      },
    ],
    margins: { '1G sequential/refcount/fault': 0.3 },
    seconds: 0.1,
    seed: 77,
  });
  expect(seed).toBe(77);
  expect(rows.map(({ path, margin }) => [path, margin])).toEqual([
    ['1G sequential/refcount/fault', 0.3],
  ]);
  expect(rows[0]?.baseNs.value).toBeGreaterThan(0);
});

// Names, limits, baselines and what moved: tables on made-up counts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import {
  type Baseline,
  baselineJsonSchema,
  baselineText,
  makeBaseline,
  readBaseline,
} from '../../host/gate/baseline.ts';
import type { Counts } from '../../host/gate/counts.ts';
import { parseLimits } from '../../host/gate/limits.ts';
import { type CompareCountsOptions, compareCounts, failures } from '../../host/gate/moves.ts';
import { names } from '../../host/gate/name.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';

describe('names', () => {
  const path = '4K sequential/refcount/fault/rmwRefcount';
  test.each([
    ['rmwRefcount', true],
    ['refcount/fault', true],
    ['4K*/fault', true],
    ['*/rmw*', true],
    ['4K sequential/refcount/fault/rmwRefcount', true],
    ['fault/refcount', false],
    ['refcount', true],
    ['rmw', false],
    ['Refcount', false],
    ['4K.sequential', false],
    ['', false],
  ])("'%s': %s", (pattern, expected) => {
    expect(names(pattern, path)).toBe(expected);
  });
});

function count(rmwRefcount: number, ptRead = 800): Counts {
  const events = { ptRead, rmwRefcount, casRetry: 0, failed: 0, tableBytes: 8192 };
  const operations = [{ kernel: 'refcount', operation: 'fault', times: 100, events }] as const;
  return {
    scenarios: [{ name: '4K sequential', workload: 'aaaa', operations }],
    artifacts: [{ name: 'refcount-counted', wasmBytes: 1000, wasmExports: 28 }],
  };
}

const BASE = makeBaseline(count(100), 'first', undefined);

function compare(counts: Counts, options: Partial<CompareCountsOptions> = {}, baseline = BASE) {
  return compareCounts(baseline, counts, {
    file: 'b.json',
    limits: [],
    baselineLimits: [],
    chosen: () => true,
    lenient: false,
    ...options,
  });
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (DaxError.is(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('limits', () => {
  test.each([
    ['', 200, false],
    ['', 50, false],
    ['rmwRefcount=+100%', 200, true],
    ['rmwRefcount=+99%', 200, false],
    ['rmwRefcount=+1%', 50, true],
    ['rmwRefcount=-10%', 200, true],
    ['rmwRefcount=-10%', 50, false],
    ['rmwRefcount=10%', 105, true],
    ['rmwRefcount=10%', 89, false],
    ['rmwRefcount=0%', 101, false],
    ['rmwRefcount=<3', 299, true],
    ['rmwRefcount=<3', 300, false],
    ['rmw*=+500%,rmwRefcount=<3', 400, false],
    ['rmw*=+500%,rmwRefcount=<9', 400, true],
    ['rmwRefcount=+500%,rmwRefcount=0%', 101, false],
    ['ptRead=+500%', 101, false],
    ['4K*/refcount/fault/rmwRefcount=+5%', 101, true],
  ])("'%s' lets 100 become %i: %s", (text, to, passes) => {
    const limits = text === '' ? [] : parseLimits(text);
    expect(failures(compare(count(to), { limits })).length === 0).toBe(passes);
  });

  test('a hard limit holds even where nothing moved', () => {
    const limits = parseLimits('rmwRefcount=<1');
    expect(failures(compare(count(100), { limits }))).toHaveLength(1);
  });

  test.each(['', '=5%', 'x', 'x=', 'x=5', 'x=%', 'x=<', 'x=>5', 'a=1%,', '/=1%'])(
    "'%s' is refused",
    (text) => {
      expect(refusal(() => parseLimits(text))).toMatch(/^E_VALUE limit/);
    },
  );
});

describe('what moved', () => {
  test('nothing: every count is compared', () => {
    expect(compare(count(100))).toEqual({ compared: 7, moves: [], missing: [] });
  });

  test('one count, with its totals and what they are over', () => {
    expect(compare(count(200)).moves).toEqual([
      {
        path: '4K sequential/refcount/fault/rmwRefcount',
        place: '4K sequential/refcount/fault',
        event: 'rmwRefcount',
        base: 100,
        head: 200,
        times: 100,
        allowed: undefined,
      },
    ]);
  });

  test('a count that was 0 has no share to rise by', () => {
    const [scenario] = count(100).scenarios;
    const [operation] = scenario?.operations ?? [];
    const events = { ...operation?.events, casRetry: 3 };
    const counts = {
      ...count(100),
      scenarios: [{ ...scenario, operations: [{ ...operation, events }] }],
    } as Counts;
    const moved = compare(counts, { limits: parseLimits('casRetry=+1000%') });
    expect(failures(moved).map(({ event }) => event)).toEqual(['casRetry']);
  });

  test('a suppression in the baseline lets a count move, and says why', () => {
    const suppressions = [{ name: 'fault/rmwRefcount', reason: 'known' }];
    const { moves } = compare(count(900), {}, { ...BASE, suppressions });
    expect(moves[0]?.allowed).toBe('suppressed: known');
  });

  test('of a size: bytes, whatever the operations', () => {
    const counts = { ...count(100), artifacts: [{ ...BASE.artifacts[0], wasmBytes: 1001 }] };
    const { moves } = compare(counts as Counts);
    expect(moves.map(({ path, times }) => [path, times])).toEqual([
      ['refcount-counted/wasmBytes', 1],
    ]);
  });
});

describe('a baseline of another scenario set is refused, never green', () => {
  const renamed = (name: string): Counts => ({
    ...count(100),
    scenarios: [{ ...(count(100).scenarios[0] as Counts['scenarios'][number]), name }],
  });
  const otherWorkload: Counts = {
    ...count(100),
    scenarios: [{ ...(count(100).scenarios[0] as Counts['scenarios'][number]), workload: 'bbbb' }],
  };

  test.each([
    [
      'a scenario more',
      { ...count(100), scenarios: [...count(100).scenarios, ...renamed('new').scenarios] },
      /it lacks new\/refcount/,
    ],
    ['a scenario less', { ...count(100), scenarios: [] }, /only the baseline has 4K sequential/],
    ['another workload', otherWorkload, /'4K sequential' was workload aaaa, now bbbb/],
    ['another build', { ...count(100), artifacts: [] }, /only the baseline has refcount-counted/],
  ] as const)('%s', (_, counts, message) => {
    expect(refusal(() => compare(counts as Counts))).toMatch(message);
  });

  test('leniently: what it lacks is left out and named', () => {
    const more = {
      ...count(200),
      scenarios: [...count(200).scenarios, ...renamed('new').scenarios],
    };
    const found = compare(more, { lenient: true });
    expect(found.missing).toEqual(['new/refcount/fault']);
    expect(failures(found)).toHaveLength(1);
  });

  test('leniently, with nothing in common: still refused', () => {
    const empty: Baseline = { ...BASE, scenarios: [], artifacts: [] };
    expect(refusal(() => compare(count(100), { lenient: true }, empty))).toMatch(/nothing of it/);
  });

  test('an event that the baseline never counted', () => {
    const events = BASE.events.filter((event) => event !== 'casRetry');
    expect(refusal(() => compare(count(100), {}, { ...BASE, events }))).toMatch(/lacks .*casRetry/);
  });
});

describe('the file', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'daxstorm-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const read = (text: string): Baseline => {
    const file = join(folder, 'b.json');
    writeFileSync(file, text);
    return readBaseline({ file, exists: true });
  };

  test('reads as it was written, an operation a line', () => {
    const text = baselineText(BASE);
    expect(read(text)).toEqual(BASE);
    expect(text.split('\n').filter((line) => line.includes('"operation":'))).toHaveLength(1);
  });

  test('an update keeps limits, suppressions and every reason', () => {
    const before = {
      ...BASE,
      limits: [{ limit: 'ptRead=2%', reason: 'a' }],
      suppressions: [{ name: 'x', reason: 'b' }],
    };
    const after = makeBaseline(count(200), 'second', before);
    expect(after.reasons).toEqual(['second', 'first']);
    expect([after.limits, after.suppressions]).toEqual([before.limits, before.suppressions]);
  });

  const whole = baselineText(BASE);
  test.each([
    ['torn', whole.slice(0, whole.length / 2), /is torn/],
    ['empty', '', /is empty/],
    [
      'of another schema version',
      whole.replace('baseline.v1', 'baseline.v2'),
      /has schema 'daxstorm\/baseline.v2'/,
    ],
    ['without a schema', '{}', /names no schema/],
    ['no object', '[1]', /names no schema/],
    [
      'with a count below 0',
      whole.replace('"rmwRefcount":100', '"rmwRefcount":-1'),
      /does not fit its schema at scenarios.0.operations.0.events.rmwRefcount/,
    ],
    [
      'with a field nobody knows',
      whole.replace('"reasons"', '"causes"'),
      /does not fit its schema/,
    ],
    [
      'with a suppression without a reason',
      whole.replace('"suppressions": []', '"suppressions": [{"name":"x"}]'),
      /suppressions.0.reason/,
    ],
    [
      'with a limit that is none',
      whole.replace('"limits": []', '"limits": [{"limit":"x","reason":"y"}]'),
      /E_VALUE limit 'x'/,
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(() => read(text))).toMatch(message);
  });

  test('missing', () => {
    expect(refusal(() => readBaseline({ file: 'none.json', exists: false }))).toBe(
      "E_BASELINE baseline 'none.json' is not there",
    );
  });

  test('the shipped JSON Schema is what the source makes (vitest -u writes it)', async () => {
    const file = join(PACKAGE_ROOT, 'data', 'schemas', 'baseline.v1.json');
    await expect(`${JSON.stringify(baselineJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
  });

  test('the shipped baseline is written as an update writes it', () => {
    const file = join(PACKAGE_ROOT, 'data', 'baselines', 'standard.json');
    expect(baselineText(readBaseline({ file, exists: true }))).toBe(readFileSync(file, 'utf8'));
  });
});

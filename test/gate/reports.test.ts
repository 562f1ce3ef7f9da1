// What the gate writes for other programs, on a made-up result.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { GateRow } from '../../host/gate/confirm.ts';
import type { CountLayer, GateResult, TimeLayer } from '../../host/gate/gate.ts';
import type { Move } from '../../host/gate/moves.ts';
import { eventSource, eventTitle } from '../../host/report/gate/events.ts';
import { gateAnnotations } from '../../host/report/gate/github.ts';
import { bencherHistory, smallerIsBetterHistory } from '../../host/report/gate/history.ts';
import { gateJson } from '../../host/report/gate/json.ts';
import { gateJunit } from '../../host/report/gate/junit.ts';
import { gateMarkdown } from '../../host/report/gate/markdown.ts';
import { formatGate } from '../../host/report/gate/text.ts';
import { gateBody } from '../../host/report/schema/gate.ts';
import { EVENTS } from '../../host/wasm/abi.ts';

const MACHINE = '0123abcd';
const TEXT = {
  machine: MACHINE,
  explain: true,
  update: 'UPDATE',
  replay: (path: string) => `REPLAY ${path}`,
};

function move(scenario: string, event: string, base: number, head: number, allowed?: string): Move {
  const place = `${scenario}/refcount/fault`;
  return { path: `${place}/${event}`, place, event, base, head, times: 100, allowed };
}

function countLayer(moves: readonly Move[]): CountLayer {
  const events = { rmwRefcount: 200, casRetry: 0, tableBytes: 8192, failed: 0 };
  const operations = [{ kernel: 'refcount', operation: 'fault', times: 100, events }] as const;
  const scenarios = ['4K sequential', '4K <read>'].map((name) => ({
    name,
    workload: 'aaaa',
    operations,
  }));
  const artifacts = [{ name: 'refcount-counted', wasmBytes: 1000, wasmExports: 28 }];
  return {
    baseline: 'b.json',
    compared: 12,
    moves,
    missing: [],
    counts: { scenarios, artifacts },
  };
}

function row(path: string, ratio: number, verdict: GateRow['verdict']): GateRow {
  const estimate = (value: number) => ({ value, low: value * 0.99, high: value * 1.01 });
  return {
    path,
    margin: 0.05,
    baseNs: estimate(20),
    headNs: estimate(20 * ratio),
    ratio: estimate(ratio),
    self: estimate(1),
    p: 0.001,
    pairs: 40,
    verdict,
    morePairs: verdict === 'inconclusive' ? 1234 : undefined,
    confirmation: undefined,
  };
}

function result(given: Partial<GateResult>): GateResult {
  return {
    verdict: 'ok',
    counts: countLayer([]),
    timing: 'not run: no --base',
    violation: undefined,
    seed: 1,
    ...given,
  };
}

const SLOW = row('4K sequential/refcount/fault', 1.1, 'regression');
const TIMING: TimeLayer = {
  base: 'main',
  head: 'this build',
  doublings: 1,
  seed: 99,
  interrupted: false,
  rows: [
    { ...SLOW, confirmation: SLOW },
    row('4K sequential/refcount/munmap', 1.04, 'inconclusive'),
    row('2M sequential/refcount/fault', 0.9, 'improved'),
    row('2M sequential/refcount/munmap', 1, 'ok'),
    row('1G sequential/refcount/fault', 1, 'unresolved'),
  ],
};

const MOVED = result({
  verdict: 'regression',
  counts: countLayer([
    move('4K sequential', 'rmwRefcount', 100, 200),
    move('4K <read>', 'rmwRefcount', 100, 200),
    move('4K sequential', 'ptRead', 800, 801, 'ptRead=+2%'),
  ]),
  timing: 'not run: counts moved',
});
const SLOWER = result({ verdict: 'regression', timing: TIMING });
const BROKEN = result({
  verdict: 'violation',
  counts: 'not run: an invariant broke',
  timing: 'not run: an invariant broke',
  violation: { path: '4K sequential/refcount/fault', text: 'BAD_REFCOUNT at 3' },
});
const ALL = [result({}), MOVED, SLOWER, BROKEN];

describe('text', () => {
  test('a move in two scenarios is one line, an operation at a time', () => {
    const text = formatGate(MOVED, TEXT);
    expect(text).toMatch(
      /_refcount RMWs \/ fault +1 +→ +2 +\+100\.0 % +\(refcount, 4K sequential and 1 more\) +FAILS/,
    );
    expect(text).toMatch(/page-table entries read \/ fault +8 +→ +8\.01 .* passes: ptRead=\+2%/);
    expect(text).toContain('folio_get in insert_page_into_pte_locked (4K)');
    expect(text).toContain('in the same commit: UPDATE');
    expect(text).toContain('regression: a count moved');
  });

  test('times: verdicts, the second run, what more would decide, the mean', () => {
    const text = formatGate(SLOWER, { ...TEXT, explain: false });
    expect(text).toMatch(
      /4K sequential\/refcount\/fault .*\+10\.0 % \[\+8\.9, \+11\.1\].* REGRESSION, again \+10\.0 %/,
    );
    expect(text).toMatch(/inconclusive: about 1,234 more pairs/);
    expect(text).toMatch(/2M sequential\/refcount\/munmap .* ~ \[-1\.0, \+1\.0\]/);
    expect(text).toMatch(/geometric mean +\+0\.6 %/);
    expect(text).toMatch(/warning: this runner cannot resolve 5\.0 % on 1 of 5 operations/);
    expect(text).toContain('confirmed in a fresh process with seed 99');
    expect(text).toContain('to see it again: REPLAY 4K sequential/refcount/fault');
  });
});

describe('JUnit', () => {
  test('what failed is a failure, what was not decided is skipped, names are escaped', () => {
    const moved = gateJunit(MOVED);
    expect(moved).toContain(
      '<testsuite name="counts" tests="3" failures="2" errors="0" skipped="0">',
    );
    expect(moved).toContain('name="4K &lt;read&gt;/refcount/fault"');
    expect(moved).toContain('message="_refcount RMWs / fault 1 → 2"');
    const slower = gateJunit(SLOWER);
    expect(slower).toContain(
      '<testsuite name="timing" tests="5" failures="1" errors="0" skipped="2">',
    );
    expect(gateJunit(BROKEN)).toContain('invariant: BAD_REFCOUNT at 3');
  });
});

describe('GitHub', () => {
  test('an annotation a group, escaped', () => {
    expect(gateAnnotations(MOVED)).toEqual([
      '::error title=a count moved::_refcount RMWs / fault 1 → 2 (refcount, 4K sequential and 1 more)',
    ]);
    expect(gateAnnotations(SLOWER).filter((line) => line.startsWith('::error'))).toEqual([
      '::error title=slower::4K sequential/refcount/fault +10.0 %25 [+8.9, +11.1], REGRESSION, again +10.0 %25 [+8.9, +11.1]',
    ]);
    expect(gateAnnotations(result({}))).toEqual([]);
  });

  test('ten at most, the last of them counting the rest', () => {
    const moves = Array.from({ length: 30 }, (_, i) => move('4K', `event${i}`, 100, 200));
    const lines = gateAnnotations(result({ counts: countLayer(moves), verdict: 'regression' }));
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('::error title=daxstorm gate::and 21 more; see the step summary');
  });
});

describe('Markdown', () => {
  test('tables whose cells cannot break them', () => {
    const text = gateMarkdown(MOVED, MACHINE);
    expect(text).toContain('### daxstorm gate: regression: a count moved');
    expect(text).toContain('| \\_refcount RMWs / fault | 1 | 2 |');
    for (const line of text.split('\n').filter((each) => each.startsWith('| ')))
      expect(line.split(/(?<!\\)\|/)).toHaveLength(9);
  });

  test('what decides comes first, and no table is endless', () => {
    const text = gateMarkdown(SLOWER, MACHINE);
    expect(text.indexOf('REGRESSION')).toBeLessThan(text.indexOf('inconclusive'));
    const moves = Array.from({ length: 80 }, (_, i) => move('4K', `event${i}`, 100, 200));
    const long = gateMarkdown(result({ counts: countLayer(moves) }), MACHINE);
    expect(long).toContain('and 30 more');
  });
});

describe('history', () => {
  test('counts an operation, times under the machine they are of', () => {
    expect(bencherHistory(SLOWER, MACHINE)).toMatchObject({
      '4K sequential/refcount/fault': { rmwRefcount: { value: 2 }, tableBytes: { value: 8192 } },
      'refcount-counted': { wasmBytes: { value: 1000 } },
      '4K sequential/refcount/fault on 0123abcd': { latency: { value: 22, lower_value: 21.78 } },
    });
    const points = smallerIsBetterHistory(SLOWER, MACHINE);
    expect(points).toContainEqual({
      name: '4K sequential/refcount/fault: rmwRefcount',
      unit: 'an operation',
      value: 2,
    });
    expect(points.filter(({ unit }) => unit === 'ns')).toHaveLength(5);
    expect(points.every(({ unit, name }) => unit !== 'ns' || name.includes(MACHINE))).toBe(true);
  });
});

test.each(ALL.map((each) => [each.verdict, each]))('JSON fits its schema: %s', (_, each) => {
  const plain: unknown = JSON.parse(JSON.stringify(gateJson(each)));
  expect(z.object(gateBody).parse(plain)).toEqual(plain);
});

test('every event of the ledger has a title and a place in the kernel', () => {
  const names = Object.keys(EVENTS);
  expect(names.filter((name) => eventTitle(name) === name)).toEqual([]);
  const operations = ['fault', 'pin', 'unpin', 'munmap', 'replay'];
  const lost = names.filter((name) => operations.some((each) => !eventSource(name, each)));
  expect(lost).toEqual([]);
});

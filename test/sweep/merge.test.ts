// What merge refuses, and that times of two machines never meet. In one process: a folder of results is
// made once, by the same calls as the command makes, and spoilt in copies.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { htmlReport } from '../../host/report/html/page.ts';
import { markdownReport } from '../../host/report/letter.ts';
import { makeReport } from '../../host/report/report.ts';
import { resultSchema } from '../../host/report/schema/result.ts';
import { formatSweep } from '../../host/report/sweep.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { coreHash } from '../../host/sweep/core.ts';
import { planJson, SweepFolder } from '../../host/sweep/folder.ts';
import { gather, mergeSweep, type SweepResult } from '../../host/sweep/merge.ts';
import { planSweep, scenariosOf } from '../../host/sweep/plan.ts';
import { dueIn, runScenarios } from '../../host/sweep/run.ts';
import { copyOf, makeFolder, partsOf, spoil } from './small.ts';

const SHARDS = 3;
const OTHER_MACHINE = 'feedbeef';

let folder = '';
const at = (name: string): string => join(folder, name);
const shardAt = (index: number): string => at(`shard-${index}`);
const all = (): readonly string[] => [1, 2, 3].map(shardAt);

async function runShard(index: number, seconds: number | undefined, out: string): Promise<void> {
  const plan = planSweep([at('small.yaml')], undefined);
  const results = new SweepFolder(out, coreHash());
  const shard = { index, count: SHARDS };
  const { signal } = new AbortController();
  const options = { shard, seconds, failedOnly: false, signal, onProgress: () => {} };
  results.open(plan);
  await runScenarios(dueIn(plan, results, options), results, options);
}

beforeAll(async () => {
  folder = makeFolder();
  for (const index of [1, 2]) await runShard(index, undefined, shardAt(index));
  await runShard(3, 0.01, shardAt(3));
});
afterAll(() => rmSync(folder, { recursive: true }));

function idsOf(index: number): readonly string[] {
  const plan = planSweep([at('small.yaml')], undefined);
  return scenariosOf(plan, { index, count: SHARDS }).map(({ id }) => id);
}

function refusal(named: readonly string[]): DaxError {
  try {
    mergeSweep(gather(named));
  } catch (error) {
    if (DaxError.is(error)) return error;
    throw error;
  }
  throw new Error('it was merged');
}

function idsIn(text: string): readonly string[] {
  return [...text.matchAll(/\b[0-9a-f]{12}\b/g)].map(([id]) => id).sort();
}

describe('merge refuses', () => {
  test('a missing shard: its ids, its name, the command', () => {
    const { code, message, hint } = refusal([shardAt(1), shardAt(3)]);
    expect(code).toBe('E_SWEEP_MISSING');
    expect(message).toMatch(/^4 of 12 scenarios of 'small' are missing: shard 2\/3: /);
    expect(idsIn(message)).toEqual([...idsOf(2)].sort());
    expect(hint).toBe(`run daxstorm sweep ${at('small.yaml')} --shard 2/3 --out FOLDER`);
  });

  test('two missing shards, each by name', () => {
    const { message, hint } = refusal([shardAt(2)]);
    expect(message).toMatch(/are missing: shard 1\/3: .*; shard 3\/3: /);
    expect(idsIn(message)).toEqual([...idsOf(1), ...idsOf(3)].sort());
    expect(hint).toMatch(/--shard 1\/3 --out \S*shard-2 --counts-only and --shard 3\/3$/);
  });

  test('a scenario that is missing from its shard', () => {
    const copy = copyOf(shardAt(2), 'less');
    const [gone = ''] = idsOf(2);
    rmSync(join(copy, `${gone}.json`));
    const { code, message } = refusal([shardAt(1), copy, shardAt(3)]);
    expect([code, idsIn(message)]).toEqual(['E_SWEEP_MISSING', [gone]]);
  });

  test('a shard that is there twice', () => {
    const { code, message } = refusal([...all(), copyOf(shardAt(1), 'again')]);
    expect(code).toBe('E_SWEEP_TWICE');
    expect(message).toMatch(
      /^4 scenarios of 'small' are there twice, as in '\S+' and '\S+': shard 1\/3: /,
    );
    expect(idsIn(message)).toEqual([...idsOf(1)].sort());
  });

  test('the same folder named twice', () => {
    expect(refusal([...all(), shardAt(2)]).code).toBe('E_SWEEP_TWICE');
  });

  test.each([
    [
      'version',
      { version: '9.9.9' },
      /versions of daxstorm: .* \(11 scenarios\), 9\.9\.9 \(1 scenario\)/,
    ],
    ['core', { core: '0123456789ab' }, /cores: .* \(11 scenarios\), 0123456789ab \(1 scenario\)/],
  ])('results of another %s', (name, change, says) => {
    const copy = copyOf(shardAt(1), `mixed-${name}`);
    const [first] = partsOf(copy);
    if (!first) throw new Error('no part');
    spoil(copy, first, change);
    const { code, message, hint } = refusal([copy, shardAt(2), shardAt(3)]);
    expect(code).toBe('E_SWEEP_MIXED');
    expect(message).toMatch(says);
    expect(message).toContain(`shard 1/3: ${first.id}`);
    expect(hint).toContain('--shard 1/3');
  });

  test('another sweep', () => {
    const copy = copyOf(shardAt(1), 'other');
    const plan = planSweep([at('small.yaml')], 7);
    writeFileSync(join(copy, 'sweep.json'), JSON.stringify(planJson(plan)));
    const { code, message } = refusal([shardAt(2), shardAt(3), copy]);
    expect([code, message]).toEqual(['E_SWEEP_MIXED', expect.stringContaining(plan.hash)]);
  });

  test('a result of no scenario of the sweep', () => {
    const copy = copyOf(shardAt(1), 'strange');
    const [first] = partsOf(copy);
    if (!first) throw new Error('no part');
    spoil(copy, { ...first, id: '0123456789ab' }, {});
    const { code, message } = refusal([copy, shardAt(2), shardAt(3)]);
    expect([code, message]).toEqual([
      'E_SWEEP',
      expect.stringContaining('0123456789ab.json: of no'),
    ]);
  });

  test('files that do not say of what sweep they are', () => {
    const copy = copyOf(shardAt(1), 'unnamed');
    rmSync(join(copy, 'sweep.json'));
    expect(refusal([copy]).message).toContain('there is no sweep.json');
  });
});

/** Shard 2 timed as well, on a machine of another name. */
async function twoMachines(): Promise<SweepResult> {
  const copy = at('elsewhere');
  if (!existsSync(copy)) {
    await runShard(2, 0.01, copy);
    for (const part of partsOf(copy)) {
      spoil(copy, part, { machine: { ...part.machine, id: OTHER_MACHINE, cpu: 'another CPU' } });
    }
  }
  return mergeSweep(gather([shardAt(1), copy, shardAt(3)]));
}

describe('times', () => {
  test('stand by machine; counts are one list, the same as without times', async () => {
    const merged = await twoMachines();
    expect(merged.timings.map(({ machine }) => machine.id)).toContain(OTHER_MACHINE);
    expect(merged.timings).toHaveLength(2);
    for (const { machine, scenarios } of merged.timings) {
      const index = machine.id === OTHER_MACHINE ? 2 : 3;
      expect(scenarios.map(({ id }) => id)).toEqual(idsOf(index));
    }
    const without = mergeSweep(gather(all()));
    expect(JSON.stringify(merged.scenarios)).toBe(JSON.stringify(without.scenarios));
    expect(merged.counts).toBe(without.counts);
  });

  test('are printed a table a machine', async () => {
    const text = formatSweep(await twoMachines());
    const parts = text.split(/^emulated on /m);
    expect(parts).toHaveLength(3);
    const other = parts.find((part) => part.startsWith(OTHER_MACHINE));
    expect(other).toMatch(/^feedbeef: another CPU, .*; 4 scenarios\n/);
    // A head, two lines of titles, four phases of four scenarios, and nothing of any other.
    expect(other?.trimEnd().split('\n')).toHaveLength(1 + 2 + 4 * 4);
    expect(parts[0]).not.toMatch(/emulated|\bns\b/);
  });

  test('a ratio is of two kernels on one machine', async () => {
    for (const { scenarios } of (await twoMachines()).timings) {
      for (const { rows } of scenarios) {
        for (const time of rows) {
          const { devmap = 0, refcount = 0 } = time?.ns ?? {};
          const ratio = time?.ratios.refcount?.value ?? 0;
          // The median of ratios is near the ratio of medians; other machines' would not be.
          expect(ratio / (refcount / devmap)).toBeGreaterThan(0.1);
          expect(ratio / (refcount / devmap)).toBeLessThan(10);
        }
      }
    }
  });
});

describe('what programs read', () => {
  test('plans, parts and merged sweeps fit the shipped schema, and lose nothing in it', async () => {
    const shipped = join(PACKAGE_ROOT, 'data', 'schemas', 'result.v1.json');
    const formats = { 'date-time': true } as const;
    const fits = new Ajv2020({ strict: true, allowUnionTypes: true, formats }).compile(
      JSON.parse(readFileSync(shipped, 'utf8')),
    );
    const plan = JSON.parse(readFileSync(join(shardAt(1), 'sweep.json'), 'utf8'));
    const merged = JSON.parse(JSON.stringify(await twoMachines()));
    for (const result of [plan, ...partsOf(shardAt(1)), ...partsOf(shardAt(3)), merged]) {
      expect(fits(result), JSON.stringify(fits.errors)).toBe(true);
      expect(resultSchema.parse(result)).toEqual(result);
    }
  });

  test('a report has the kinds of number apart, each number where it says', async () => {
    const results = [JSON.parse(JSON.stringify(await twoMachines()))];
    const report = makeReport(results);
    const page = htmlReport(report);
    const heads = [
      ...page.matchAll(/<section id="(sweep-\w+)"><h2>[^<]+<\/h2><span class="kind (\w+)">/g),
    ];
    expect(heads.map(([, id, kind]) => `${id} ${kind}`)).toEqual([
      'sweep-recorded recorded',
      'sweep-predicted predicted',
      'sweep-counted counted',
      'sweep-emulated emulated',
    ]);
    const shown = [...page.matchAll(/<data value="([^"]+)" data-at="([^"]+)">/g)];
    expect(shown.length).toBeGreaterThan(12 * 4);
    for (const [, value, pointer = ''] of shown) {
      const found = pointer
        .split('/')
        .slice(1)
        .reduce<unknown>(
          (from, key) => (from as Record<string, unknown> | undefined)?.[key],
          results,
        );
      expect(String(found), pointer).toBe(value);
    }
    const letter = markdownReport(report);
    expect(letter).toMatch(/\| 4K read sequential +\| read touches, sequential +\| +4,096 \| /);
    expect(letter).toContain('machine feedbeef: another CPU');
  });
});

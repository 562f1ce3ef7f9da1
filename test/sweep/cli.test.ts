// daxstorm sweep and merge, spawned: shards against one piece, killed and resumed, failures run again.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { coreHash } from '../../host/sweep/core.ts';
import { type Part, SweepFolder } from '../../host/sweep/folder.ts';
import { planSweep } from '../../host/sweep/plan.ts';
import { dueIn } from '../../host/sweep/run.ts';
import { WHOLE } from '../../host/sweep/shard.ts';
import { daxstorm, type Outcome } from '../cli/spawn.ts';
import { bodyOf, copyOf, filesOf, makeFolder, partsOf, SCENARIOS, spoil } from './small.ts';

const MAIN = join(PACKAGE_ROOT, 'dist', 'host', 'cli', 'main.js');

let folder = '';
const at = (name: string): string => join(folder, name);
const run = (...args: readonly string[]): Promise<Outcome> =>
  daxstorm(args, undefined, { cwd: folder });

async function must(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** The sweep in one piece, and its merged result. */
beforeAll(async () => {
  folder = makeFolder();
  const said = await must('sweep', 'small.yaml', '--counts-only');
  expect(said).toBe(
    `small: ${SCENARIOS} scenarios: ${SCENARIOS} done, 0 failed, 0 left; ran ${SCENARIOS} now; results in small.sweep\ndaxstorm merge small.sweep\n`,
  );
  await must('merge', 'small.sweep', '--json', 'whole.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a sweep, and ends it by a signal once it has kept so many scenarios. */
async function endedAfter(
  kept: number,
  signal: NodeJS.Signals,
  out: string,
  args: readonly string[],
): Promise<number | null> {
  const all = [MAIN, 'sweep', 'small.yaml', '--out', out, ...args];
  const child = spawn(process.execPath, all, { cwd: folder, stdio: 'ignore' });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  while (!existsSync(at(out)) || filesOf(at(out)).size < kept) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    await sleep(5);
  }
  child.kill(signal);
  return closed;
}

describe('shards', () => {
  test('in folders of their own merge to what one piece merges to, byte for byte', async () => {
    const shards = ['1/3', '2/3', '3/3'];
    for (const shard of shards) {
      const out = `own-${shard[0]}`;
      const said = await must(
        'sweep',
        'small.yaml',
        '--shard',
        shard,
        '--out',
        out,
        '--counts-only',
      );
      expect(said).toMatch(new RegExp(`shard ${shard}: 4 scenarios: 4 done, .*ran 4 now`));
    }
    // Whatever the order of the folders.
    await must('merge', 'own-3', 'own-1', 'own-2', '--json', 'shards.json');
    expect(bodyOf(at('shards.json'))).toBe(bodyOf(at('whole.json')));
  });

  test('and with --seed they do not: the comparison can fail', async () => {
    await must('sweep', 'small.yaml', '--seed', '2', '--out', 'seeded', '--counts-only');
    await must('merge', 'seeded', '--json', 'seeded.json');
    expect(bodyOf(at('seeded.json'))).not.toBe(bodyOf(at('whole.json')));
  });

  test('killed in the middle, run again: what was there stays, and the whole is the same', async () => {
    // Timed, so that it lasts long enough; then counted, so that the bytes can be compared.
    const args = ['--time', '0.2'];
    expect(await endedAfter(3, 'SIGKILL', 'killed', args)).toBe(null);
    const kept = filesOf(at('killed'));
    expect(kept.size).toBeLessThan(SCENARIOS);
    const missing = await run('merge', 'killed');
    expect([missing.status, missing.stdout]).toEqual([2, '']);
    const left = SCENARIOS - kept.size;
    expect(missing.stderr).toMatch(
      new RegExp(`^daxstorm: ${left} of 12 scenarios.* are missing: `),
    );
    expect(missing.stderr).toMatch(
      /; run daxstorm sweep small\.yaml --out killed \[E_SWEEP_MISSING\]\n$/,
    );
    const said = await must('sweep', 'small.yaml', '--out', 'killed', '--counts-only');
    expect(said).toContain(`ran ${left} now`);
    const after = filesOf(at('killed'));
    expect([...kept].filter(([name, place]) => after.get(name) !== place)).toEqual([]);
    await must('merge', 'killed', '--json', 'killed.json');
    const timeless = JSON.parse(readFileSync(at('killed.json'), 'utf8'));
    const whole = JSON.parse(readFileSync(at('whole.json'), 'utf8'));
    expect([timeless.counts, timeless.scenarios]).toEqual([whole.counts, whole.scenarios]);
  });

  test('Ctrl-C: status 130, what was measured is kept', async () => {
    expect(await endedAfter(2, 'SIGINT', 'stopped', ['--time', '0.2'])).toBe(130);
    const kept = partsOf(at('stopped'));
    expect(kept.length).toBeGreaterThanOrEqual(2);
    expect(kept.length).toBeLessThan(SCENARIOS);
    for (const { scenario, timing } of kept) expect([!!scenario, !!timing]).toEqual([true, true]);
  });
});

describe('what is done', () => {
  test('is not run again; --status says so, by shard', async () => {
    const before = filesOf(at('small.sweep'));
    const said = await must(
      'sweep',
      'small.yaml',
      '--shard',
      '2/3',
      '--out',
      'small.sweep',
      '--counts-only',
    );
    expect(said).toContain('4 done, 0 failed, 0 left; ran 0 now');
    expect(filesOf(at('small.sweep'))).toEqual(before);
    expect(await must('sweep', 'small.yaml', '--out', 'own-2', '--status')).toMatch(
      /1\/3 +4 +0 +0 +0 +4\n2\/3 +4 +4 +0 +0 +0\n3\/3 +4 +0 +0 +0 +4\nall +12 +4 +0 +0 +8\n$/,
    );
  });

  test.each([
    ['by another core', { core: '0123456789ab' }],
    ['by another version', { version: '9.9.9' }],
    ['under another title', { title: 'other' }],
    ['of other streams', { scenario: { workload: '0123456789ab' } }],
    ['that is no result', { schema: 'x' }],
  ])('%s is due again', (name, change) => {
    const copy = copyOf(at('small.sweep'), name);
    const [first] = partsOf(copy);
    if (!first) throw new Error('no part');
    const plan = planSweep([at('small.yaml')], undefined);
    const due = () =>
      dueIn(plan, new SweepFolder(copy, coreHash()), {
        shard: WHOLE,
        seconds: undefined,
        failedOnly: false,
      }).map(({ id }) => id);
    expect(due()).toEqual([]);
    const { scenario } = change as { scenario?: object };
    spoil(copy, first, {
      ...change,
      scenario: { ...first.scenario, ...scenario },
    } as Partial<Part>);
    expect(due()).toEqual([first.id]);
  });

  test('counted only is not done where times are wanted', async () => {
    const copy = copyOf(at('own-1'), 'timed');
    const said = await must(
      'sweep',
      'small.yaml',
      '--shard',
      '1/3',
      '--out',
      'timed',
      '--time',
      '0.01',
    );
    expect(said).toContain('ran 4 now');
    for (const { timing } of partsOf(copy)) expect(timing?.rows).toHaveLength(4);
    expect(await must('merge', 'timed', 'own-2', 'own-3')).toMatch(
      /emulated on [0-9a-f]{8}: .*; 4 scenarios\n/,
    );
  });
});

describe('failures', () => {
  test('are kept with their line and code, and say what to do', async () => {
    const args = ['sweep', 'small.yaml', 'forbidden.yaml', '--out', 'failing', '--counts-only'];
    const { status, stdout, stderr } = await run(...args);
    expect([status, stderr]).toEqual([2, '']);
    expect(stdout).toMatch(
      /^small \+ forbidden: 13 scenarios: 12 done, 1 failed, 0 left; ran 13 now/,
    );
    expect(stdout).toMatch(
      /\nfailed [0-9a-f]{12}, forbidden: forbidden\.yaml:5:5: 1 operations of .* failed on devmap; .* \[E_SCENARIO\]\n/,
    );
    expect(stdout).toMatch(/--failed runs those again\n$/);
    const again = await run(...args);
    expect([again.status, again.stdout]).toEqual([2, expect.stringContaining('ran 0 now')]);
    const merged = await run('merge', 'failing');
    expect([merged.status, merged.stderr]).toEqual([2, '']);
    expect(merged.stdout).toMatch(/^small \+ forbidden: 13 scenarios, 1 failed; sweep /);
    expect(merged.stdout).toMatch(
      /\n[0-9a-f]{12} +forbidden +forbidden\.yaml:5:5: .* \[E_SCENARIO\]/,
    );
  });

  test('--failed runs those, and nothing that is left or done', async () => {
    const copy = copyOf(at('small.sweep'), 'mended');
    const [first, second] = partsOf(copy);
    if (!first || !second) throw new Error('no parts');
    const { scenario: _, ...bare } = first;
    spoil(copy, bare, { failure: { code: 'E_MEMORY', message: 'there was none' } });
    rmSync(join(copy, `${second.id}.json`));
    const before = filesOf(copy);
    const said = await must('sweep', 'small.yaml', '--out', 'mended', '--counts-only', '--failed');
    expect(said).toContain('11 done, 0 failed, 1 left; ran 1 now');
    const after = filesOf(copy);
    const changed = [...after].filter(([name, place]) => before.get(name) !== place);
    expect(changed.map(([name]) => name)).toEqual([`${first.id}.json`]);
    expect(partsOf(copy)[0]?.scenario).toEqual(first.scenario);
  });
});

describe('before anything runs', () => {
  test('every scenario of every shard is checked', async () => {
    const text = readFileSync(at('small.yaml'), 'utf8');
    writeFileSync(at('bad.yaml'), text.replace('[4K, 2M]', '[4K, 2M, 1G]'));
    for (const shard of ['1/6', '6/6']) {
      const { status, stdout, stderr } = await run('sweep', 'bad.yaml', '--shard', shard);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /^daxstorm: bad\.yaml:6:\d+: size 16 MiB is not .*, in 'small \(align=1G, access=read, pattern=sequential\)'; .*\[E_DEVICE_SIZE\]\n$/,
      );
    }
    expect(existsSync(at('bad.sweep'))).toBe(false);
  });

  test('--dry-run and --list write nothing', async () => {
    const dry = await must('sweep', 'small.yaml', '--out', 'dry', '--dry-run', '--shard', '1/5');
    expect(dry).toBe(
      'small, shard 1/5: 3 scenarios: 0 done, 0 failed, 3 left; would run 3; results in dry\n',
    );
    const list = await must('sweep', 'small.yaml', '--list', '--shard', '1/5');
    expect(list.trimEnd().split('\n')).toHaveLength(1 + 3);
    expect(list).toMatch(/^id +shard +scenario\n[0-9a-f]{12} +1\/5 +small \(align=/);
    expect(existsSync(at('dry'))).toBe(false);
  });

  test.each([
    [['sweep', 'small.yaml', '--shard', '9/8'], 'E_VALUE', '3/8'],
    [['sweep', 'small.yaml', '--counts-only', '--time', '1'], 'E_USAGE', 'cannot be used with'],
    [['sweep', 'small.yaml', '--list', '--status'], 'E_USAGE', 'name one of them'],
    [['sweep', 'standart'], 'E_FILE', 'did you mean standard?'],
    [['sweep'], 'E_USAGE', "missing required argument 'FILE'"],
    [['sweep', 'small.yaml', 'small.yaml'], 'E_SWEEP', 'are the same scenario'],
    [['sweep', 'forbidden.yaml', '--out', 'small.sweep'], 'E_SWEEP', 'name another folder'],
    [['merge', 'nowhere'], 'E_FILE', "there is no 'nowhere'"],
    [['merge', 'whole.json'], 'E_RESULT', 'a result of daxstorm sweep, not of'],
    [['merge', 'small.sweep', '--json', 'none/x.json'], 'E_FILE', 'ENOENT'],
  ])('daxstorm %j is refused in one line', async (args, code, says) => {
    const { status, stdout, stderr } = await run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(stderr).toMatch(new RegExp(`^daxstorm: .*; .* \\[${code}\\]\n$`));
  });
});

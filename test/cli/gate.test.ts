// daxstorm gate, spawned: what it prints, writes and refuses, and its exit status. Nothing here is
// decided by a clock: the timing half is held to made-up samples in test/gate.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gateBody } from '../../host/report/schema/gate.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { ALL } from '../all.ts';
import { buildMutant, EXTRA_REFCOUNT, LEAKED_REFERENCE } from '../gate/mutants.mjs';
import { daxstorm, type Outcome, type Surroundings } from './spawn.ts';

let folder = '';
/** A counted refcount core that takes one atomic more, and one that leaks. */
let extra = '';
let leaky = '';

const QUIET = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' };

/** Runs in the temporary folder: baselines by name live there. */
function gate(args: readonly string[], around: Surroundings = {}): Promise<Outcome> {
  return daxstorm(['gate', ...args], undefined, {
    cwd: folder,
    ...around,
    env: { ...QUIET, ...around.env },
  });
}

async function mutant(change: typeof EXTRA_REFCOUNT, name: string): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  const wasm = await buildMutant(change, place, (build) => build.name === 'refcount-counted');
  return join(wasm, 'refcount-counted.wasm');
}

/** The beginning of the sample, as a program and as the same program later. */
function writeTraces(): void {
  const sample = join(PACKAGE_ROOT, 'data', 'traces', 'redis-set-get-lpush.perf-script.txt.gz');
  const lines = gunzipSync(readFileSync(sample)).toString('latin1').split('\n');
  mkdirSync(join(folder, 'later'));
  writeFileSync(join(folder, 'redis.txt'), lines.slice(0, 2000).join('\n'));
  writeFileSync(join(folder, 'later', 'redis.txt'), lines.slice(0, 2100).join('\n'));
}

// Compiles two builds of the core.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  writeTraces();
  extra = await mutant(EXTRA_REFCOUNT, 'extra');
  leaky = await mutant(LEAKED_REFERENCE, 'leaky');
  const { status, stdout } = await gate(['--save-baseline', 'before']);
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(
      /^\.daxstorm\/baselines\/before\.json: \d+ operations of \d+ scenarios; new\n$/,
    ),
  ]);
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

const BEFORE = ['--baseline', 'before'];

describe('counts', () => {
  test('the same core: equal, and said how many', async () => {
    const { status, stdout, stderr } = await gate(BEFORE);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/counts {3}[\d,]+ of \d+ scenarios against .*before\.json: all equal/);
    expect(stdout).toMatch(/timing {3}not run: no --base\n\nok\n$/);
  });

  test('one refcount atomic more a fault: caught in one run, with its place', async () => {
    const { status, stdout } = await gate([...BEFORE, '--head', extra, '--explain']);
    expect(status).toBe(3);
    expect(stdout).toMatch(
      /_refcount RMWs \/ fault +1 +→ +2 +\+100\.0 % +\(refcount, 4K sequential and \d more\) +FAILS/,
    );
    expect(stdout).toContain('_refcount RMWs / fault: folio_get in insert_page_into_pte_locked');
    expect(stdout).toContain("daxstorm gate --baseline 'before' --update --reason 'why'");
  });

  test('unless limits let it', async () => {
    const some = ['--filter', '4K read'];
    const limits = [...some, '--limit', 'fault/rmwRefcount=+100%'];
    const { status, stdout } = await gate([...BEFORE, '--head', extra, ...limits]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('passes: fault/rmwRefcount')]);
    const hard = [...limits, '--limit', 'rmwRefcount=<2'];
    expect((await gate([...BEFORE, '--head', extra, ...hard])).status).toBe(3);
  });

  test('a suppression in the file, with its reason', async () => {
    const file = join(folder, '.daxstorm', 'baselines', 'before.json');
    const own = join(folder, 'own.json');
    const reason = '{"name":"rmwRefcount","reason":"measured apart"}';
    const text = readFileSync(file, 'utf8');
    writeFileSync(own, text.replace('"suppressions": []', `"suppressions": [${reason}]`));
    const { status, stdout } = await gate([
      '--baseline',
      'own.json',
      '--head',
      extra,
      '--filter',
      '4K read',
    ]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('passes: suppressed: measured apart'),
    ]);
  });

  test('a reference that leaks breaks an invariant: status 5, and no baseline of it', async () => {
    const { status, stdout } = await gate([...BEFORE, '--head', leaky]);
    expect([status, stdout]).toEqual([
      5,
      expect.stringContaining('invariant violated: folio 0 was left with _refcount 2, not 1'),
    ]);
    const saved = await gate(['--head', leaky, '--save-baseline', 'leaky']);
    expect(saved.status).toBe(5);
    expect(existsSync(join(folder, '.daxstorm', 'baselines', 'leaky.json'))).toBe(false);
  });

  test('--filter runs a part, and compares that part', async () => {
    const { status, stdout } = await gate([...BEFORE, '--filter', '2M sequential/refcount']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/\d+ of 1 scenarios .*: all equal/),
    ]);
  });
});

describe('baselines', () => {
  test('--update rewrites the whole file with its reason, and leaves equal counts alone', async () => {
    const mine = ['--trace', 'redis.txt', '--baseline', 'mine.json'];
    const update = [...mine, '--update', '--reason'];
    expect((await gate([...update, 'first'])).stdout).toMatch(/^mine\.json: .*; new\n$/);
    expect((await gate([...update, 'again'])).stdout).toMatch(/every count is as it was/);
    const file = join(folder, 'mine.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/"rmwRefcount":\d+/, '"rmwRefcount":1'));
    expect((await gate(mine)).status).toBe(3);
    expect((await gate([...update, 'mended'])).stdout).toMatch(/; moved: 1\n$/);
    expect(JSON.parse(readFileSync(file, 'utf8')).reasons).toEqual(['mended', 'first']);
    expect((await gate(mine)).status).toBe(0);
  });

  test('leniently: what it lacks is left out, and said', async () => {
    const file = join(folder, '.daxstorm', 'baselines', 'before.json');
    const value = JSON.parse(readFileSync(file, 'utf8'));
    value.scenarios.pop();
    writeFileSync(join(folder, 'part.json'), JSON.stringify(value));
    const part = ['--filter', '1G*'];
    const strict = await gate(['--baseline', 'part.json', ...part]);
    expect([strict.status, strict.stderr]).toEqual([2, expect.stringContaining('it lacks')]);
    const lenient = await gate(['--baseline-lenient', 'part.json', ...part]);
    expect([lenient.status, lenient.stdout]).toEqual([
      0,
      expect.stringMatching(/\d+ are not in it and were not compared: 1G read/),
    ]);
  });
});

describe('a trace', () => {
  test('the same trace passes; a program that touches more fails', async () => {
    const first = await gate(['--trace', 'redis.txt', '--update', '--reason', 'first']);
    expect(first.stdout).toMatch(/baselines\/redis\.json: \d+ operations of 3 scenarios; new\n$/);
    expect((await gate(['--trace', 'redis.txt'])).status).toBe(0);
    const { status, stdout } = await gate(['--trace', 'later/redis.txt', '--explain']);
    expect(status).toBe(3);
    expect(stdout).toMatch(/operations, replay +2,000 +→ +2,100 +\+5\.0 %/);
    expect(stdout).toContain("daxstorm gate --trace 'later/redis.txt' --update");
    expect((await gate(['--trace', 'later/redis.txt', '--limit', '*=+10%'])).status).toBe(0);
  });
});

describe('what other programs read', () => {
  test('JSON, JUnit, Markdown and history, each whole', async () => {
    const files = ['--json', 'r.json', '--junit', 'r.xml', '--markdown', 'r.md'];
    const history = ['--bmf', 'bmf.json', '--smaller-is-better', 'small.json'];
    const args = [...BEFORE, '--head', extra, '--filter', '4K sequential', ...files, ...history];
    const { status, stdout, stderr } = await gate(args);
    expect([status, stdout, stderr]).toEqual([3, '', 'regression: a count moved\n']);
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const result = JSON.parse(read('r.json'));
    expect(z.object(gateBody).parse(result)).toMatchObject({ verdict: 'regression' });
    expect(read('r.xml')).toMatch(/<testsuite name="counts" tests="\d+" failures="1"/);
    expect(read('r.md')).toContain('### daxstorm gate: regression: a count moved');
    expect(JSON.parse(read('bmf.json'))['4K sequential/refcount/fault'].rmwRefcount.value).toBe(2);
    expect(JSON.parse(read('small.json'))).toContainEqual({
      name: '4K sequential/refcount/fault: rmwRefcount',
      unit: 'an operation',
      value: 2,
    });
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('in a GitHub Action: annotations, and the summary of the step', async () => {
    const summary = join(folder, 'summary.md');
    writeFileSync(summary, 'before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const { stderr } = await gate([...BEFORE, '--head', extra, '--filter', '4K read'], { env });
    expect(stderr).toMatch(/^::error title=a count moved::_refcount RMWs \/ fault 1 → 2 \(/m);
    expect(readFileSync(summary, 'utf8')).toMatch(/^before\n### daxstorm gate: regression/);
  });
});

describe('what there is', () => {
  test('--list names every operation', async () => {
    const { status, stdout } = await gate(['--list', '--filter', '2M sequential/devmap']);
    expect([status, stdout]).toEqual([
      0,
      ['fault', 'pin', 'unpin', 'munmap']
        .map((name) => `2M sequential/devmap/${name}  (timed)\n`)
        .join(''),
    ]);
  });

  test.runIf(ALL)(
    '--dry-run says what it would do, against another revision of this checkout',
    async () => {
      const env = { XDG_CACHE_HOME: join(folder, 'cache') };
      const args = [...BEFORE, '--base', 'HEAD', '--dry-run', '--seed', '5'];
      const { status, stdout, stderr } = await gate(args, { env });
      // HEAD may be of another layout than a working tree that is being worked on.
      if (status === 2)
        expect(stderr).toMatch(/core of HEAD .* another memory layout .*\[E_ABI\]\n$/);
      else
        expect(stdout).toMatch(/base HEAD \([0-9a-f]{12}\), head this build, 20 to 60 s, seed 5/);
      const kept = readdirSync(join(folder, 'cache', 'daxstorm', 'cores'));
      expect(kept).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)]);
    },
    300_000,
  );

  test('a published version: what npm packs of it, fetched once', async () => {
    // An npm that has one package, and says what it was asked for.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const npm = [
      '#!/bin/sh',
      `echo "$@" >> '${join(folder, 'asked.txt')}'`,
      `mkdir -p package/dist && cp -r '${join(PACKAGE_ROOT, 'dist', 'wasm')}' package/dist/wasm`,
      `tar -czf d.tgz package && rm -r package && echo '[{"filename":"d.tgz"}]'`,
    ].join('\n');
    writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 });
    const path = `${bin}:${process.env['PATH']}`;
    const env = { XDG_CACHE_HOME: join(folder, 'cache-npm'), PATH: path };
    for (const base of ['9.8.7', 'daxstorm@9.8.7']) {
      const { status, stdout } = await gate([...BEFORE, '--base', base, '--dry-run'], { env });
      expect([status, stdout]).toEqual([0, expect.stringContaining('base daxstorm@9.8.7, head')]);
    }
    expect(readFileSync(join(folder, 'asked.txt'), 'utf8')).toBe(
      'pack daxstorm@9.8.7 --ignore-scripts --json\n',
    );
    expect(readdirSync(join(folder, 'cache-npm', 'daxstorm', 'cores'))).toEqual(['npm-9.8.7']);
  });

  test('help', async () => {
    const { status, stdout } = await gate(['--help']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Examples:\n')]);
    expect(stdout).not.toContain('undefined');
  });
});

test('Ctrl-C stops cleanly and says so, whatever was under way', async () => {
  const base = join(PACKAGE_ROOT, 'dist', 'wasm');
  const args = ['gate', ...BEFORE, '--base', base, '--time', '60', '--filter', '1G*'];
  const { status, stdout, stderr } = await daxstorm(args, 3000, { cwd: folder, env: QUIET });
  expect(status).toBe(130);
  expect(stdout).toMatch(/\ninterrupted\n$/);
  expect(stderr).toBe('stopping after the block in hand; Ctrl-C again quits at once\n');
});

describe('refused in one line, with nothing run', () => {
  const LINE = /^daxstorm: [^\n]+; [^\n]+ \[(E_\w+)\]\n$/;
  beforeAll(() => {
    const whole = readFileSync(join(folder, '.daxstorm', 'baselines', 'before.json'), 'utf8');
    writeFileSync(join(folder, 'torn.json'), whole.slice(0, 5000));
    writeFileSync(join(folder, 'v9.json'), whole.replace('baseline.v1', 'baseline.v9'));
    writeFileSync(join(folder, 'renamed.json'), whole.replace('"4K uniform"', '"4K other"'));
    writeFileSync(join(folder, 'text.wasm'), 'no module');
    // A module that is no core: it has no exports at all.
    writeFileSync(join(folder, 'empty.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    mkdirSync(join(folder, 'nothing'));
  });

  test.each([
    [['--baseline', 'none'], 'E_BASELINE', /'\.daxstorm\/baselines\/none\.json' is not there/],
    [['--baseline', 'torn.json'], 'E_BASELINE', /is torn/],
    [['--baseline', 'v9.json'], 'E_BASELINE', /has schema 'daxstorm\/baseline\.v9'/],
    [['--baseline', 'renamed.json'], 'E_BASELINE', /another scenario set/],
    [['--baseline', 'nothing'], 'E_BASELINE', /is not there/],
    [['--baseline', './nothing'], 'E_BASELINE', /cannot be read: EISDIR/],
    [['--update'], 'E_USAGE', /--update wants to know why/],
    [['--update', '--reason', ' '], 'E_USAGE', /--update wants to know why/],
    [['--reason', 'x'], 'E_USAGE', /--reason is of --update/],
    [['--update', '--reason', 'x', '--filter', '4K*'], 'E_USAGE', /whole or not at all/],
    [['--baseline', 'a', '--baseline-lenient', 'b'], 'E_USAGE', /both name a baseline/],
    [['--counts-only', '--base', 'x'], 'E_USAGE', /times nothing/],
    [['--time', '30', '--max-time', '20'], 'E_USAGE', /--max-time 20 is below --time 30/],
    [['--limit', 'rmwRefcount=2'], 'E_VALUE', /limit 'rmwRefcount=2'/],
    [['--margin', '5'], 'E_VALUE', /--margin '5' is no share/],
    [['--margin', '=5%'], 'E_VALUE', /--margin '=5%'/],
    [['--fail-on', 'mean:5%'], 'E_VALUE', /on 'mean'/],
    [['--filter', 'nothing/like/it'], 'E_VALUE', /names none/],
    [['--seed', '-1'], 'E_VALUE', /--seed '-1'/],
    [['--base', 'no-such-revision'], 'E_CORE', /no revision of this checkout/],
    [['--base', '--help-me'], 'E_CORE', /no revision of this checkout/],
    [['--base', 'nothing'], 'E_CORE', /holds no build/],
    [['--base', 'none.wasm'], 'E_FILE', /cannot read 'none\.wasm': ENOENT/],
    [['--base', 'text.wasm'], 'E_ABI', /no WebAssembly module/],
    [['--base', 'empty.wasm'], 'E_ABI', /no core of daxstorm/],
    [['--trace', 'none.txt'], 'E_FILE', /no such file/],
    [['--junit', 'none/x.xml'], 'E_FILE', /cannot write/],
  ] as const)('gate %j', async (args, code, message) => {
    const { status, stdout, stderr } = await gate(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(LINE.exec(stderr)?.[1]).toBe(code);
    expect(stderr).toMatch(message);
  });

  test('a base that only counts cannot be timed', async () => {
    const { status, stderr } = await gate([...BEFORE, '--base', extra]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('no timed build')]);
  });

  test('a head that only times, without a base, is no gate at all', async () => {
    const head = join(PACKAGE_ROOT, 'dist', 'wasm', 'devmap-timed-line.wasm');
    const { status, stderr } = await gate([...BEFORE, '--head', head]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('nothing to compare')]);
  });
});

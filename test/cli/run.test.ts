// daxstorm run, and latencies, spawned.

import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL } from '../all.ts';
import { daxstorm } from './spawn.ts';

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  file = join(folder, 'small.yaml');
  writeFileSync(file, SMALL);
});
afterAll(() => rm(folder, { recursive: true }));

const SMALL = `name: small
matrix:
  align: [4K, 2M]
device: { size: 64MiB, align: "\${{ matrix.align }}" }
phases:
  - { phase: fault, title: all of it }
  - { phase: fault, pattern: zipf, touches: 1000 }
  - { phase: pin, longterm: true }
  - { phase: unpin }
  - { phase: mprotect, protection: read }
  - { phase: exit }
`;

interface Instructions {
  readonly kernels: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
  readonly error?: { readonly median: number };
}

interface RunJson {
  readonly schema: string;
  readonly scenarios: readonly {
    readonly title: string;
    readonly workload: string;
    readonly seed: number;
    readonly device: { readonly align: string };
    readonly rows: readonly {
      readonly phase: string;
      readonly title: string;
      readonly per: string;
      readonly counted: Readonly<
        Record<string, { readonly operations: number; readonly events: Record<string, number> }>
      >;
      readonly recorded?: Instructions;
      readonly predicted?: Instructions;
      readonly emulated: { readonly ns: Record<string, number>; readonly ratios: object };
    }[];
    readonly whole: { readonly ratios: { readonly refcount: { readonly value: number } } };
  }[];
}

async function runJson(...args: readonly string[]): Promise<RunJson> {
  const { status, stdout, stderr } = await daxstorm(['run', ...args, '--time', '0.1', '--json']);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as RunJson;
}

describe('run', () => {
  test('--list names every ready scenario with a line', async () => {
    const { status, stdout } = await daxstorm(['run', '--list']);
    expect(status).toBe(0);
    for (const name of ['vm-vfio', 'database-restart', 'fork-per-request', 'rdma-registration']) {
      expect(stdout).toMatch(new RegExp(`^${name} +\\d+ +\\w`, 'm'));
    }
    expect(stdout).toMatch(/^file-server-churn +2 /m);
  });

  test('--dry-run says what would run, and takes a ready scenario by its name', async () => {
    const { status, stdout } = await daxstorm([
      'run',
      'vm-vfio',
      '--dry-run',
      '--filter',
      'align=1G',
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^VM boot with VFIO \(align=1G, leaf=1GiB\): 1G units, 4 GiB device/);
    expect(stdout).toMatch(/VFIO pins all of it, longterm +2,048 +call +1\n/);
    expect(stdout).not.toContain('align=2M');
  });

  test('a table a case: kinds of number apart, touches explained, the whole round', async () => {
    const { status, stdout, stderr } = await daxstorm(['run', file, '--time', '0.1', '--counts']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^small \(align=4K\): 4K units, 64 MiB device, map=mem, 1 process; seed 1/,
    );
    expect(stdout).toMatch(
      /recorded: instructions.*predicted: instructions.*counted.*emulated here/,
    );
    expect(stdout).toMatch(/all of it +16,384 +touch +3,201 +3,015 +0\.94× +— +— +— +— +0 +2 /);
    expect(stdout).toMatch(
      /pin 512 pages \(2 MiB\) to write, longterm +32 +call +252,764 +10,230 +0\.040×/,
    );
    expect(stdout).toMatch(/mprotect to read +32 +leaf +— +— +— +[\d.]+ +[\d.]+ +[\d.]+× +\? /);
    expect(stdout).toContain('of 1,000 touches 0 faulted and 1,000 found the unit mapped');
    expect(stdout).toMatch(/a whole round, in ms/);
    expect(stdout).toMatch(/minor faults +16,384 +0 +0 +0 +0/);
    expect(stdout).toContain('no claim about kernel time');
  });

  test('JSON: recorded where it was recorded, predicted with its error where not', async () => {
    const { schema, scenarios } = await runJson(file, '--filter', 'align=2M', '--seed', '7');
    expect(schema).toBe('daxstorm/result.v1');
    expect(scenarios).toHaveLength(1);
    const [only] = scenarios;
    expect([only?.title, only?.seed]).toEqual(['small (align=2M)', 7]);
    for (const row of only?.rows ?? []) {
      expect([row.recorded, row.predicted].filter(Boolean), row.title).toHaveLength(1);
      expect(Object.keys(row.emulated.ns)).toEqual(['devmap', 'refcount']);
    }
    const rows = Object.fromEntries((only?.rows ?? []).map((row) => [row.title, row]));
    expect(rows['all of it']?.recorded?.kernels).toEqual({ devmap: 1938.05, refcount: 1841.85 });
    expect(rows['unpin']?.recorded?.kernels['devmap']).toBeCloseTo(512 * 11.19, 6);
    // 32 leaves a call are fewer than the recordings had: a call's own cost shows.
    expect(rows['exit']?.predicted?.error?.median).toBeGreaterThan(0);
    expect(rows['exit']?.counted['refcount']?.events['leafClear']).toBe(32);
    expect(only?.whole.ratios.refcount.value).toBeGreaterThan(0);
  });

  test('the same file and seed, the same workload and counts', async () => {
    const once = () => runJson(file, '--filter', 'align=2M');
    const [one, same] = await Promise.all([once(), once()]);
    const counted = (result: RunJson) =>
      result.scenarios.map(({ rows }) => rows.map((row) => row.counted));
    expect(counted(same)).toEqual(counted(one));
    expect(same.scenarios.map(({ workload }) => workload)).toEqual(
      one.scenarios.map(({ workload }) => workload),
    );
  });

  test('an operation that a protection forbids is a mistake of the file, at its place', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(
      bad,
      'name: bad\ndevice: { size: 2MiB, align: 4K }\nphases:\n  - { phase: mprotect, protection: read }\n  - { phase: pin }\n',
    );
    const { status, stdout, stderr } = await daxstorm(['run', bad]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `daxstorm: ${bad}:5:5: 1 operations of 'pin 512 pages (2 MiB) to write' failed on devmap; permit them with an mprotect phase before it [E_SCENARIO]\n`,
    );
  });

  test.each([
    [['run'], 'no scenario is named; see daxstorm run --list [E_USAGE]'],
    [['run', 'vm-vfoi'], 'did you mean vm-vfio? [E_FILE]'],
    [['run', 'vm-vfio', '--filter', 'align=8M'], '[E_VALUE]'],
    [['run', 'vm-vfio', '--seed', 'x'], "--seed 'x' is not a whole number"],
  ])('daxstorm %j is refused in one line', async (args, says) => {
    const { status, stdout, stderr } = await daxstorm(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('Ctrl-C prints what was measured, exit status 130', async () => {
    const out = join(folder, 'stopped.json');
    const args = ['run', file, '--time', '60', '--json', out];
    const { status } = await daxstorm(args, 4000);
    expect(status).toBe(130);
    const { scenarios } = JSON.parse(readFileSync(out, 'utf8')) as RunJson;
    expect(scenarios).toHaveLength(1);
  });
});

describe('--latency', () => {
  test.runIf(ALL)('storm prints percentiles under its tables', async () => {
    const args = ['storm', '--size', '16MiB', '--time', '0.1', '--latency', '--pattern', 'hotPage'];
    const { status, stdout } = await daxstorm(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/p50 +p90 +p99 +p99\.9 +p99\.99 +max/);
    expect(stdout).toMatch(/write touch of a 4K unit +devmap +[\d,]+ +\d+ +\d+ /);
    expect(stdout).toMatch(/clock: performance\.now\(\).*resolves \d/);
    expect(stdout).toContain('nothing is subtracted');
  });

  test.runIf(ALL)('compare keeps them apart from the A/B, in JSON too', async () => {
    const args = [
      'compare',
      '--align',
      '2M',
      '--size',
      '64MiB',
      '--time',
      '0.1',
      '--latency',
      '--json',
    ];
    const { status, stdout } = await daxstorm(args);
    expect(status).toBe(0);
    const [comparison] = JSON.parse(stdout).comparisons;
    expect(comparison.latency.rows).toHaveLength(8);
    expect(comparison.latency.overheadNs).toBeGreaterThan(0);
    for (const row of comparison.rows) expect(row).not.toHaveProperty('latency');
  });
});

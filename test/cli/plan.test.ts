// daxstorm plan, spawned: what a planner types and reads.
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { daxstorm } from './spawn.ts';

let folder = '';

const MIXED = `
name: mixed host
dram: 512GiB
processes: 16
regions:
  - { name: optane, kind: pmem, size: 3TiB, count: 2, interleave: 6 }
  - { name: cxl, kind: dynamic, size: 256GiB, bandwidthGBps: 36 }
`;

const FILES: Readonly<Record<string, string>> = {
  'mixed.yaml': MIXED,
  'unknown.yaml': 'regions:\n  - size: 1TiB\n    interleav: 6\n',
  'broken.yaml': 'regions: [\n  - size: 1TiB\n',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true }));

function plan(args: string) {
  return daxstorm(['plan', ...args.split(' ').map((word) => word.replace('FOLDER', folder))]);
}

async function printed(args: string): Promise<string> {
  const { status, stdout, stderr } = await plan(args);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

/** The longest line of a text, in columns. */
function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => [...line].length));
}

describe('plan', () => {
  test('two sockets of Optane, 64 processes', async () => {
    const text = await printed('optane-2s --processes 64');
    expect(text).toMatch(/4K +mem +6 TiB +4 MiB +96 GiB +0 +384 KiB +12\.023 GiB +769\.5 GiB/);
    expect(text).toMatch(/2M +dev +5\.9062 TiB +96\.004 GiB +0 +96 GiB/);
    expect(text).toMatch(/1G +mem +5\.998 TiB +2 GiB +48 MiB +0 +192\.38 MiB +48 KiB +3 MiB/);
    // 3,201.35 and 3,014.72 recorded instructions on each of 1,610,611,712 pages, at 3 billion a second.
    expect(text).toMatch(/fault in, store by store +28\.6 min +27 min/);
    expect(text).toMatch(/or MADV_POPULATE_WRITE .* 3\.18 min +1\.89 s/);
    expect(text).toMatch(/or MAP_POPULATE +~\S+ min ±\d+ %/);
    expect(text).toContain('? extrapolated: no kernel was recorded with this unit size');
    expect(text).toContain('Recommended: 1G units, map=mem');
    expect(text).toContain(
      'ndctl create-namespace --region=region1 --size=3298534883328 --mode=devdax --align=1G --map=mem',
    );
    expect(widest(text)).toBeLessThanOrEqual(120);
  });

  test('a file of two kinds of memory', async () => {
    const text = await printed('FOLDER/mixed.yaml');
    expect(text).toContain(
      '2 × 3 TiB pmem, 6-way interleaved and 256 GiB dynamic, 512 GiB of DRAM',
    );
    expect(text).toContain('daxctl create-device --region=0 --size=274877906944 --align=1G');
    expect(text).toContain('Filling cxl once takes at least 7.6 s at its stated 36 GB/s.');
    expect(widest(text)).toBeLessThanOrEqual(120);
  });

  test('--list names every preset', async () => {
    const text = await printed('--list');
    expect(text).toMatch(/optane-8s +8 × 3 TiB pmem, 6-way interleaved +24 TiB +2026-11/);
    expect(text.trim().split('\n')).toHaveLength(16);
  });

  test('--json: every byte, every instruction', async () => {
    const found = JSON.parse(await printed('optane-2s --processes 64 --json')) as {
      kind: string;
      layouts: { unit: { name: string }; map: string; tableBytes: number }[];
      costs: { unit: string; release: string; map: string; steps: { instructions: number }[] }[];
      recommendation: object;
      commands: string[];
    };
    expect(found.kind).toBe('plan');
    expect(found.layouts.map((each) => `${each.unit.name} ${each.map}`)).toEqual(
      ['4K', '2M', '1G'].flatMap((unit) => [`${unit} mem`, `${unit} dev`]),
    );
    const cost = found.costs.find((each) => each.unit === '4K' && each.release === '6.12');
    const pages = (6 * 1024 ** 4 - 2 * 2 * 1024 ** 2) / 4096;
    expect(cost?.steps[0]?.instructions).toBeCloseTo(3201.35 * pages, -2);
    expect(found.recommendation).toMatchObject({ unit: { name: '1G' }, map: 'mem' });
    expect(found.commands).toHaveLength(2);
  });

  test('--json FILE writes a whole file', async () => {
    expect(await printed('optane-128 --json FOLDER/plan.json')).toBe('');
    expect(existsSync(join(folder, 'plan.json'))).toBe(true);
  });
});

describe('plan --what-if', () => {
  test('we upgrade 6.12 to 7.3: what changes', async () => {
    const text = await printed('optane-2s --kernel 6.12 --align 2M --what-if 7.3');
    expect(text).toMatch(/nr_memmap_pages shows +25,165,824 +6,291,456 +0\.25×/);
    expect(text).toMatch(/resident set, a process +0 +6 TiB +\+6 TiB/);
    expect(text).toMatch(/munmap all +\S+ ms +\S+ ms +3\.51×/);
    expect(text).toMatch(/or MADV_POPULATE_WRITE +3\.18 min +1\.89 s +÷ 101/);
    expect(text).toContain('half a percent: usable 6 TiB; struct pages in DRAM 24 GiB');
    expect(widest(text)).toBeLessThanOrEqual(120);
  });

  test('--json', async () => {
    const text = await printed('optane-128 --kernel 6.12 --what-if 7.3 --align 4K --json');
    const { kind, comparisons } = JSON.parse(text) as { kind: string; comparisons: unknown[] };
    expect(kind).toBe('what-if');
    expect(comparisons).toHaveLength(1);
  });
});

const REFUSED: readonly (readonly [args: string, code: string, says: string])[] = [
  ['--kernel 6.12', 'E_USAGE', 'give a preset (--list), a YAML or JSON file, or --size'],
  ['optan-2s', 'E_PLAN', "no preset 'optan-2s'; did you mean optane-2s?"],
  ['FOLDER/missing.yaml', 'E_FILE', 'there is no such file'],
  ['FOLDER', 'E_FILE', 'it is a directory'],
  [
    'FOLDER/unknown.yaml',
    'E_PLAN',
    "unknown key 'interleav' in regions[0]; did you mean interleave?",
  ],
  ['FOLDER/broken.yaml', 'E_PLAN', 'is no YAML'],
  ['--size 1GiB --align 1G', 'E_DEVICE_SIZE', 'leaves no whole 1G unit'],
  ['--size 3MiB', 'E_DEVICE_SIZE', 'is 3145728 bytes, no multiple of 2MiB; use 2097152'],
  ['optane-2s --processes 0', 'E_VALUE', "--processes '0'"],
  ['optane-2s --kind pmem', 'E_PLAN', '--kind cannot'],
  ['optane-2s --what-if alin=2M', 'E_PLAN', "unknown key 'alin'; did you mean align?"],
  ['optane-2s --json FOLDER/none/x.json', 'E_FILE', 'ENOENT'],
];

describe('plan refuses', () => {
  test.each(REFUSED)('%s: %s', async (args, code, says) => {
    const { status, stdout, stderr } = await plan(args);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
    expect(stderr).toMatch(new RegExp(`^daxstorm: .*; .* \\[${code}\\]\n$`));
    expect(status).toBe(2);
  });
});

// validate and explain, spawned.
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { daxstorm } from './spawn.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  const row = (op: string, median: number) =>
    JSON.stringify({
      ...{ align: '4K', map: 'mem', op, unit: 'page', n: 4096, reps: 7 },
      ...{ median, min: median, max: median },
    });
  for (const name of ['none', 'bad', 'good']) mkdirSync(join(folder, name));
  mkdirSync(join(folder, 'deep', 'icount-7.3.jsonl'), { recursive: true });
  writeFileSync(join(folder, 'bad', 'icount-7.3.jsonl'), `${row('write_fault', 3000)}\nwhat?\n`);
  const rows = [row('gup_get_fast_w_b16_get', 220), row('mremap_moved', 5), row('dontneed', 463)];
  writeFileSync(join(folder, 'good', 'icount-7.3.jsonl'), `${rows.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

describe('validate', () => {
  test('the recordings at hand: every release, the model, the steps, the summary', async () => {
    const { status, stdout, stderr } = await daxstorm(['validate']);
    expect([status, stderr]).toEqual([0, '']);
    for (const release of ['6.1', '6.12', '6.16', '6.18', '7.3']) {
      expect(stdout).toContain(`Linux ${release}: instructions, observed and predicted`);
    }
    expect(stdout).toMatch(/4K +write_fault +4K +3,015 +2,9\d\d +-0\.\d %/);
    expect(stdout).toMatch(/4K +munmap_written +3\.50× +3\.5\d× +1\.07× +1\.0\d×/);
    expect(stdout).toMatch(/memfd +munmap_written +1\.14× +— +1\.10× +—/);
    expect(stdout).toMatch(/Predicted rows: 274, median error 0\.\d %, largest 1\d\.\d %/);
    expect(stdout).toMatch(/Ratios 7\.3 ÷ 6\.12: 82, .* within 10 %: 100\.0 %/);
  });

  test('--truth: rows that the fit has not seen, and those it cannot predict', async () => {
    const { status, stdout, stderr } = await daxstorm([
      'validate',
      '--truth',
      join(folder, 'good'),
    ]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/gup_get_fast_w_b16_get +page +220 +2\d\d +[-+]\d\.\d % +unseen/);
    expect(stdout).toMatch(/mremap: no recording of it to fit a price to\n +mremap_moved \(7\.3\)/);
    expect(stdout).not.toContain('Linux 6.12: instructions');
    expect(stdout).toContain('unseen by the fit: 1,');
  });

  test('--json', async () => {
    const { status, stdout } = await daxstorm(['validate', '--json']);
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as {
      rows: object[];
      models: { release: string; instructions: Record<string, number | null> }[];
    };
    expect(found).toMatchObject({ schema: 'daxstorm/result.v1', kind: 'validate' });
    expect(found.rows).toHaveLength(274);
    expect(found.models.map(({ release }) => release)).toEqual([
      '6.1',
      '6.12',
      '6.16',
      '6.18',
      '7.3',
    ]);
    expect(found.models[2]?.instructions['pgmap']).toBeNull();
  });

  test.each([
    ['FOLDER/missing', 'E_FILE', 'there is no such folder'],
    ['FOLDER/none', 'E_FILE', 'no icount-RELEASE.jsonl in'],
    ['FOLDER/bad/icount-7.3.jsonl', 'E_FILE', 'ENOTDIR'],
    ['FOLDER/deep', 'E_FILE', 'EISDIR'],
    ['FOLDER/bad', 'E_RECORDING', "icount-7.3.jsonl:2 is no JSON object: 'what?'"],
  ])('--truth %s: %s', async (truth, code, says) => {
    const args = ['validate', '--truth', truth.replace('FOLDER', folder)];
    const { status, stdout, stderr } = await daxstorm(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
    expect(stderr).toMatch(new RegExp(`^daxstorm: .*; .* \\[${code}\\]\n$`));
  });
});

describe('explain', () => {
  test('without an operation: the list', async () => {
    const { status, stdout } = await daxstorm(['explain']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^munmap +4K, 2M /m);
  });

  test('one operation, one unit size', async () => {
    const { status, stdout, stderr } = await daxstorm(['explain', 'munmap', '--align', '2M']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/zap_huge_pmd +51 +139 +\+88/);
    expect(stdout).toMatch(/not among the fourteen largest +19\.1 +170/);
    expect(stdout).toMatch(/total +223 +750 +\+527/);
    expect(stdout).toContain('3.36×');
    expect(stdout).not.toContain('4K units');
  });

  test('--json has both unit sizes', async () => {
    const { stdout } = await daxstorm(['explain', 'pin', '--json']);
    const { explanations } = JSON.parse(stdout) as { explanations: { align: string }[] };
    expect(explanations.map(({ align }) => align)).toEqual(['4K', '2M']);
  });

  test.each([
    ['explain fork', "operation 'fork' was not split"],
    ['explain fault --align 1G', 'for 1G units'],
  ])('daxstorm %s', async (args, says) => {
    const { status, stdout, stderr } = await daxstorm(args.split(' '));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });
});

// Every command of docs/sweeps.md, run in its order where `standard` is a small file of that name.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { planSweep } from '../../host/sweep/plan.ts';
import { daxstorm } from '../cli/spawn.ts';
import { makeFolder } from './small.ts';

const PAGE = readFileSync(join(PACKAGE_ROOT, 'docs', 'sweeps.md'), 'utf8');
const MINE = 'name: mine\ndevice: { size: 4MiB, align: 2M }\nphases:\n  - phase: fault\n';

let folder = '';
beforeAll(() => {
  folder = makeFolder();
  renameSync(join(folder, 'small.yaml'), join(folder, 'standard'));
  writeFileSync(join(folder, 'my.yaml'), MINE);
  writeFileSync(join(folder, 'other.yaml'), MINE.replace('mine', 'other'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Commands in a block of shell, or within a sentence. */
const COMMANDS = [
  ...(/```sh\n([\s\S]+?)```/.exec(PAGE)?.[1] ?? '').matchAll(/^daxstorm ([^#\n]+)/gm),
  ...PAGE.matchAll(/`daxstorm (report [^`]+)`/g),
].map(([, args = '']) => args.trim());

test('the page shows commands of every kind', () => {
  expect(COMMANDS.length).toBeGreaterThan(9);
  for (const flag of ['--shard', '--status', '--failed', '--list', '--dry-run', '--seed', '--html'])
    expect(COMMANDS.some((command) => command.includes(flag))).toBe(true);
});

test.each(COMMANDS)('daxstorm %s', async (command) => {
  // Not so long as the page says.
  const args = command.replace('--time 5', '--time 0.1').split(' ');
  const { status, stderr } = await daxstorm(args, undefined, { cwd: folder });
  expect([status, stderr]).toEqual([0, '']);
});

test('the size of the standard grid is what the page says', () => {
  const [, said] = /# (\d+) scenarios, kept/.exec(PAGE) ?? [];
  expect(
    planSweep([join(PACKAGE_ROOT, 'data', 'sweeps', 'standard.yaml')], undefined).scenarios,
  ).toHaveLength(Number(said));
});

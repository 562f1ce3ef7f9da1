// daxstorm scale, as a user runs it.

import { expect, test } from 'vitest';
import { ALL } from '../all.ts';
import { daxstorm } from './spawn.ts';

const SMALL = ['--size', '64MiB', '--time', '0.1', '--threads', '2'];

test('a curve a phase and kernel, from one thread on, and what it is no claim about', async () => {
  const { status, stdout, stderr } = await daxstorm(['scale', '--align', '2M', ...SMALL]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/threads 1 to 2 on \d+ CPUs: an address space each/);
  expect(stdout).toMatch(/seed 1, workload [0-9a-f]{12}/);
  for (const title of ['map a unit, unmap it', 'pin 64 pages, a call', 'unpin 64 pages, a call']) {
    const [, table = ''] = stdout.split(`\n${title} `);
    expect(table).toMatch(/devmap +1 .*\n +2 .*×.*\n +refcount +1 .*\n +2 .*×/);
  }
  expect(stdout).toMatch(/emulated here/);
  expect(stdout).toMatch(/no claim about kernel time/);
});

/* Of one address space together, in builds that are compiled first. */
test.each(ALL ? ['shared', 'own'] : ['own'])(
  '%s mm: every thread the same units, and one hot one',
  async (mm) => {
    for (const pattern of ['overlapping', 'hot']) {
      const args = ['scale', '--align', '2M', '--mm', mm, '--pattern', pattern, ...SMALL];
      const { status, stdout, stderr } = await daxstorm(args);
      expect([status, stderr], pattern).toEqual([0, '']);
      expect(stdout, pattern).toMatch(/refcount +1 .*\n +2 /);
    }
  },
);

test('one thread: a curve of one point', async () => {
  const { status, stdout } = await daxstorm([
    'scale',
    '--align',
    '1G',
    ...SMALL.slice(2),
    '--size',
    '4GiB',
    '--threads',
    '1',
  ]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/threads 1 to 1/);
});

test.each([
  [['--threads', '17'], /--threads '17' is not a whole number from 1 to 16.*\[E_VALUE\]/],
  [['--threads', '0'], /--threads '0'.*\[E_VALUE\]/],
  [['--mm', 'both'], /--mm.*shared, own.*\[E_VALUE\]/],
  [['--pattern', 'zipf'], /--pattern.*disjoint, overlapping, hot.*\[E_VALUE\]/],
  [['--size', '400GiB'], /one bank holds 4 GiB.*\[E_BANK_SPAN\]/],
  [
    ['--pattern', 'overlapping', '--size', '10GiB', '--threads', '1'],
    /a thread's op buffer holds 1048576; use a smaller --size \[E_STORM\]/,
  ],
])('%j: one line that says what is wrong', async (args, line) => {
  const { status, stdout, stderr } = await daxstorm(['scale', ...args]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(line);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('Ctrl-C: what was measured until then, status 130, no thread left behind', async () => {
  const { status, stdout, stderr } = await daxstorm(
    ['scale', '--align', '2M', '--size', '64MiB', '--threads', '2', '--time', '600'],
    4000,
  );
  expect(status).toBe(130);
  expect(stderr).toMatch(/stopping after the block in hand/);
  expect(stdout).toMatch(/refcount +1 /);
}, 30_000);

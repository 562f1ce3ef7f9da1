// daxstorm guard as a user runs it.
import { describe, expect, test } from 'vitest';
import { daxstorm } from './spawn.ts';

/** Making a build of the core takes seconds the first time. */
const BUILD_MS = 120_000;

describe('guard', () => {
  test(
    'the refusal, the damage in a table, the picture, and devmap beside it',
    async () => {
      const args = ['guard', '--grab', 'pin', '--first-page', '2', '--pin-pages', '62'];
      const { status, stdout } = await daxstorm(args);
      expect(status).toBe(0);
      expect(stdout).toContain('with the guard, as it is: the first touch ends in SIGBUS');
      expect(stdout).toContain('WARN_ON_ONCE in vmf_insert_folio_pmd');
      expect(stdout).toMatch(/page 1 +zone_device_data .*overwritten as _large_mapcount/);
      expect(stdout).toMatch(
        /page 2 +_refcount +1 +1 +1 +63489 +62465 +62465 +62,464 references leaked/,
      );
      expect(stdout).toMatch(
        /pages 3\.\.63 +_refcount +1 +1 +1 +1 +-1023 +-1023 +1,024 references/,
      );
      expect(stdout).toContain(`    0 .#+${'-'.repeat(61)}\n`);
      expect(stdout).toContain(`   64 ${'.'.repeat(64)}\n`);
      expect(stdout).toMatch(
        /devmap bit, which has no guard .*\n(.*\n)+ {2}every page is as it should be/,
      );
    },
    BUILD_MS,
  );

  test('JSON holds the same, a field history each', async () => {
    const { stdout } = await daxstorm(['guard', '--grab', 'get', '--json']);
    const { kind, hazard, order } = JSON.parse(stdout);
    const { runs } = order;
    expect([kind, hazard]).toEqual(['guard', 'order']);
    expect(runs.map(({ kernel }: { kernel: string }) => kernel)).toEqual(['refcount', 'devmap']);
    expect(runs[0].ranges[0]).toMatchObject({ first: 0, last: 0, refcountDelta: 511 });
  });

  test('compound pages off their units', async () => {
    const { status, stdout } = await daxstorm(['guard', 'compound']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/tails hold a pointer.*\n.*\n +0 +-261632 +head +wrong/);
    expect(stdout).toMatch(/tails hold a mask.*\n.*\n +0 +0 +tail +wrong/);
    expect(stdout).toContain('the first touch ends in SIGBUS');
  });

  test('an unaligned file offset is a trap, and said to be one', async () => {
    const { stdout } = await daxstorm(['guard', 'offset', '--offset-pages', '3']);
    expect(stdout).toMatch(/devmap +ok +ok +0x82000001000038e7 +0x3000 +12288 +0 +3/);
    expect(stdout).toMatch(/refcount +ok +ok +0x80000001000008e7 +0x0 +12288 +0 +3/);
    expect(stdout).toContain('trap');
  });
});

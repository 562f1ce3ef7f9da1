// Short contended histories are linearizable, and broken cores are seen not to be.

import { afterEach, describe, expect, test } from 'vitest';
import { COMPARED } from '../../host/kernel.ts';
import { ALIGN_NAMES } from '../../host/units.ts';
import { ALL } from '../all.ts';
import { type BrokenCore, brokenCore } from './broken.ts';
import { checkHistories } from './history.ts';
import { type Call, linearizes, type Model } from './linear.ts';

const SEED = 4711;

describe('the checker', () => {
  const counter: Model<number> = {
    start: 1,
    step: (count, { op, result }) =>
      op === 'put' ? count - 1 : result === (count > 0 ? 1 : 0) ? count + result : undefined,
    fits: (count) => count === 1,
  };
  const call = (thread: number, op: string, begin: number, end: number, result: number): Call => ({
    thread,
    op,
    begin,
    end,
    result,
  });

  test.each<readonly [string, boolean, readonly Call[]]>([
    ['a get before a put', true, [call(0, 'get', 0, 1, 1), call(1, 'put', 2, 3, 1)]],
    ['a get that overlaps a put', true, [call(0, 'get', 0, 3, 1), call(1, 'put', 1, 2, 1)]],
    ['a get after the last put', false, [call(0, 'put', 0, 1, 1), call(1, 'get', 2, 3, 1)]],
    ['a get that failed though nobody put', false, [call(0, 'get', 0, 1, 0)]],
    ['a get too many in the end', false, [call(0, 'get', 0, 1, 1)]],
  ])('%s: %s', (_, explained, calls) => {
    expect(linearizes(calls, counter)).toBe(explained);
  });
});

describe('try_get_folio against put (6.2, 9.1)', () => {
  test.each([2, 3])('devmap, %i threads', async (threads) => {
    const setting = { kernel: 'devmap', align: '4K', kind: 'get and put' } as const;
    const { wrong, checked } = await checkHistories({
      ...setting,
      threads,
      histories: 1500,
      seed: SEED,
    });
    expect(wrong).toBeUndefined();
    expect(checked).toBe(1500);
  });
});

describe.each(COMPARED)('%s: faults on one unit, and MADV_DONTNEED (5.6)', (kernel) => {
  test.each(ALIGN_NAMES)('%s: the second faulter takes nothing', async (align) => {
    const setting = { kernel, align, kind: 'fault and zap' } as const;
    const { wrong } = await checkHistories({ ...setting, threads: 3, histories: 300, seed: SEED });
    expect(wrong).toBeUndefined();
  });
});

describe('a core that is not linearizable is seen', () => {
  let broken: BrokenCore | undefined;
  afterEach(() => broken?.remove());

  test.runIf(ALL)(
    'try_get_folio stores what it added to what it saw',
    async () => {
      broken = await brokenCore('devmap', 'try_get_folio stores what it added to what it saw');
      const setting = { kernel: 'devmap', align: '4K', kind: 'get and put' } as const;
      const { wasm } = broken;
      const run = { ...setting, threads: 2, histories: 20_000, seed: SEED, wasm };
      expect((await checkHistories(run)).wrong).toMatch(/no order explains/);
    },
    120_000,
  );

  test.runIf(ALL)(
    'the second faulter of a huge leaf does not look again',
    async () => {
      broken = await brokenCore(
        'refcount',
        'the second faulter of a huge leaf does not look again',
      );
      const setting = { kernel: 'refcount', align: '2M', kind: 'fault and zap' } as const;
      const { wasm } = broken;
      const run = { ...setting, threads: 2, histories: 20_000, seed: SEED, wasm };
      expect((await checkHistories(run)).wrong).toMatch(/no order explains/);
    },
    120_000,
  );
});

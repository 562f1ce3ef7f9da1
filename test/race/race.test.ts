// Several threads on one bank. The long run of the same is npm run race.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMPARED } from '../../host/kernel.ts';
import { MM_KINDS } from '../../host/storm/crewStorm.ts';
import { ALIGN_NAMES } from '../../host/units.ts';
import { type BrokenCore, brokenCore } from './broken.ts';
import { contend, replayCommand } from './contend.ts';

const SEED = 20_261;
/** Two hundred thousand operations over all settings; mutants are given more. */
const OPS = Number(process.env['DAXSTORM_RACE_OPS'] ?? 17_000);

const SETTINGS = COMPARED.flatMap((kernel) =>
  ALIGN_NAMES.flatMap((align) => MM_KINDS.map((mm) => ({ kernel, align, mm }))),
);

describe('every counter is what the threads logged', () => {
  test.each(SETTINGS)('$kernel $align, $mm mm', async (setting) => {
    const options = { ...setting, threads: 2, ops: OPS, seed: SEED };
    const { wrong } = await contend(options);
    expect(wrong, replayCommand(options)).toEqual([]);
  });

  test('three threads, refcount 4K, one mm', async () => {
    const setting = { kernel: 'refcount', align: '4K', mm: 'shared' } as const;
    const options = { ...setting, threads: 3, ops: 2 * OPS, seed: SEED };
    const { wrong, second } = await contend(options);
    expect(wrong, replayCommand(options)).toEqual([]);
    expect(second).toBeGreaterThan(0);
  });
});

/* Two threads must meet within nanoseconds: how soon they do is the machine's, that they do is sure. */
const LOSING_OPS = 400_000;
const ATTEMPTS = 100;

describe('a core with plain adds', () => {
  let broken: BrokenCore;
  beforeAll(async () => {
    broken = await brokenCore('refcount', 'a reference is added by a load and a store');
  }, 120_000);
  afterAll(() => broken.remove());

  test('is seen to lose updates, and on one thread is not', async () => {
    const setting = { kernel: 'refcount', align: '2M', mm: 'own', wasm: broken.wasm } as const;
    const one = await contend({ ...setting, threads: 1, ops: OPS, seed: SEED });
    expect(one.wrong).toEqual([]);
    const lost: string[] = [];
    for (let i = 0; i < ATTEMPTS && lost.length === 0; i++) {
      const { wrong } = await contend({ ...setting, threads: 2, ops: LOSING_OPS, seed: SEED + i });
      lost.push(...wrong);
    }
    expect(lost.some((each) => /_refcount of unit/.test(each))).toBe(true);
  }, 300_000);
});

// The cost model against the recordings: facts of the data, the same on every machine.
import { describe, expect, test } from 'vitest';
import { crossValidate, summarise, unseenErrors } from '../../host/cost/crossValidation.ts';
import { countsFor, modelOf, predict, RECORDED_RELEASES } from '../../host/cost/model.ts';
import { parseOperation } from '../../host/cost/operation.ts';
import { PARAMETERS } from '../../host/cost/parameters.ts';
import { ownRecordings, validate } from '../../host/cost/validation.ts';
import type { KernelId } from '../../host/kernel.ts';
import type { Recording } from '../../host/measure/recorded.ts';
import type { AlignName } from '../../host/units.ts';

const OWN = validate(ownRecordings());

function counts(kernel: KernelId, align: AlignName, op: string): Readonly<Record<string, number>> {
  const operation = parseOperation(op);
  if (!operation) throw new Error(`${op} is no operation`);
  const found = countsFor(kernel, align, operation);
  return Object.fromEntries(PARAMETERS.map(({ name }, i) => [name, found[i] as number]));
}

function recording(align: string, op: string, median: number): Recording {
  const about = { map: 'mem', unit: 'page', n: 4096, reps: 7 };
  return { align, op, median, min: median, max: median, ...about };
}

describe('counts, a unit', () => {
  test.each([
    ['devmap', '4K', 'write_fault', { exception: 1, faultRetry: 1, fault: 1, mapRmw: 0 }],
    ['refcount', '2M', 'write_fault', { exception: 1, faultRetry: 0, fault: 1, mapRmw: 4 }],
    ['refcount', '2M', 'munmap_written', { leafClear: 1, mapRmw: 5, unmapCall: 1 / 512 }],
    ['devmap', '2M', 'populate_write', { walk: 513, pmdLock: 513, fault: 1, exception: 0 }],
    ['refcount', '2M', 'populate_write', { walk: 2, fault: 1 }],
    ['devmap', '2M', 'gup_pin_fast_w_b512_get', { pgmap: 1 / 512, grab: 1, pin: 1 }],
    ['refcount', '2M', 'gup_pin_fast_w_b512_get', { pgmap: 0, grab: 1 / 512, pin: 1 / 512 }],
    ['refcount', '4K', 'gup_pin_fast_wL_b1_get', { fastCall: 1, slowCall: 1, pin: 3, grab: 3 }],
    ['refcount', '4K', 'gup_pin_fast_rL_b16_get', { fastCall: 1 / 16, slowCall: 0, pin: 1 }],
    ['devmap', '4K', 'gup_pin_slow_w_b16_put', { putPage: 1, pin: 1, folioChange: 4095 / 4096 }],
    ['devmap', '4K', 'gup_pin_slow_w_b1_put', { putPage: 1, pin: 1, folioChange: 0 }],
    ['refcount', '2M', 'mprotect_r', { hugeProtect: 1, pteProtect: 0 }],
  ] as const)('%s %s %s', (kernel, align, op, expected) => {
    const found = counts(kernel, align, op);
    for (const [name, value] of Object.entries(expected)) expect(found[name]).toBeCloseTo(value, 9);
  });
});

describe('the fit', () => {
  test.each(RECORDED_RELEASES)('%s: no price is negative', (release) => {
    for (const price of modelOf(release).prices) expect(price ?? 0).toBeGreaterThanOrEqual(0);
  });

  test('median error within 5 %, none over 15 %, on every release', () => {
    for (const release of RECORDED_RELEASES) {
      const errors = summarise(
        OWN.rows.filter((row) => row.release === release).map(({ error }) => error),
      );
      expect(errors?.rows).toBeGreaterThanOrEqual(18);
      expect(errors?.median).toBeLessThan(0.05);
      expect(errors?.max).toBeLessThan(0.15);
    }
  });

  test('ratios of 7.3 to 6.12 within 10 %', () => {
    expect(OWN.ratios).toHaveLength(82);
    expect(OWN.summary.ratiosWithin10).toBe(1);
  });

  test('every recorded row is predicted or has a reason', () => {
    const all = [...ownRecordings().values()].flat().length;
    expect(OWN.rows.length + OWN.unpriced.length).toBe(all);
    expect(OWN.unpriced.filter(({ reason }) => /is in no recording/.test(reason))).toEqual([]);
  });

  test('prices that the per-function recordings show too', () => {
    const price = (name: string): number | undefined =>
      modelOf('7.3').prices[PARAMETERS.findIndex((each) => each.name === name)];
    // __gup_longterm_locked is 135 instructions there.
    expect(price('longtermCall')).toBeGreaterThan(110);
    expect(price('longtermCall')).toBeLessThan(160);
  });
});

describe('cross-validation', () => {
  test.each(['6.12', '7.3'] as const)('%s: better than "same as memfd"', (release) => {
    const all = crossValidate(release).find(({ family }) => family === 'all');
    const baseline = all?.baseline?.median ?? 0;
    expect(all?.withoutOperation?.median).toBeLessThan(0.05);
    expect(all?.withoutOperation?.median).toBeLessThan(baseline);
    expect(all?.withoutFamily?.max).toBeLessThan(all?.baseline?.max ?? 0);
  });

  test('of one family by itself: the same errors', () => {
    const all = crossValidate('7.3');
    for (const family of ['populate', 'munmap'] as const) {
      const known = all.find((each) => each.family === family);
      expect(unseenErrors('7.3', family)).toEqual(known?.withoutOperation);
    }
    expect(unseenErrors('7.3', 'mprotect')).toBeUndefined();
  });

  test('a summary counts on both sides of a limit', () => {
    expect(summarise([0.01, -0.05, 0.2, -0.1])).toEqual({
      rows: 4,
      median: 0.07500000000000001,
      max: 0.2,
      within5: 0.5,
      within15: 0.75,
    });
    expect(summarise([])).toBeUndefined();
  });
});

describe('rows that the fit has not seen', () => {
  test('a batch of 16 lies between batches of 1 and of 512, and is called unseen', () => {
    const truth = new Map([
      [
        '7.3',
        [
          recording('4K', 'gup_pin_fast_w_b1_get', 642.4),
          recording('4K', 'gup_pin_fast_w_b16_get', 280),
          recording('4K', 'gup_pin_fast_w_b512_get', 253.58),
        ],
      ],
    ]);
    const [one, sixteen, many] = validate(truth).rows;
    expect(sixteen?.standing).toBe('unseen');
    expect([one?.standing, many?.standing]).toEqual(['fitted', 'fitted']);
    expect(sixteen?.predicted).toBeLessThan(one?.predicted ?? 0);
    expect(sixteen?.predicted).toBeGreaterThan(many?.predicted ?? 0);
  });

  test('mprotect of 4K follows memfd, of 2M is a guess and says so', () => {
    const rows = [recording('4K', 'mprotect_r', 350), recording('2M', 'mprotect_r', 350)];
    const [small, huge] = validate(new Map([['7.3', rows]])).rows;
    expect(small?.standing).toBe('unseen');
    expect(Math.abs(small?.error ?? 1)).toBeLessThan(0.05);
    expect(huge?.standing).toBe('extrapolated');
  });

  test('what cannot be predicted is listed with the reason', () => {
    const gup = recording('2M', 'gup_get_fast_r_b1_get', 500);
    const truth = new Map([
      ['6.18', [gup]],
      ['6.99', [gup]],
      ['7.3', [recording('2M', 'mremap_moved', 500), { ...gup, median: 0 }]],
    ]);
    const { rows, unpriced } = validate(truth);
    expect(rows).toEqual([]);
    expect(unpriced.map(({ reason }) => reason)).toEqual([
      'an event of it is in no recording of 6.18',
      'no recordings of 6.99 to fit',
      'mremap: no recording of it to fit a price to',
      'nothing was observed, so there is no relative error',
    ]);
  });

  test('1G is extrapolated from 2M and 4K', () => {
    const { predicted } = validate(new Map([['7.3', [recording('1G', 'write_fault', 1800)]]]))
      .rows[0] as { predicted: number };
    expect(predicted).toBeGreaterThan(1000);
    expect(
      predict(
        modelOf('7.3'),
        PARAMETERS.map(() => 0),
      ),
    ).toBe(0);
  });
});

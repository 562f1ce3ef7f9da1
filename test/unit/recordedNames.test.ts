import { describe, expect, test } from 'vitest';
import { RECORDED_RELEASES } from '../../host/cost/model.ts';
import { familyOf, parseOperation, whyUnpriced } from '../../host/cost/operation.ts';
import { recordings } from '../../host/measure/recorded.ts';

describe('names of recorded operations', () => {
  test.each([
    ['write_fault', 'fault'],
    ['read_fault_again', 'fault'],
    ['write_after_read', 'touch'],
    ['populate_read', 'populate'],
    ['munmap_read', 'munmap'],
    ['mprotect_rw', 'mprotect'],
    ['gup_get_fast_r_b16_get', 'GUP fast get'],
    ['gup_pin_fast_w_b3_get', 'GUP fast pin'],
    ['gup_pin_fast_rL_b16_get', 'GUP longterm'],
    ['gup_pin_slow_w_b64_get', 'GUP slow'],
    ['gup_pin_slow_wL_b1_put', 'unpin'],
    ['gup_get_slow_w_b512_put', 'put'],
  ])('%s is of the family %s', (op, family) => {
    const operation = parseOperation(op);
    expect(operation && familyOf(operation)).toBe(family);
  });

  test('a GUP name is taken apart whole', () => {
    expect(parseOperation('gup_pin_slow_wL_b16_get')).toEqual({
      kind: 'gup',
      pin: true,
      path: 'slow',
      write: true,
      longterm: true,
      batch: 16,
      half: 'get',
    });
  });

  test.each([
    'gup_pin_fast_w_b0_get',
    'gup_pin_fast_w_b4097_get',
    'gup_pin_fast_x_b1_get',
    'gup_pin_fast_w_b1',
    'memfd_write_fault',
    'toString',
    '',
  ])("'%s' is no operation, and there is a reason", (op) => {
    expect(parseOperation(op)).toBeUndefined();
    expect(whyUnpriced(op)).not.toBe('');
  });

  test('every name in the recordings is an operation or has a reason of its own', () => {
    const names = RECORDED_RELEASES.flatMap((release) => recordings(release).map(({ op }) => op));
    const strange = names.filter(
      (op) => !parseOperation(op) && whyUnpriced(op) === whyUnpriced('no such scheme'),
    );
    expect(strange).toEqual([]);
  });
});

// What a plan's steps cost: recorded where a kernel was seen to do it, marked where not.
import { describe, expect, test } from 'vitest';
import { recordings } from '../../host/measure/recorded.ts';
import { STEPS, stepCost, unitCost } from '../../host/plan/operations.ts';
import { GIB, PAGE_BYTES } from '../../host/units.ts';

function step(id: string) {
  const found = STEPS.find((each) => each.id === id);
  if (!found) throw new Error(id);
  return found;
}

describe('one unit', () => {
  test('recorded: the median itself, with the spread of the repetitions', () => {
    const row = recordings('7.3').find((each) => each.align === '2M' && each.op === 'write_fault');
    const cost = unitCost('7.3', '2M', 'write_fault');
    expect(cost).toMatchObject({ basis: 'recorded', perUnit: row?.median, perMapping: 0 });
    const { median = 1, min = 0, max = 0 } = row ?? {};
    expect(cost?.error).toBeCloseTo(Math.max(max - median, median - min) / median, 12);
  });

  test('populating for reading was never recorded: predicted, near what writing costs', () => {
    const reading = unitCost('6.12', '2M', 'populate_read');
    const writing = unitCost('6.12', '2M', 'populate_write');
    expect(reading?.basis).toBe('predicted');
    expect(reading?.error).toBeGreaterThan(0);
    expect((reading?.perUnit ?? 0) / (writing?.perUnit ?? 1)).toBeCloseTo(1, 1);
  });

  test('1G units: extrapolated, with no error to show', () => {
    const cost = unitCost('7.3', '1G', 'write_fault');
    expect(cost).toMatchObject({ basis: 'extrapolated', error: undefined });
  });

  test('a munmap call costs once a mapping, not once for each of the few units emulated', () => {
    const cost = unitCost('7.3', '1G', 'munmap_written');
    const small = unitCost('7.3', '2M', 'munmap_written');
    expect(cost?.perMapping).toBeGreaterThan(1000);
    expect(cost?.perUnit).toBeLessThan(2 * (small?.perUnit ?? 0));
  });

  test('no pins were recorded on 6.16, so none are predicted', () => {
    expect(unitCost('6.16', '2M', 'gup_pin_slow_wL_b512_get')).toBeUndefined();
    expect(stepCost(step('pinVfio'), '6.16', '2M', extent(2 ** 21))).toBeUndefined();
  });
});

function extent(unitBytes: number) {
  return { leaves: GIB / unitBytes, mappedBytes: GIB, mappings: 1 };
}

describe('a GiB', () => {
  test('faults are by leaf, pins by page', () => {
    const fault = stepCost(step('fault'), '6.12', '2M', extent(2 ** 21));
    expect(fault?.instructions).toBeCloseTo(512 * 1938.05, 3);
    const pin = stepCost(step('pinVfio'), '6.12', '2M', extent(2 ** 21));
    expect(pin?.instructions).toBeCloseTo((GIB / PAGE_BYTES) * 493.1, 3);
  });

  test('a restart is an unmap and a fault of everything, as uncertain as the worse of them', () => {
    const cost = (id: string) => stepCost(step(id), '7.3', '4K', extent(PAGE_BYTES));
    const parts = (cost('unmap')?.instructions ?? 0) + (cost('fault')?.instructions ?? 0);
    expect(cost('restart')?.instructions).toBeCloseTo(parts, 3);
    expect(cost('restart')?.error).toBe(
      Math.max(cost('unmap')?.error ?? 0, cost('fault')?.error ?? 0),
    );
  });

  test('populating 2M units: a hundred times dearer on 6.12, which goes page by page', () => {
    const of = (release: '6.12' | '7.3') =>
      stepCost(step('populateWrite'), release, '2M', extent(2 ** 21))?.instructions ?? 0;
    expect(of('6.12') / of('7.3')).toBeGreaterThan(90);
  });
});

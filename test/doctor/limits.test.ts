// What a host can hold: the largest device of every kind under given limits, and what stops a larger one.
import { describe, expect, test } from 'vitest';
import { type Capacity, capacities } from '../../host/doctor/capacity.ts';
import { bankShape, dynamicDevice, sizeStepBytes, withRecords } from '../../host/syscall/device.ts';
import { ALIGNS, GIB, TIB } from '../../host/units.ts';
import { banksNeed } from '../../host/wasm/banks.ts';
import { binding, type Limit } from '../../host/wasm/limits.ts';

const PLENTY: Limit = { of: 'memory', name: 'MemAvailable', freeBytes: 2 ** 50, remedy: '' };

function memory(name: string, freeBytes: number): Limit {
  return { of: 'memory', name, freeBytes, remedy: '' };
}

function pick(found: readonly Capacity[], kind: Partial<Capacity>): Capacity {
  const match = (each: Capacity): boolean =>
    Object.entries(kind).every(([key, value]) => each[key as keyof Capacity] === value);
  return found.find(match) as Capacity;
}

/** Whether the counted banks of a device fit. */
function fits({ align, map, records }: Capacity, sizeBytes: number, limits: readonly Limit[]) {
  const device = withRecords(dynamicDevice(align, sizeBytes, map), records);
  try {
    return binding(banksNeed(bankShape(device, 1, true)), limits) === undefined;
  } catch {
    return false;
  }
}

describe('capacity', () => {
  const plenty = capacities([PLENTY]);

  test('what is said to fit does, and with plenty of memory a process is what ends it', () => {
    for (const found of plenty) {
      expect(found.sizeBytes).toBeGreaterThan(0);
      expect(fits(found, found.sizeBytes, [PLENTY])).toBe(true);
    }
    const giant = pick(plenty, { align: '1G', map: 'mem', records: 'line' });
    expect(giant).toMatchObject({ sizeBytes: 127 * TIB, bound: 'a process', banks: 254 });
    expect(pick(plenty, { align: '4K', records: 'packed' }).bound).toBe('a process');
  });

  test('a bank ends 4K units with line records: a step more does not fit', () => {
    const found = pick(plenty, { align: '4K', map: 'mem', records: 'line' });
    expect(found).toMatchObject({ bound: 'a bank', banks: 1 });
    expect(found.sizeBytes % ALIGNS['4K']).toBe(0);
    const room = 64 * GIB;
    expect(fits(found, found.sizeBytes + room + sizeStepBytes('4K'), [PLENTY])).toBe(false);
  });

  test('struct pages on the device take more of the bank than deduplicated ones', () => {
    const limits = [memory('MemAvailable', 16 * GIB)];
    for (const align of ['2M', '1G'] as const) {
      const [dram, device] = (['mem', 'dev'] as const).map((map) =>
        pick(capacities(limits), { align, map, records: 'line' }),
      );
      expect(dram?.sizeBytes).toBeGreaterThan(device?.sizeBytes ?? 0);
    }
  });

  test('packed records hold more than line, under the same limit', () => {
    const found = capacities([memory('MemAvailable', 16 * GIB)]);
    for (const align of ['4K', '2M'] as const) {
      const [line, packed] = (['line', 'packed'] as const).map((records) =>
        pick(found, { align, map: 'mem', records }),
      );
      expect(packed?.sizeBytes).toBeGreaterThan(2 * (line?.sizeBytes ?? 0));
    }
  });

  test('the limit that binds is named', () => {
    const found = capacities([PLENTY, memory('memory.max of cgroup /', GIB)]);
    const small = pick(found, { align: '4K', map: 'mem', records: 'line' });
    expect(small.bound).toBe('memory.max of cgroup /');
    expect(small.bytes).toBeLessThanOrEqual(GIB);
    expect(small.sizeBytes).toBeLessThan(
      pick(plenty, { align: '4K', map: 'mem', records: 'line' }).sizeBytes,
    );
  });

  test('address space for no memory at all: nothing fits; for two, two banks', () => {
    const of = 'addresses';
    const addresses = (freeBytes: number): Limit => ({
      of,
      name: 'RLIMIT_AS',
      freeBytes,
      remedy: '',
    });
    const none = capacities([PLENTY, addresses(9 * GIB)]);
    expect(none.map(({ sizeBytes, bound }) => [sizeBytes, bound])).toEqual(
      none.map(() => [0, 'RLIMIT_AS']),
    );
    const two = pick(capacities([PLENTY, addresses(25 * GIB)]), { align: '4K', records: 'packed' });
    expect(two).toMatchObject({ banks: 2, bound: 'RLIMIT_AS', sizeBytes: TIB });
  });
});

// Devices of several physical ranges: how they are laid out, and page numbers to addresses and back.
import { describe, expect, test } from 'vitest';
import {
  dynamicDevice,
  dynamicDeviceOfRanges,
  pageAtPhys,
  pgmapReferences,
  physOfPage,
  RANGES_MAX,
} from '../../host/syscall/device.ts';
import { ALIGN_NAMES, ALIGNS, GIB, MIB } from '../../host/units.ts';

describe('2.6 the size of a dynamic device is a multiple of its unit and of 2 MiB', () => {
  test.each([
    ['4K', 2 * MIB],
    ['2M', 2 * MIB],
    ['1G', GIB],
  ] as const)('%s: %i', (align, stepBytes) => {
    expect(dynamicDevice(align, stepBytes).sizeBytes).toBe(stepBytes);
    for (const off of [-4096, 4096, stepBytes / 2]) {
      expect(() => dynamicDevice(align, stepBytes + off)).toThrow(
        expect.objectContaining({ code: 'E_DEVICE_SIZE' }),
      );
    }
  });

  test('the hint says what would fit', () => {
    expect(() => dynamicDevice('4K', 3 * MIB)).toThrow(
      expect.objectContaining({
        message: 'size 3 MiB is not a positive multiple of 2 MiB',
        hint: 'use --size 4MiB',
      }),
    );
    expect(() => dynamicDevice('1G', 2 * GIB, 'mem', 3)).toThrow(
      expect.objectContaining({ hint: 'use --size 3GiB' }),
    );
  });
});

describe('ranges', () => {
  test.each(ALIGN_NAMES)('%s: a size spread over them, none touching the next', (align) => {
    const stepBytes = Math.max(ALIGNS[align], 2 * MIB);
    const device = dynamicDevice(align, 8 * stepBytes, 'mem', 3);
    expect(device.ranges.map(({ sizeBytes }) => sizeBytes / stepBytes)).toEqual([2, 3, 3]);
    expect(device.sizeBytes).toBe(8 * stepBytes);
    device.ranges.slice(1).forEach(({ physBytes }, i) => {
      const before = device.ranges[i];
      expect(physBytes).toBeGreaterThan((before?.physBytes ?? 0) + (before?.sizeBytes ?? 0));
    });
    expect(pgmapReferences(device)).toBe(1 + device.sizeBytes / device.unitBytes);
  });

  test('pages count on over the gap; addresses do not', () => {
    const device = dynamicDevice('2M', 8 * MIB, 'mem', 2);
    const [first, second] = device.ranges.map(({ physBytes }) => BigInt(physBytes));
    expect(physOfPage(device, 1023)).toBe((first ?? 0n) + 1023n * 4096n);
    expect(physOfPage(device, 1024)).toBe(second);
    for (const page of [0, 1, 1023, 1024, 2047]) {
      expect(pageAtPhys(device, physOfPage(device, page) + 4095n)).toBe(page);
    }
    expect(pageAtPhys(device, (first ?? 0n) + BigInt(4 * MIB))).toBeUndefined();
    expect(() => physOfPage(device, 2048)).toThrow();
  });

  test.each([
    ['none', []],
    ['too many', Array.from({ length: RANGES_MAX + 1 }, (_, i) => (8 + i) * GIB)],
    ['off the unit', [4 * GIB + MIB]],
    ['descending', [8 * GIB, 4 * GIB]],
    ['overlapping', [4 * GIB, 4 * GIB]],
    ['over the tables of the bank', [2 * GIB]],
  ])('refused: %s', (_name, starts) => {
    const ranges = starts.map((physBytes) => ({ physBytes, sizeBytes: 2 * MIB }));
    expect(() => dynamicDeviceOfRanges('2M', ranges)).toThrow(
      expect.objectContaining({ code: 'E_VALUE' }),
    );
  });

  test('struct pages on the device go with one range alone', () => {
    expect(() => dynamicDevice('2M', 8 * MIB, 'dev', 2)).toThrow(
      expect.objectContaining({ code: 'E_VALUE', hint: 'use --map mem, or --ranges 1' }),
    );
  });
});

// Namespace arithmetic against the table of semantics 2.6.
import { describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { dynamicDevice } from '../../host/syscall/device.ts';
import { layNamespace, type MapName } from '../../host/syscall/namespace.ts';
import { type AlignName, GIB, MIB, TIB } from '../../host/units.ts';

const START = 4 * GIB;

type Case = readonly [size: number, align: AlignName, map: MapName, usable: number];

const USABLE: readonly Case[] = [
  [TIB, '4K', 'mem', 1_099_509_530_624],
  [TIB, '2M', 'mem', 1_099_509_530_624],
  [TIB, '4K', 'dev', 1_082_329_661_440],
  [TIB, '2M', 'dev', 1_082_329_661_440],
  [TIB, '1G', 'mem', 1023 * GIB],
  [TIB, '1G', 'dev', 1007 * GIB],
  [16 * GIB, '2M', 'mem', 16 * GIB - 2 * MIB],
  [16 * GIB, '2M', 'dev', 16 * GIB - 258 * MIB],
  [16 * GIB, '1G', 'mem', 15 * GIB],
  [16 * GIB, '1G', 'dev', 15 * GIB],
  [4 * GIB, '2M', 'mem', 4 * GIB - 2 * MIB],
  [4 * GIB, '2M', 'dev', 4 * GIB - 66 * MIB],
];

describe('2.6 usable size of a namespace', () => {
  test.each(USABLE)('%i bytes, %s, map=%s', (size, align, map, usable) => {
    expect(layNamespace(START, size, align, map).usableBytes).toBe(usable);
  });

  test('pgmap references: the whole namespace with map=mem, what is usable with map=dev', () => {
    expect(layNamespace(START, 8 * GIB, '4K', 'mem').pgmapReferences).toBe(2_097_153);
    const dev = layNamespace(START, 8 * GIB, '2M', 'dev');
    expect(dev.pgmapReferences).toBe(1 + dev.usableBytes / (2 * MIB));
  });

  test('a 1 GiB namespace cannot have 1G units', () => {
    expect(() => layNamespace(START, GIB, '1G', 'mem')).toThrow(DaxError);
  });

  test('sizes off the 2 MiB sub-section are refused', () => {
    expect(() => layNamespace(START, GIB + 4096, '4K', 'mem')).toThrow(/sub-section/);
  });

  test('a dynamic device is refused off its unit, with the nearest size that fits', () => {
    expect(() => dynamicDevice('2M', 3 * MIB)).toThrow(
      expect.objectContaining({ code: 'E_DEVICE_SIZE', hint: 'use --size 4MiB' }),
    );
  });
});

// Formulas of the planner against figures worked out elsewhere: kernel documentation, cover letters,
// commit messages, issue threads. The exact bytes are written out by hand here.
import { describe, expect, test } from 'vitest';
import { headroom } from '../../host/plan/counters.ts';
import { namespaceStepBytes, planDevices } from '../../host/plan/devices.ts';
import { geometryOf, processTables, unitOf } from '../../host/plan/geometry.ts';
import { type Host, parseHost } from '../../host/plan/host.ts';
import { readPreset } from '../../host/plan/hostFile.ts';
import { layOut } from '../../host/plan/layout.ts';
import { memmapOf } from '../../host/plan/memmap.ts';
import { recommend } from '../../host/plan/recommend.ts';
import { tenancies } from '../../host/plan/tenancy.ts';
import type { MapName } from '../../host/syscall/namespace.ts';
import { GIB, KIB, MIB, TIB } from '../../host/units.ts';

const x86 = geometryOf('4K', 'x86-64');

function memmap(spanBytes: number, unit: string, map: MapName = 'mem', geometry = x86) {
  return memmapOf({
    ...{ startBytes: TIB, spanBytes, unit: unitOf(geometry, unit), map, geometry },
    metadataBytes: 0,
  });
}

type PerTib = readonly [unit: string, map: MapName, dram: number, device: number, tables: number];

describe('struct pages of 1 TiB', () => {
  // "64-bytes per 4K (16GB per 1TB)"; "6 pages be saved out of the 8"; "saves 4094 pages"; "40MB".
  const CASES: readonly PerTib[] = [
    ['4K', 'mem', 16 * GIB, 0, 64 * KIB],
    ['4K', 'dev', 0, 16 * GIB, 64 * KIB],
    ['2M', 'mem', 4 * GIB, 0, 32 * MIB + 64 * KIB],
    ['2M', 'dev', 0, 16 * GIB, 64 * KIB],
    ['1G', 'mem', 8 * MIB, 0, 32 * MIB + 64 * KIB],
    ['1G', 'dev', 0, 16 * GIB, 64 * KIB],
  ];
  test.each(CASES)('%s, map=%s', (unit, map, dramBytes, deviceBytes, tableBytes) => {
    const found = memmap(TIB, unit, map);
    expect(found).toMatchObject({ dramBytes, deviceBytes, tableBytes, fullBytes: 16 * GIB });
  });
});

describe('process page tables of 1 TiB', () => {
  const CASES = [
    ['4K', 2 * GIB + 4 * MIB + 8 * KIB, 2 ** 28],
    ['2M', 4 * MIB + 8 * KIB, 2 ** 19],
    ['1G', 8 * KIB, 1024],
  ] as const;
  test.each(CASES)('%s', (name, bytes, leaves) => {
    const unit = unitOf(x86, name);
    expect(processTables(x86, unit, TIB).bytes).toBe(bytes);
    expect(TIB / unit.bytes).toBe(leaves);
  });

  test('a mapping across a boundary takes one table more of each level it crosses', () => {
    const unit = unitOf(x86, '4K');
    const straddling = processTables(x86, unit, 2 * MIB, 512 * GIB - MIB);
    expect(straddling.counts).toEqual({ pte: 2, pmd: 2, pud: 2 });
    expect(processTables(x86, unit, 2 * MIB).counts).toEqual({ pte: 1, pmd: 1, pud: 1 });
  });
});

describe('struct pages initialised at bind', () => {
  // Semantics 2.3: twice a vmemmap page's 64, a compound page, instead of 32,768 a section.
  test('2M: 128 a compound page, of 64 in a section', () => {
    expect(memmap(128 * MIB, '2M').initialised).toBe(64 * 128);
    expect(memmap(128 * MIB, '4K').initialised).toBe(32_768);
  });
  test('1G', () => {
    expect(memmap(GIB, '1G').initialised).toBe(128);
    expect(memmap(GIB, '1G', 'dev').initialised).toBe(262_144);
  });
});

describe('6 TiB, 64 processes, each maps everything', () => {
  const host = parseHost({ regions: [{ kind: 'dynamic', size: '6TiB' }], processes: 64 }, 'a test');
  type Case = readonly [unit: string, pages: number, over: number, process: number];
  const CASES: readonly Case[] = [
    ['4K', 103_079_215_104, 393_216, 12_910_116_864],
    ['2M', 25_769_803_776, 201_719_808, 25_214_976],
    ['1G', 50_331_648, 201_719_808, 49_152],
  ];
  test.each(CASES)('%s', (name, dramBytes, tableBytes, processBytes) => {
    const layout = layOut(host, unitOf(x86, name), 'mem', x86);
    expect(layout.structPages).toMatchObject({ dramBytes, tableBytes });
    expect(layout.process.tableBytes).toBe(processBytes);
    expect(layout.tableBytes).toBe(64 * processBytes);
    expect(layout.dramBytes).toBe(dramBytes + tableBytes + 64 * processBytes);
  });

  test('as people say it: 96 GiB + 769 GiB, 24 GiB + 1.5 GiB, 48 MiB (240 with its tables) + 3 MiB', () => {
    const [small, middle, large] = ['4K', '2M', '1G'].map((name) =>
      layOut(host, unitOf(x86, name), 'mem', x86),
    );
    expect(small?.structPages.dramBytes).toBe(96 * GIB);
    expect(Math.floor((small?.tableBytes ?? 0) / GIB)).toBe(769);
    expect(middle?.structPages.dramBytes).toBe(24 * GIB);
    expect((middle?.tableBytes ?? 0) / GIB).toBeCloseTo(1.5, 2);
    expect(large?.structPages.dramBytes).toBe(48 * MIB);
    expect(((large?.structPages.tableBytes ?? 0) + 48 * MIB) / MIB).toBeCloseTo(240, 0);
    expect(large?.tableBytes).toBe(3 * MIB);
  });

  test('as two sockets of Optane namespaces: the info blocks come off, 1G units lose a GiB each', () => {
    const optane: Host = { ...readPreset('optane-2s'), processes: 64 };
    const lost = ['4K', '2M', '1G'].map(
      (name) => layOut(optane, unitOf(x86, name), 'mem', x86).lostBytes,
    );
    expect(lost).toEqual([4 * MIB, 4 * MIB, 2 * GIB]);
  });
});

describe('usable bytes of small namespaces (semantics 2.6)', () => {
  const CASES = [
    ['16GiB', '2M', 'mem', 16 * GIB - 2 * MIB],
    ['16GiB', '2M', 'dev', 16 * GIB - 258 * MIB],
    ['16GiB', '1G', 'mem', 15 * GIB],
    ['16GiB', '1G', 'dev', 15 * GIB],
    ['4GiB', '2M', 'mem', 4 * GIB - 2 * MIB],
    ['4GiB', '2M', 'dev', 4 * GIB - 66 * MIB],
  ] as const;
  test.each(CASES)('%s, %s, map=%s', (size, unit, map, usable) => {
    const host = parseHost({ regions: [{ size }] }, 'a test');
    expect(layOut(host, unitOf(x86, unit), map, x86).usableBytes).toBe(usable);
  });
});

describe('sections that a range does not fill', () => {
  test('with map=dev their struct pages are in DRAM all the same', () => {
    // 64 MiB before the first whole section, one whole, 32 MiB after it.
    const found = memmapOf({
      ...{ startBytes: TIB + 64 * MIB, spanBytes: 224 * MIB, unit: unitOf(x86, '2M') },
      ...{ map: 'dev', geometry: x86, metadataBytes: 0 },
    });
    expect(found.dramBytes).toBe(MIB + MIB / 2);
    expect(found.deviceBytes).toBe(2 * MIB);
    // Two PTE tables for the two in base pages, one PMD table over all.
    expect(found.tableBytes).toBe(3 * 4 * KIB);
  });

  test('one that holds the whole range', () => {
    const found = memmap(32 * MIB, '4K', 'dev');
    expect(found).toMatchObject({ dramBytes: MIB / 2, deviceBytes: 0 });
  });
});

describe('other base pages', () => {
  const power = geometryOf('64K', undefined);
  test('powerpc, 64 KiB: none saved at 2M, 14 of 16 pages at 1G', () => {
    expect(power.arch).toBe('powerpc');
    expect(memmap(GIB, '2M', 'mem', power)).toMatchObject({ dedup: false, dramBytes: MIB });
    expect(memmap(GIB, '1G', 'mem', power)).toMatchObject({ dedup: true, dramBytes: 128 * KIB });
  });
  test('arm64 shares no struct pages of device-DAX', () => {
    for (const basePage of ['4K', '16K', '64K']) {
      const arm = geometryOf(basePage, 'arm64');
      const large = arm.units.at(-1)?.name ?? '';
      expect(memmap(TIB, large, 'mem', arm).dramBytes).toBe((TIB / arm.basePageBytes) * 64);
    }
  });
  test('tables: 16 KiB ones of 2,048 entries; powerpc PTE tables of 256 bytes', () => {
    const arm = geometryOf('16K', undefined);
    expect(processTables(arm, unitOf(arm, '16K'), 32 * MIB).counts).toMatchObject({ pte: 1 });
    expect(processTables(arm, unitOf(arm, '32M'), 64 * GIB).bytes).toBe(32 * KIB);
    expect(processTables(power, unitOf(power, '64K'), 2 * MIB).bytes).toBe(256 + 2 * 4096);
  });
});

describe('what a namespace may be as large as', () => {
  test('width 6 and 2 MiB: multiples of 12 MiB and, since regions have an alignment, of 96 MiB', () => {
    // pmem/ndctl issue 125: "must align to interleave-width: 6 and alignment: 2097152", 4303355904.
    expect(Math.ceil(4_295_000_000 / (6 * 2 * MIB)) * 6 * 2 * MIB).toBe(4_303_355_904);
    expect(namespaceStepBytes(2 * MIB, 6)).toBe(96 * MIB);
    expect(namespaceStepBytes(2 * MIB, 6) % (6 * 2 * MIB)).toBe(0);
  });
  test.each([
    [4 * KIB, 1, 16 * MIB],
    [2 * MIB, 4, 16 * MIB],
    [2 * MIB, 12, 192 * MIB],
    [GIB, 1, GIB],
    [GIB, 6, 6 * GIB],
  ])('unit %i, width %i: %i', (unit, width, step) => {
    expect(namespaceStepBytes(unit, width)).toBe(step);
  });
  test('devices are rounded down to it', () => {
    const host = parseHost({ regions: [{ size: '1TiB', interleave: 6 }] }, 'a test');
    const [device] = planDevices(host, 1, unitOf(x86, '1G'), 'mem', x86);
    expect(device?.sizeBytes).toBe(1020 * GIB);
  });
});

describe('counters', () => {
  const small = unitOf(x86, '4K');
  const large = unitOf(x86, '2M');
  test('a small folio takes 2,097,151 pins, a thousand mappings cost one of them', () => {
    expect(headroom(small, 4096, true, 0).pagePins).toBe(2_097_151);
    expect(headroom(small, 4096, true, 1023).pagePins).toBe(2_097_150);
    expect(headroom(small, 4096, false, 1023).pagePins).toBe(2_097_151);
  });
  test('mappings are references from 6.15 on, and end at 2^31', () => {
    expect(headroom(large, 4096, true, 64)).toMatchObject({
      references: 65,
      mappings: 2 ** 31 - 2,
    });
    expect(headroom(large, 4096, false, 64)).toMatchObject({ references: 1, mappings: undefined });
  });
  test('pinning all of a folio takes a reference a page: 8,191 times for 1G', () => {
    expect(headroom(large, 4096, true, 1).wholePins).toBe(4_194_303);
    expect(headroom(unitOf(x86, '1G'), 4096, true, 64).wholePins).toBe(8191);
  });
});

describe('recommendation', () => {
  const open = (host: Host) =>
    recommend(
      x86.units.flatMap((unit) =>
        (['mem', 'dev'] as const).map((map) => layOut(host, unit, map, x86)),
      ),
      host.dramBytes,
    ).layout;
  test('terabytes: 1G; a few GiB: 2M, for 1G would lose one', () => {
    const terabytes = open(parseHost({ regions: [{ size: '6TiB' }] }, 'a test'));
    expect([terabytes.unit.name, terabytes.map]).toEqual(['1G', 'mem']);
    const few = open(parseHost({ regions: [{ size: '16GiB' }] }, 'a test'));
    expect([few.unit.name, few.map]).toEqual(['2M', 'mem']);
  });
  test('where DRAM is short the device keeps its own struct pages', () => {
    const few = parseHost({ regions: [{ size: '16GiB' }], dram: '256MiB' }, 'a test');
    expect([open(few).unit.name, open(few).map]).toEqual(['2M', 'dev']);
  });
});

describe('tenants', () => {
  test('1G namespaces of their own lose a GiB each, one for all loses one', () => {
    const host = parseHost({ regions: [{ size: '1TiB' }], tenants: 8, processes: 16 }, 'a test');
    const separate = layOut(host, unitOf(x86, '1G'), 'mem', x86);
    const found = tenancies(host, separate, x86);
    expect(found.map(({ lostBytes }) => lostBytes / GIB)).toEqual([1, 1, 8]);
    expect(found.map(({ mappedBytes }) => mappedBytes / GIB)).toEqual([1023, 127, 127]);
    expect(found.map((each) => each.folioMappings)).toEqual([16, 2, 2]);
  });
});

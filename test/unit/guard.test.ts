// What a huge leaf over struct pages that do not fit it does: semantics 1.3 and 1.4, on emulated struct
// pages. The expectations are the page's own arithmetic; the reports are differences of memory.
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CompoundReport,
  type CompoundRun,
  compoundReport,
} from '../../host/hazard/compound.ts';
import { type GuardReport, type GuardRun, guardReport } from '../../host/hazard/guard.ts';
import { pageHistories } from '../../host/hazard/history.ts';
import { offsetReport } from '../../host/hazard/offset.ts';
import { pageGrid } from '../../host/hazard/picture.ts';
import { setUp } from '../../host/hazard/stage.ts';
import { access } from '../../host/syscall/access.ts';
import { dynamicDevice, withoutCompoundPages } from '../../host/syscall/device.ts';
import { MIB } from '../../host/units.ts';
import { recordAddress } from '../../host/wasm/page.ts';
import { WORDS } from '../../host/wasm/structPage.ts';

/** Making a build of the core takes seconds the first time. */
const BUILD_MS = 120_000;
const FIRST = 8;
const N = 64;

describe.each(['refcount', 'refcount-6.15'] as const)('order guard, %s, 2M', (kernel) => {
  let report: GuardReport;
  beforeAll(async () => {
    const grabs = ['get', 'pin'] as const;
    report = await guardReport({ align: '2M', kernel, grabs, firstPage: FIRST, pages: N });
  }, BUILD_MS);

  const run = (grab: string, which: string): GuardRun => {
    const found = report.runs.find((each) => each.grab === grab && each.kernel === which);
    if (!found) throw new Error('no such run');
    return found;
  };
  const at = (of: GuardRun, page: number) =>
    of.ranges.find(({ first, last }) => first <= page && page <= last);
  const values = (of: GuardRun, page: number, field: string) =>
    at(of, page)?.fields.find((each) => each.field === field)?.values;

  test('with it: SIGBUS, one WARN, no leaf, no charge, and only mapping and index were stored', () => {
    const { signal, warnings, leaf, filePages, ranges } = report.refusal;
    expect([signal, warnings, leaf, filePages]).toEqual(['SIGBUS', ['order'], false, 0]);
    expect(ranges.map(({ first, last }) => [first, last])).toEqual([[0, 511]]);
    expect(ranges[0]?.fields.map(({ field }) => field)).toEqual(['mapping', 'index']);
  });

  test('without it, mapping takes one reference, of the first page alone', () => {
    expect(values(run('get', kernel), 0, '_refcount')).toEqual(['1', '1', '2', '2', '2', '1']);
    expect(values(run('get', kernel), 200, '_refcount')).toBeUndefined();
  });

  test('and the folio’s counters land in fields of the second page', () => {
    const { overwrittenAs, damage } = at(run('get', kernel), 1) ?? {};
    expect(damage).toBe('overwritten');
    expect(overwrittenAs).toContain('_large_mapcount');
    expect(overwrittenAs).toContain('_entire_mapcount');
    const fields = at(run('get', kernel), 1)?.fields.map(({ field }) => field);
    expect(fields).toEqual(['zone_device_data', 'mapping', 'index', 'private']);
    // The address_space pointer gets _entire_mapcount's 1 added: it reads as an anonymous page's.
    expect(values(run('get', kernel), 1, 'mapping')).toEqual([
      '0x0',
      '0x1000',
      '0x1001',
      '0x1001',
      '0x1001',
      '0x1000',
    ]);
    // What unmapping leaves of _mm_id_mapcount[0] stays: the page's index is lost.
    expect(values(run('get', kernel), 1, 'index')?.at(-1)).toBe('0xffffffff');
  });

  test('n pages got: the first leaks n - 1 references, each other one goes to 0 and is repaired', () => {
    const got = run('get', kernel);
    expect(at(got, FIRST)).toMatchObject({ damage: 'leaked', refcountDelta: N - 1, zeroPuts: 0 });
    expect(at(got, FIRST + 1)).toMatchObject({
      first: FIRST + 1,
      last: FIRST + N - 1,
      damage: 'repaired',
      zeroPuts: 1,
    });
    expect(got.again).toEqual({ page: FIRST + N - 1, grabbed: true, warnings: [] });
  });

  test('n pages pinned: the first leaks 1024 (n - 1), each other one is 1024 short and refused', () => {
    const pinned = run('pin', kernel);
    expect(at(pinned, FIRST)?.refcountDelta).toBe(1024 * (N - 1));
    expect(at(pinned, FIRST + 1)).toMatchObject({ last: FIRST + N - 1, damage: 'underflow' });
    expect(at(pinned, FIRST + 1)?.refcountDelta).toBe(-1024);
    expect(pinned.again.grabbed).toBe(false);
    expect(pinned.again.warnings).toContain('countNotPositive');
  });

  test.each(['get', 'pin'])('the devmap kernel, %s: nothing is wrong at the end', (grab) => {
    const { ranges, again } = run(grab, 'devmap');
    expect(new Set(ranges.map(({ damage }) => damage))).toEqual(new Set(['none']));
    expect(again.grabbed).toBe(true);
  });

  test('nothing outside the leaf', () => {
    const pages = report.runs.flatMap(({ ranges }) => ranges.map(({ last }) => last));
    expect(Math.max(...pages)).toBe(511);
  });

  test('the picture: a cell a page', () => {
    const { cells, pagesPerCell } = pageGrid(run('pin', kernel).ranges, 512);
    expect([cells.length, pagesPerCell]).toEqual([512, 1]);
    expect(cells.slice(0, 10)).toEqual([
      'none',
      'overwritten',
      ...Array(6).fill('none'),
      'leaked',
      'underflow',
    ]);
    expect(cells.filter((cell) => cell === 'underflow').length).toBe(N - 1);
  });
});

test('an order is what a head says: flags of the second page that look like one are none', () => {
  const device = withoutCompoundPages(dynamicDevice('2M', 4 * MIB));
  const { system, process, vma } = setUp({ kernel: 'refcount', device });
  const { bank } = system.machine;
  // The low byte of page[1]'s flags is where a folio of order 9 has its order.
  bank.view.setUint8(recordAddress(bank, 1), 9);
  expect(access(process, vma.start, 'write').signal).toBe('SIGBUS');
  expect(system.machine.warnings()).toEqual(['order']);
});

test('pages that are not all in the leaf are refused', async () => {
  const question = { align: '2M', kernel: 'refcount', grabs: ['get'], firstPage: 8 } as const;
  await expect(guardReport({ ...question, pages: 505 })).rejects.toMatchObject({ code: 'E_VALUE' });
});

describe('compound pages 2 MiB off their 1G units', () => {
  let off: CompoundReport;
  let aligned: CompoundReport;
  beforeAll(async () => {
    off = await compoundReport(2 * MIB);
    aligned = await compoundReport(0);
  }, BUILD_MS);
  const run = (report: CompoundReport, kernel: string, guard = true): CompoundRun => {
    const found = report.runs.find(
      (each) => each.kernel === kernel && (each.guard === guard || kernel === 'devmap'),
    );
    if (!found) throw new Error('no such run');
    return found;
  };
  const lookup = (of: CompoundRun, page: number) => of.lookups.find((each) => each.page === page);

  test('pointer mode: the first data page leads to the head before the data', () => {
    for (const kernel of ['devmap', 'refcount-6.15']) {
      const { tails, lookups, signal } = run(off, kernel);
      expect([tails, signal]).toEqual(['pointer', 'none']);
      // The compound page that began 2 MiB above the boundary below.
      expect(lookups[0]).toEqual({ page: 0, found: 512 - 262_144, isHead: true, right: false });
      expect(lookup(run(off, kernel), 513)?.found).toBe(512);
    }
  });

  test('mask mode: to itself, which is a tail; the guard refuses it', () => {
    const { tails, lookups, signal, warnings } = run(off, 'refcount');
    expect(tails).toBe('mask');
    expect(lookups[0]).toEqual({ page: 0, found: 0, isHead: false, right: false });
    expect([signal, warnings]).toEqual(['SIGBUS', ['order']]);
  });

  test('a pin across the head in the unit leaks on one folio and is missing on the other (6.15)', () => {
    const { ranges } = run(off, 'refcount-6.15');
    const last = (page: number, field: string) =>
      ranges
        .find((range) => range.first === page)
        ?.fields.find((each) => each.field === field)
        ?.values.at(-1);
    expect([last(512 - 262_144, '_refcount'), last(512, '_refcount')]).toEqual(['3', '-1']);
    expect([last(513 - 262_144, '_pincount'), last(513, '_pincount')]).toEqual(['2', '-2']);
  });

  test('devmap counts page by page: all is given back', () => {
    const { ranges } = run(off, 'devmap');
    const counts = ranges.flatMap(({ fields }) =>
      fields.filter(({ field }) => /_refcount|_pincount/.test(field)),
    );
    expect(counts.length).toBe(4);
    for (const { values } of counts) expect(values.at(-1)).toBe(values[0]);
  });

  test('on the boundary every look-up is right, and nobody is refused', () => {
    for (const { lookups, signal, warnings } of aligned.runs) {
      expect(lookups.every(({ right }) => right)).toBe(true);
      expect([signal, warnings]).toEqual(['none', []]);
    }
  });

  test('an offset that no namespace has', async () => {
    await expect(compoundReport(4096)).rejects.toMatchObject({ code: 'E_VALUE' });
  });
});

test('12.20 as a report: stray bits in devmap’s leaf, another byte in the others’', () => {
  const { runs } = offsetReport('2M', 1);
  expect(
    runs.map(({ kernel, strayBits, reachesByte, warnings }) => [
      kernel,
      strayBits,
      reachesByte,
      warnings,
    ]),
  ).toEqual([
    ['devmap', '0x1000', 0, ['unalignedOffset']],
    ['refcount', '0x0', 0, ['unalignedOffset']],
    ['refcount-6.15', '0x0', 0, ['unalignedOffset']],
  ]);
});

describe('histories of struct pages', () => {
  const PAGES = 6;
  const images = (
    ...edits: readonly (readonly [page: number, word: number, value: number])[][]
  ) => {
    const first = new Uint32Array(PAGES * WORDS);
    return [
      first,
      ...edits.map((list) => {
        const image = first.slice();
        for (const [page, word, value] of list) image[page * WORDS + word] = value;
        return image;
      }),
    ];
  };

  test('one changed byte is found, and nothing else', () => {
    expect(pageHistories(images([[3, 13, 2]]))).toEqual([
      { first: 3, last: 3, fields: [{ field: '_refcount', values: ['0', '2'] }] },
    ]);
    expect(pageHistories(images([]))).toEqual([]);
  });

  test('neighbours alike are one range, their own numbers apart', () => {
    const all = images([1, 2, 3].map((page) => [page, 8, page] as const));
    expect(pageHistories(all)).toEqual([
      { first: 1, last: 3, fields: [{ field: 'index', values: ['0', 'own'] }] },
    ]);
  });

  test('a step that only one of them went through parts them', () => {
    const all = images(
      [
        [1, 13, 5],
        [2, 13, 5],
      ],
      [[1, 13, 5]],
    );
    expect(pageHistories(all).map(({ first, last }) => [first, last])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});

// Who holds which pages: whose a page that comes back is, before and after the struct pages went.
import { describe, expect, test } from 'vitest';
import { Holdings } from '../../host/syscall/holdings.ts';

/** process, pin, first page, pages */
type Row = readonly [number, boolean, number, number];

function holding(...rows: readonly Row[]): Holdings {
  const holdings = new Holdings();
  for (const [process, pin, firstPage, pages] of rows) {
    holdings.add({ process, pin, firstPage, pages });
  }
  return holdings;
}

function left(holdings: Holdings): readonly Row[] {
  return holdings.current.map(({ process, pin, firstPage, pages }) => [
    process,
    pin,
    firstPage,
    pages,
  ]);
}

describe('taking pages back', () => {
  test.each<readonly [string, Row, readonly Row[]]>([
    ['all of them', [1, true, 0, 8], []],
    ['the first', [1, true, 0, 1], [[1, true, 1, 7]]],
    ['the last', [1, true, 7, 1], [[1, true, 0, 7]]],
    [
      'from the middle',
      [1, true, 3, 2],
      [
        [1, true, 0, 3],
        [1, true, 5, 3],
      ],
    ],
    ['more than there are', [1, true, 6, 9], [[1, true, 0, 6]]],
    ['a reference, where pins are held', [1, false, 0, 8], [[1, true, 0, 8]]],
  ])('%s', (_name, [process, pin, first, pages], rest) => {
    const holdings = holding([1, true, 0, 8]);
    expect(holdings.takeBack(process, pin, first, pages)).toEqual([
      { firstPage: first, pages, stale: false },
    ]);
    expect(left(holdings)).toEqual(rest);
  });

  test('of two that hold a page, the process that gives it back', () => {
    const holdings = holding([1, true, 0, 4], [2, true, 0, 4]);
    holdings.takeBack(2, true, 0, 4);
    expect(left(holdings)).toEqual([[1, true, 0, 4]]);
    // Somebody else may give back what is left: a pin outlives its process.
    holdings.takeBack(9, true, 0, 4);
    expect(left(holdings)).toEqual([]);
  });

  test('several calls, one run', () => {
    const holdings = holding([1, true, 0, 2], [1, true, 2, 2]);
    expect(holdings.takeBack(1, true, 0, 4)).toEqual([{ firstPage: 0, pages: 4, stale: false }]);
    expect(left(holdings)).toEqual([]);
  });
});

describe('after the struct pages went', () => {
  test('what was held is stale, and no longer current', () => {
    const holdings = holding([1, true, 0, 4]);
    holdings.expire();
    expect(left(holdings)).toEqual([]);
    expect(holdings.takeBack(1, true, 1, 1)).toEqual([{ firstPage: 1, pages: 1, stale: true }]);
  });

  test('taken anew, the new one goes first, and a run is told apart page by page', () => {
    const holdings = holding([1, true, 0, 4]);
    holdings.expire();
    holdings.add({ process: 1, pin: true, firstPage: 2, pages: 4 });
    expect(holdings.takeBack(1, true, 0, 6)).toEqual([
      { firstPage: 0, pages: 2, stale: true },
      { firstPage: 2, pages: 4, stale: false },
    ]);
    expect(holdings.takeBack(1, true, 2, 2)).toEqual([{ firstPage: 2, pages: 2, stale: true }]);
    // Nobody is known to hold these: the core must see for itself.
    expect(holdings.takeBack(1, true, 2, 2)).toEqual([{ firstPage: 2, pages: 2, stale: false }]);
  });
});

// Scales, ticks and the small SVG builders: what they make of given numbers.
import { describe, expect, test } from 'vitest';
import { el, fragment } from '../../host/report/html/markup.ts';
import { numberCell, table } from '../../host/report/html/table.ts';
import { formatNumber } from '../../host/report/numbers.ts';
import { spans } from '../../host/report/sections/ladder.ts';
import { nines } from '../../host/report/sections/latency.ts';
import { ratioAxis } from '../../host/report/sections/ratioAxis.ts';
import { lineChart, X_RANGE, Y_RANGE } from '../../host/report/svg/lineChart.ts';
import { mapDrawing } from '../../host/report/svg/mapDrawing.ts';
import { band, bar, dot, interval, rowChart } from '../../host/report/svg/rowChart.ts';
import {
  linearScale,
  linearTicks,
  logDomain,
  logScale,
  logTicks,
  niceDomain,
} from '../../host/report/svg/scale.ts';
import { LADDER_PHASE } from './results.ts';

const TOLD = { id: 'it', title: 'A title', description: 'What it shows.' };

describe('scales', () => {
  test('linear: ends, middle, outside', () => {
    const scale = linearScale([10, 20], [0, 100]);
    expect([10, 15, 20, 25].map(scale)).toEqual([0, 50, 100, 150]);
  });

  test('linear, downwards', () => {
    const scale = linearScale([0, 4], [200, 0]);
    expect([0, 1, 4].map(scale)).toEqual([200, 150, 0]);
  });

  test('logarithmic: equal factors, equal lengths', () => {
    const scale = logScale([0.1, 10], [0, 100]);
    expect([0.1, 1, 10].map(scale)).toEqual([0, 50, 100]);
    expect(scale(2) - scale(1)).toBeCloseTo(scale(1) - scale(0.5), 10);
  });

  test.each([
    ['no span', () => linearScale([1, 1], [0, 1])],
    ['backwards', () => logScale([2, 1], [0, 1])],
    ['a logarithm of 0', () => logScale([0, 1], [0, 1])],
  ])('%s is no axis', (_, make) => {
    expect(make).toThrow(/axis/);
  });
});

describe('ticks', () => {
  test.each([
    [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [[0, 100], 4, [0, 50, 100]],
    [[0, 0.3], 3, [0, 0.1, 0.2, 0.3]],
    [[-0.07, 0.07], 6, [-0.05, 0, 0.05]],
    [[3150, 4400], 5, [3500, 4000]],
    [[0, 0.0108], 4, [0, 0.005, 0.01]],
  ] as const)('linear %j, about %i', (domain, count, ticks) => {
    expect(linearTicks(domain, count)).toEqual(ticks);
  });

  test.each([
    [
      [0.5, 2],
      [0.5, 1, 2],
    ],
    [
      [0.3, 8],
      [0.5, 1, 2, 5],
    ],
    [
      [0.05, 8],
      [0.1, 0.3, 1, 3],
    ],
    [
      [1, 1e6],
      [1, 10, 100, 1000, 1e4, 1e5, 1e6],
    ],
  ] as const)('logarithmic %j', (domain, ticks) => {
    expect(logTicks(domain)).toEqual(ticks);
  });

  test.each([
    [[3150, 4400], 5, [3000, 4500]],
    [[0, 57.4], 4, [0, 60]],
    [[-3, 12], 4, [-5, 15]],
    [[5, 5], 4, [4, 6]],
    [[0, 0], 4, [0, 0.5]],
  ] as const)('nice domain of %j', (domain, count, nice) => {
    const [low, high] = niceDomain(domain, count);
    expect(low).toBeLessThanOrEqual(domain[0]);
    expect(high).toBeGreaterThanOrEqual(domain[1]);
    expect(high).toBeGreaterThan(low);
    if (domain[0] !== domain[1]) expect([low, high]).toEqual(nice);
  });

  test('a logarithmic domain has room, and is there for nothing too', () => {
    const [low, high] = logDomain([2, 8, Number.NaN, 0]);
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(8);
    expect(logDomain([])).toEqual([0.5, 2]);
  });

  test('an axis of ratios has 1 on it, whatever the ratios', () => {
    for (const ratios of [[3, 4], [0.05], [], [0.99, 1.01]]) {
      const { ticks, scale } = ratioAxis(ratios);
      expect(ticks).toContain(1);
      for (const ratio of ratios) expect(scale(ratio)).toBeGreaterThanOrEqual(8);
    }
  });
});

describe('markup', () => {
  test('text and attributes are escaped, markup is not', () => {
    const made = el('p', { title: '"<&' }, 'a < b & c', el('b', {}, '>'));
    expect(made.markup).toBe('<p title="&quot;&lt;&amp;">a &lt; b &amp; c<b>&gt;</b></p>');
  });

  test('what has no value is left out; void elements have no end', () => {
    expect(el('td', { class: undefined, colspan: 2 }, undefined, [1, ['x']]).markup).toBe(
      '<td colspan="2">1x</td>',
    );
    expect(fragment(el('br', {}), 'x').markup).toBe('<br>x');
  });

  test('a number in a table carries its value and where it comes from', () => {
    const columns = [
      { title: 'what', align: 'left' },
      { title: 'n', align: 'right' },
    ] as const;
    const cell = numberCell(1234.5, formatNumber, '/0/n');
    const made = table(columns, [{ cells: ['x', cell] }, { heading: 'more' }]).markup;
    expect(made).toContain('<td class="right"><data value="1234.5" data-at="/0/n">1,235</data>');
    expect(made).toContain('<tr class="heading"><th colspan="2" scope="rowgroup">more</th></tr>');
    expect(numberCell(undefined, formatNumber, '/0/n')).toEqual({ text: '—' });
  });
});

describe('pictures', () => {
  const axis = {
    scale: linearScale([0, 10], [0, 100]),
    ticks: [0, 5, 10],
    label: String,
    origin: 0,
  };

  test('a row chart: marks at per cents of width and height', () => {
    const { markup } = rowChart(TOLD, axis, [
      [dot(5, 'a'), bar(0, 2.5, 'b', 8)],
      [],
      [interval(2, 4, 'c'), band(6, 7, 'd', 1)],
      [],
    ]);
    expect(markup).toContain('<circle cx="50%" cy="12.5%" r="4.5" class="a"></circle>');
    expect(markup).toContain('<line x1="0%" x2="25%" y1="12.5%" y2="12.5%" class="bar b"');
    expect(markup).toContain('<line x1="20%" x2="40%" y1="62.5%" y2="62.5%" class="c">');
    expect(markup).toContain('<rect x="60%" width="10%" y="50%" height="25%" class="d">');
    expect(markup).toContain('style="height:7rem"');
    expect(markup).toMatch(/x1="0%"[^>]*class="origin"/);
  });

  test('it says what it is', () => {
    const { markup } = rowChart(TOLD, axis, [[]]);
    expect(markup).toContain('role="img" aria-labelledby="it-title it-desc" data-chart="it"');
    expect(markup).toContain('<title id="it-title">A title</title>');
    expect(markup).toContain('<desc id="it-desc">What it shows.</desc>');
  });

  test('a line chart: corners, a crossing, names apart though the curves end together', () => {
    const { markup } = lineChart(TOLD, {
      x: { ...axis, scale: linearScale([0, 10], X_RANGE), title: 'x' },
      y: { ...axis, scale: linearScale([0, 10], Y_RANGE), title: 'y' },
      series: [
        {
          name: 'one',
          className: 'k1',
          points: [
            [0, 0],
            [10, 10],
          ],
        },
        {
          name: 'two',
          className: 'k2',
          points: [
            [0, 1],
            [10, 9.9],
          ],
        },
      ],
      remarks: [{ at: [9, 9], text: 'nine' }],
    });
    expect(markup).toContain(`points="${X_RANGE[0]},${Y_RANGE[0]} ${X_RANGE[1]},${Y_RANGE[1]}"`);
    const heights = [...markup.matchAll(/<text [^>]*y="([\d.]+)" class="series/g)].map(([, y]) =>
      Number(y),
    );
    expect(heights).toHaveLength(2);
    expect((heights[1] as number) - (heights[0] as number)).toBeGreaterThanOrEqual(13);
    // No room to its right: the remark stands on the left.
    expect(markup).toMatch(/class="remark end"[^>]*>nine/);
  });

  test('a map: a table a level with its entry, a box a struct page', () => {
    const level = (slot: number) => ({
      name: `entry ${slot}`,
      slot,
      entry: { text: '0x1', differs: true },
      flags: [{ text: 'P' }, { text: 'NX' }],
    });
    const box = { title: 'page', fields: [['_refcount', { text: '2' }]] } as const;
    const { markup } = mapDrawing(TOLD, [level(0), level(511)], [box]);
    const slots = [...markup.matchAll(/y="([\d.]+)"[^>]*class="slot"/g)].map(([, y]) => Number(y));
    const tables = [...markup.matchAll(/y="([\d.]+)"[^>]*class="table"/g)].map(([, y]) =>
      Number(y),
    );
    expect(slots[0]).toBeCloseTo((tables[0] as number) + 1, 1);
    expect(slots[1]).toBeCloseTo((tables[1] as number) + 53, 0);
    expect(markup).toContain('<tspan class="differs">0x1</tspan>');
    expect(markup).toContain('<tspan>P</tspan><tspan> NX</tspan>');
    expect(markup.match(/class="arrow"/g)).toHaveLength(2);
  });
});

describe('what sections draw', () => {
  test('a ladder goes from devmap to refcount in both orders', () => {
    const { devmapNs, refcountNs, rungs } = LADDER_PHASE;
    const steps = spans(LADDER_PHASE);
    expect(steps.map(([forward]) => forward)).toEqual([
      [50, 45],
      [45, 25],
      [25, 35],
      [35, 40],
    ]);
    // The opposite order: the first step, then the last one up to the second.
    expect(steps.map(([, backward]) => backward)).toEqual([
      [50, 45],
      [58, 40],
      [52, 58],
      [45, 52],
    ]);
    expect(steps.at(-1)?.[0][1]).toBe(refcountNs);
    expect(steps[1]?.[1][1]).toBe(refcountNs);
    for (const order of ['forwardNs', 'backwardNs'] as const) {
      const sum = rungs.reduce((all, rung) => all + rung[order], devmapNs);
      expect(sum).toBe(refcountNs);
    }
  });

  test('percentiles stand by their nines', () => {
    expect([0, 0.9, 0.99, 0.9999].map((share) => Math.round(nines(share) * 1e9) / 1e9)).toEqual([
      0, 1, 2, 4,
    ]);
  });
});

// The HTML report in a real browser: opens from disk in both colour schemes, every chart is there,
// nothing overlaps, and its numbers are the results'.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeReport } from '../../host/report/report.ts';
import { daxstorm } from '../cli/spawn.ts';
import { BROWSER, openPage, probePage, type View } from './browser.ts';
import { type Saved, saveResults } from './results.ts';

let saved: Saved;
let page = '';
let markup = '';
async function prepare(): Promise<void> {
  saved = await saveResults();
  page = join(saved.folder, 'report.html');
  const { status, stdout, stderr } = await daxstorm(['report', ...saved.files, '--html', page]);
  expect([status, stdout, stderr]).toEqual([0, '', '']);
  markup = readFileSync(page, 'utf8');
}
beforeAll(prepare, 300_000);
afterAll(() => rm(saved.folder, { recursive: true }));

const CHARTS = [
  'recorded-ratios',
  ...[1, 2, 3, 4].map((i) => `break-even-${i}`),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((i) => `functions-${i}`),
  'errors-1',
  ...[1, 2, 3, 4, 5, 6].map((i) => `map-${i}`),
  'emulated-ratios',
  'ladder-1-2M-fault',
  'ladder-1-2M-pin',
  'latency-1-1',
  'scale-1-1',
  'scale-1-2',
];

describe('structure', () => {
  test('sections in order, each with the kind of its numbers', () => {
    const heads = [
      ...markup.matchAll(/<section id="([\w-]+)"><h2>[^<]+<\/h2>(?:<span class="kind (\w+)">)?/g),
    ].map(([, id, kind = '']) => `${id} ${kind}`.trim());
    expect(heads).toEqual([
      'recorded recorded',
      'break-even recorded',
      'functions recorded',
      'prediction predicted',
      'trace recorded',
      'map',
      'counted counted',
      'events counted',
      'emulated emulated',
      'ladder emulated',
      'latency emulated',
      'scale emulated',
      'setup',
    ]);
  });

  test('every chart, each with a title and a description of its own', () => {
    const told = [
      ...markup.matchAll(
        /data-chart="([^"]+)".*?<title[^>]*>(.*?)<\/title><desc[^>]*>(.*?)<\/desc>/g,
      ),
    ];
    expect(told.map(([, id]) => id)).toEqual(CHARTS);
    expect(new Set(told.map(([, , title]) => title)).size).toBeGreaterThan(CHARTS.length - 2);
    for (const [, , , description = ''] of told) expect(description.length).toBeGreaterThan(40);
  });

  test('one file: nothing from anywhere else, no script, no id twice', () => {
    expect(markup).not.toMatch(/\b(src|srcset)=|@import|url\(|href="(?!#)/);
    expect(markup.match(/<script[^>]*>/g)).toEqual([
      '<script type="application/json" id="results">',
    ]);
    const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(markup).not.toMatch(/undefined|NaN|Infinity|\[object/);
  });

  test('emulated sections say that they claim nothing of kernels', () => {
    for (const id of ['emulated', 'ladder', 'latency', 'scale']) {
      const text = markup.split(`<section id="${id}">`)[1]?.split('</section>')[0] ?? '';
      expect(text).toMatch(/no claim about kernel time/i);
      expect(text).not.toMatch(/cheaper|dearer|faster|slower/);
    }
  });
});

function follow(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

interface Shown {
  readonly value: string;
  readonly at: string;
  readonly text: string;
}

interface Drawn {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly marks: number;
  readonly clashes: readonly string[];
  readonly outside: readonly string[];
}

interface Seen {
  readonly overflow: number;
  readonly scheme: string;
  readonly faint: readonly string[];
}

interface Probed {
  readonly numbers: readonly Shown[];
  readonly charts: readonly Drawn[];
  readonly seen: Seen;
}

/** Whether a number in the page is its value as people write it: 3.51×, 4,659, <.001, 1.5 %. */
function saysIt({ value, text, at }: Shown): boolean {
  if (text === '~') return Number(value) >= 0.05;
  const read = Number(
    text
      .replace(/[,×%+ ]/g, '')
      .replace('−', '-')
      .replace(/^</, '0'),
  );
  const meant = Number(value) * (text.includes('%') ? 100 : 1);
  // Pins per mapping are told in two digits, per cents and the like in tenths.
  const share = at.endsWith('/pins') ? 0.05 : 0.006;
  return (
    Math.abs(read - meant) <= Math.max(text.includes('%') ? 0.051 : 0.0051, Math.abs(meant) * share)
  );
}

const probes = new Map<View, Probed>();

/** What the probe finds, once for each view. */
function probedIn(view: View): Probed {
  const found = probes.get(view) ?? probePage<Probed>(page, view, PROBE);
  probes.set(view, found);
  return found;
}

const VIEWS: readonly View[] = [
  { dark: false, width: 1280 },
  { dark: true, width: 1280 },
  { dark: false, width: 500 },
];

describe.skipIf(!BROWSER).each(VIEWS)('in Chromium: %o', (view) => {
  test('opens from disk without a word on the console', () => {
    const { dom, console: said } = openPage(page, view);
    expect(said).toEqual([]);
    expect(dom).toContain('Device-DAX: devmap bit against refcounts');
  });

  test('every number is the one in the JSON that its pointer names', () => {
    const { results } = makeReport(saved.results);
    const { numbers } = probedIn(view);
    expect(numbers.length).toBeGreaterThan(700);
    expect(numbers.filter(({ value, at }) => follow(results, at) !== Number(value))).toEqual([]);
    expect(numbers.filter((each) => !saysIt(each))).toEqual([]);
    const keys = [
      ...['recorded/ratio', 'counted/refcount/rmws', 'emulated/ratio/low', 'emulated/self/high'],
      ...['rungs/0/forwardNs', 'p9999Ns', 'page/refcount', 'breakEven/recorded/0/pins'],
    ];
    for (const key of keys)
      expect(
        numbers.some(({ at }) => at.endsWith(key)),
        key,
      ).toBe(true);
    // And the page carries the whole of them.
    const embedded = /<script type="application\/json" id="results">(.*?)<\/script>/s.exec(markup);
    expect(JSON.parse(embedded?.[1] ?? '')).toEqual(results);
  });

  test('every chart is drawn, its labels apart and inside', () => {
    const { charts } = probedIn(view);
    expect(charts.map(({ id }) => id)).toEqual(CHARTS);
    for (const { id, width, height, marks } of charts) {
      expect([id, width > 90, height > 40, marks > 3]).toEqual([id, true, true, true]);
    }
    expect(charts.flatMap(({ clashes }) => clashes)).toEqual([]);
    expect(charts.flatMap(({ outside }) => outside)).toEqual([]);
  });

  test('the page is no wider than the window, in its colours, and can be read', () => {
    const { overflow, scheme, faint } = probedIn(view).seen;
    expect(overflow).toBeLessThanOrEqual(0);
    expect(scheme).toBe(view.dark ? 'dark' : 'light');
    expect(faint).toEqual([]);
  });
});

/* Of each chart: its size, how many marks it has, labels that touch, labels that are cut off. */
const CHART_PROBE = `() => [...document.querySelectorAll('svg[data-chart]')].map((svg) => {
  const box = svg.getBoundingClientRect();
  const axis = svg.closest('table')?.querySelector('svg.axis');
  const texts = [...svg.querySelectorAll('text'), ...(axis?.querySelectorAll('text') ?? [])]
    .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
  const id = svg.dataset.chart;
  const clashes = texts.flatMap((a, i) => texts.slice(i + 1)
    .filter((b) => a.box.left < b.box.right - 1 && b.box.left < a.box.right - 1 &&
      a.box.top < b.box.bottom - 3 && b.box.top < a.box.bottom - 3)
    .map((b) => id + ': ' + a.text + ' / ' + b.text));
  const cell = axis ? svg.closest('td').getBoundingClientRect() : box;
  const outside = texts.filter((each) => each.box.left < cell.left - 2 ||
    each.box.right > cell.right + 2).map((each) => id + ': ' + each.text);
  const marks = [...svg.querySelectorAll('line, rect, circle, polyline')].filter((mark) => {
    const size = mark.getBBox();
    return size.width > 0 || size.height > 0;
  }).length;
  return { id, width: box.width, height: box.height, marks, clashes, outside };
})`;

/* Text below a contrast of 4.5 to the paper, marks below 3 (WCAG 2, 1.4.3 and 1.4.11). */
const CONTRAST_PROBE = `() => {
  const parse = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const paper = getComputedStyle(document.body).backgroundColor;
  const well = getComputedStyle(document.querySelector('.map .page')).fill;
  const faint = new Set();
  const check = (name, color, limit) => {
    for (const ground of [paper, well]) {
      if (contrast(color, ground) < limit) faint.add(name + ' ' + color);
    }
  };
  for (const each of document.querySelectorAll('h1, p, a, th, td, dt, dd, li, summary, figcaption')) {
    check(each.tagName, getComputedStyle(each).color, 4.5);
  }
  for (const each of document.querySelectorAll('svg text, svg tspan')) {
    check('text.' + each.classList, getComputedStyle(each).fill, 4.5);
  }
  for (const each of document.querySelectorAll('.solid, .slot')) {
    check('mark.' + each.classList, getComputedStyle(each).fill, 3);
  }
  for (const each of document.querySelectorAll('.bar, .curve, .ci, .hollow')) {
    check('mark.' + each.classList, getComputedStyle(each).stroke, 3);
  }
  const root = document.documentElement;
  const scheme = light(paper) < 0.5 ? 'dark' : 'light';
  return { overflow: root.scrollWidth - root.clientWidth, scheme, faint: [...faint] };
}`;

const PROBE = `() => ({
  numbers: [...document.querySelectorAll('data')].map((each) =>
    ({ value: each.value, at: each.dataset.at, text: each.textContent })),
  charts: (${CHART_PROBE})(),
  seen: (${CONTRAST_PROBE})(),
})`;

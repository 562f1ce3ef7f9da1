import { COMPARED, type ComparedKernel, KERNELS } from '../../kernel.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, figure, numberCell, numbersOf, type Row } from '../html/table.ts';
import { wrap } from '../markdown.ts';
import { formatNumber, sayPins } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { ComparisonResult } from '../schema/compare.ts';
import type { Section } from '../section.ts';
import { lineChart, X_RANGE, Y_RANGE } from '../svg/lineChart.ts';
import { linearScale, linearTicks, niceDomain } from '../svg/scale.ts';

type Recorded = ComparisonResult['breakEven']['recorded'][number];

/** One break-even, of a unit size and a size of pin call. */
interface Case {
  readonly align: string;
  readonly name: string;
  readonly even: Placed<Recorded>;
}

function casesOf({ comparisons }: Report): readonly Case[] {
  const cases = new Map<string, Case>();
  for (const { value, at } of comparisons) {
    const { align } = value.device;
    for (const even of eachPlaced(value.breakEven.recorded, `${at}/breakEven/recorded`)) {
      const { pinPages } = even.value;
      const pins = pinPages === 1 ? '1 page a pin call' : `${pinPages} pages a pin call`;
      const name = `${align} unit, ${pins}`;
      // Recordings are the same in every comparison.
      if (!cases.has(name)) cases.set(name, { align, name, even });
    }
  }
  return [...cases.values()];
}

/** What the answer is, in words. */
function verdict({ pins }: Recorded): string {
  if (pins === undefined) return 'refcounting never wins';
  if (pins === 0) return 'refcounting wins from the start';
  return `equal at ${sayPins(pins)} pins per mapping`;
}

/** Instructions of one mapping with so many pins, on one kernel. */
function cost({ mapping, pinning }: Recorded, kernel: ComparedKernel, pins: number): number {
  return mapping[kernel] + pins * pinning[kernel];
}

/* Panels show the crossing with as much to its right as to its left. */
function panel({ name, even: { value: even } }: Case, index: number): Markup {
  const last = even.pins ? 2 * even.pins : 2;
  const xDomain = [0, last] as const;
  const costs = [0, last].flatMap((pins) => COMPARED.map((kernel) => cost(even, kernel, pins)));
  const yDomain = niceDomain([Math.min(...costs), Math.max(...costs)], 5);
  const told = {
    id: `break-even-${index + 1}`,
    title: `Break-even: ${name}`,
    description: `Recorded instructions of one mapping against pins per mapping, a line a kernel: ${verdict(even)}.`,
  };
  const chart = lineChart(told, {
    x: {
      scale: linearScale(xDomain, X_RANGE),
      ticks: linearTicks(xDomain, 4),
      label: String,
      title: 'pin calls per mapping',
    },
    y: {
      scale: linearScale(yDomain, Y_RANGE),
      ticks: linearTicks(yDomain, 5),
      label: formatNumber,
      title: 'instructions',
    },
    series: COMPARED.map((kernel) => ({
      name: KERNELS[kernel].release,
      className: `kernel-${kernel}`,
      points: [0, last].map((pins) => [pins, cost(even, kernel, pins)] as const),
    })),
    remarks: even.pins
      ? [{ at: [even.pins, cost(even, 'devmap', even.pins)], text: sayPins(even.pins) }]
      : [],
  });
  return figure(fragment(el('strong', {}, name), el('br', {}), verdict(even)), chart);
}

const COLUMNS: readonly Column[] = [
  { title: 'case', align: 'left' },
  { title: 'map + unmap, 6.12', align: 'right' },
  { title: '7.3', align: 'right' },
  { title: 'pin + unpin, 6.12', align: 'right' },
  { title: '7.3', align: 'right' },
  { title: 'equal at pins per mapping', align: 'right' },
];

function numbersRow({ name, even: { value, at } }: Case): Row {
  const { mapping, pinning } = value;
  return {
    cells: [
      name,
      numberCell(mapping.devmap, formatNumber, `${at}/mapping/devmap`),
      numberCell(mapping.refcount, formatNumber, `${at}/mapping/refcount`),
      numberCell(pinning.devmap, formatNumber, `${at}/pinning/devmap`),
      numberCell(pinning.refcount, formatNumber, `${at}/pinning/refcount`),
      value.pins === undefined
        ? 'never'
        : numberCell(value.pins, (pins) => sayPins(pins as number), `${at}/pins`),
    ],
  };
}

function html(report: Report): Markup | undefined {
  const cases = casesOf(report);
  if (cases.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'A refcounted mapping costs more to make and to take down; each pin of it costs less. Where the lines cross, the two kernels execute equally many instructions for a mapping that is written to, pinned and unpinned so often, and unmapped.',
    ),
    el('div', { class: 'panels' }, ...cases.map(panel)),
    numbersOf(COLUMNS, cases.map(numbersRow)),
  );
}

function markdown(report: Report): string | undefined {
  const cases = casesOf(report);
  if (cases.length === 0) return undefined;
  const lines = cases.map(({ name, even }) => `  ${name}: ${verdict(even.value)}`);
  return [
    wrap('Break-even, instructions of map, write, pin and unpin n times, unmap:'),
    '',
    ...lines.map((line) => `-${line.slice(1)}`),
  ].join('\n');
}

export const breakEvenSection: Section = {
  id: 'break-even',
  title: 'Where refcounting wins',
  kind: 'recorded',
  html,
  markdown,
};

import type { ComparedKernel } from '../../kernel.ts';
import type { Estimate } from '../../measure/stats.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import {
  boundsCell,
  type Column,
  dataElement,
  figure,
  numberCell,
  type Row,
  table,
} from '../html/table.ts';
import { sayFlips } from '../ladder.ts';
import { markdownTable, wrap } from '../markdown.ts';
import { formatNumber, formatRatio, signed } from '../numbers.ts';
import { eachPlaced, type Placed, type Report } from '../report.ts';
import type { LadderPhaseResult, LadderResult } from '../schema/ladder.ts';
import type { Section } from '../section.ts';
import { bar, dot, type Mark, ROW_RANGE } from '../svg/rowChart.ts';
import { linearScale, linearTicks, niceDomain } from '../svg/scale.ts';

const COLUMNS: readonly Column[] = [
  { title: 'step', align: 'left' },
  { title: 'first order', align: 'right' },
  { title: 'opposite', align: 'right' },
  { title: 'spread', align: 'right' },
  { title: '95 %, both', align: 'right' },
];

type Span = readonly [from: number, to: number];

/**
 * From where to where each step goes in both orders, in the rows' order. The opposite order takes
 * the first step first too and then the others from the last up: real builds' times, all of them.
 */
export function spans({ devmapNs, rungs }: LadderPhaseResult): readonly (readonly [Span, Span])[] {
  let down = devmapNs;
  let up = devmapNs + (rungs[0]?.backwardNs ?? 0);
  for (const { backwardNs } of rungs.slice(1)) up += backwardNs;
  return rungs.map(({ forwardNs, backwardNs }, i) => {
    const forward: Span = [down, down + forwardNs];
    down += forwardNs;
    if (i === 0) return [forward, [devmapNs, devmapNs + backwardNs]];
    const backward: Span = [up - backwardNs, up];
    up -= backwardNs;
    return [forward, backward];
  });
}

function stepMarks([forward, backward]: readonly [Span, Span]): readonly Mark[] {
  const kind = ([from, to]: Span): string => (to >= from ? 'adds' : 'saves');
  return [
    bar(...forward, kind(forward), 9, -0.14),
    bar(...backward, `${kind(backward)} thin`, 3, 0.24),
  ];
}

function boundsNs(rung: LadderPhaseResult['rungs'][number], at: string): Markup {
  const bound = (key: 'lowNs' | 'highNs') =>
    dataElement({ text: signed(rung[key]), value: rung[key], at: `${at}/${key}` });
  return fragment('[', bound('lowNs'), ', ', bound('highNs'), ']');
}

function phaseFigure({ value, at }: Placed<LadderPhaseResult>, prefix: string): Markup {
  const { title, phase, devmapNs, refcountNs, rungs, wholeNs, spreadNs } = value;
  const steps = spans(value);
  const ends = [devmapNs, refcountNs, ...steps.flat(2)];
  const zoomed = Math.min(...ends) > Math.max(...ends) / 2;
  const domain = niceDomain([Math.min(zoomed ? Infinity : 0, ...ends), Math.max(...ends)], 4);
  const whole = (name: string, kernel: ComparedKernel): Row => ({
    strong: true,
    cells: [name, numberCell(value[`${kernel}Ns`], formatNumber, `${at}/${kernel}Ns`), '', '', ''],
    // A bar that does not begin at 0 would mislead.
    marks: [
      zoomed
        ? dot(value[`${kernel}Ns`], `kernel-${kernel} solid`)
        : bar(0, value[`${kernel}Ns`], `kernel-${kernel}`, 9),
    ],
  });
  const rows: readonly Row[] = [
    whole('devmap', 'devmap'),
    ...eachPlaced(rungs, `${at}/rungs`).map(({ value: rung, at: from }, i): Row => {
      const { step, forwardNs, backwardNs } = rung;
      return {
        cells: [
          step,
          numberCell(forwardNs, (ns) => signed(ns as number), `${from}/forwardNs`),
          numberCell(backwardNs, (ns) => signed(ns as number), `${from}/backwardNs`),
          formatNumber(Math.abs(forwardNs - backwardNs)),
          boundsNs(rung, from),
        ],
        marks: stepMarks(steps[i] as readonly [Span, Span]),
      };
    }),
    whole('refcount', 'refcount'),
  ];
  const told = {
    id: `ladder-${prefix}-${phase}`,
    title: `Ladder from devmap to refcount: ${title}`,
    description:
      'A waterfall of emulated nanoseconds: thick bars are the steps in the first order, thin ones in the opposite order. The table beside it has the numbers.',
  };
  const axis = {
    scale: linearScale(domain, ROW_RANGE),
    ticks: linearTicks(domain, 4),
    label: formatNumber,
    origin: 0,
  };
  const sum = fragment(
    'sum of the steps ',
    dataElement({ text: signed(wholeNs), value: wholeNs, at: `${at}/wholeNs` }),
    ' ns in either order; the orders disagree by up to ',
    dataElement({ text: formatNumber(spreadNs), value: spreadNs, at: `${at}/spreadNs` }),
    ' ns',
  );
  return figure(
    fragment(el('strong', {}, title), el('br', {}), sum),
    table(COLUMNS, rows, { told, axis, title: 'ns' }),
  );
}

function estimateCell(estimate: Estimate | undefined, at: string): Markup {
  if (!estimate) return fragment();
  const { value } = estimate;
  const ratio = dataElement({ text: formatRatio(value), value, at: `${at}/value` });
  return fragment(ratio, ' ', boundsCell(estimate, at));
}

/** The same A/B under other choices of modelling. */
function choicesTable({ value: { choices, verdicts, device }, at }: Placed<LadderResult>): Markup {
  if (!choices || !verdicts) return fragment();
  const placed = eachPlaced(verdicts, `${at}/verdicts`);
  const columns: readonly Column[] = [
    { title: 'choice', align: 'left' },
    ...verdicts.map(({ title }): Column => ({ title, align: 'right' })),
  ];
  const rows = choices.map(
    (choice, i): Row => ({
      cells: [
        choice,
        ...placed.map(({ value: { ratios }, at: from }) =>
          estimateCell(ratios[i], `${from}/ratios/${i}`),
        ),
      ],
    }),
  );
  const flips = sayFlips(choices, verdicts);
  return figure(
    fragment(
      el('strong', {}, `${device.align} units: refcount ÷ devmap under other choices of modelling`),
      el('br', {}),
      flips.length ? flips.join('; ') : 'no choice turns an emulated verdict round',
    ),
    table(columns, rows),
  );
}

function ladderPart(ladder: Placed<LadderResult>, index: number): Markup {
  const { device, phases, turns, placements } = ladder.value;
  return fragment(
    el('h3', {}, `${device.align} units`),
    el('p', { class: 'note' }, `${turns} turns in ${placements} places`),
    ...eachPlaced(phases, `${ladder.at}/phases`).map((each) =>
      phaseFigure(each, `${index + 1}-${device.align}`),
    ),
    choicesTable(ladder),
  );
}

function html({ ladders }: Report): Markup | undefined {
  if (ladders.length === 0) return undefined;
  return fragment(
    el(
      'p',
      {},
      'Builds of the core from devmap to refcount, one step more each, in an order (thick) and in the opposite one (thin), full detail: locks, statistics and look-ups too. The steps sum to the whole in both orders; how far the orders disagree is how far an attribution can be trusted. No claim about kernel time.',
    ),
    ...ladders.map(ladderPart),
  );
}

/** The step that adds or takes away most, in the mean of both orders. */
function heaviest({ rungs }: LadderPhaseResult): LadderPhaseResult['rungs'][number] | undefined {
  const weight = (rung: LadderPhaseResult['rungs'][number]): number =>
    Math.abs(rung.forwardNs + rung.backwardNs);
  return rungs.toSorted((a, b) => weight(b) - weight(a))[0];
}

function markdown({ ladders }: Report): string | undefined {
  if (ladders.length === 0) return undefined;
  const columns: readonly Column[] = [
    { title: 'unit', align: 'left' },
    { title: 'phase', align: 'left' },
    { title: 'devmap', align: 'right' },
    { title: 'refcount', align: 'right' },
    { title: 'heaviest step', align: 'left' },
    { title: 'both orders', align: 'right' },
  ];
  const rows = ladders.flatMap(({ value: { device, phases } }) =>
    phases.map((phase) => {
      const step = heaviest(phase);
      return [
        device.align,
        phase.phase,
        formatNumber(phase.devmapNs),
        formatNumber(phase.refcountNs),
        step?.step ?? '',
        step ? `${signed(step.forwardNs)}, ${signed(step.backwardNs)}` : '',
      ];
    }),
  );
  return [
    wrap(
      'Emulated ns in full detail, and the step from devmap to refcount that weighs most, taken in two opposite orders. No claim about kernel time.',
    ),
    '',
    markdownTable(columns, rows),
  ].join('\n');
}

export const ladderSection: Section = {
  id: 'ladder',
  title: 'The emulated difference, step by step',
  kind: 'emulated',
  html,
  markdown,
};

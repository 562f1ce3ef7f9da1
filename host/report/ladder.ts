import type { Ladder, LadderPhase } from '../compare/ladder.ts';
import type { Sensitivity, Verdict } from '../compare/sensitivity.ts';
import { sign } from '../measure/sign.ts';
import { formatBytes } from '../units.ts';
import { formatEstimate, formatNumber, signed } from './numbers.ts';
import { type Column, formatTable } from './table.ts';

const RUNG_COLUMNS = (title: string): readonly Column[] => [
  { title, align: 'left' },
  { title: 'first order', align: 'right', group: 'emulated here: ns' },
  { title: 'opposite', align: 'right', group: 'emulated here: ns' },
  { title: 'spread', align: 'right', group: 'emulated here: ns' },
  { title: '95 %, both orders', align: 'right', group: 'emulated here: ns' },
];

function ladderTable({ title, rungs, devmapNs, refcountNs, wholeNs, spreadNs }: LadderPhase) {
  return formatTable(RUNG_COLUMNS(title), [
    ['devmap', formatNumber(devmapNs), formatNumber(devmapNs), '', ''],
    ...rungs.map(({ step, forwardNs, backwardNs, lowNs, highNs }) => [
      `  ${step}`,
      signed(forwardNs),
      signed(backwardNs),
      formatNumber(Math.abs(forwardNs - backwardNs)),
      `[${signed(lowNs)}, ${signed(highNs)}]`,
    ]),
    ['  sum of the steps', signed(wholeNs), signed(sumOf(rungs)), formatNumber(spreadNs), ''],
    ['refcount', formatNumber(refcountNs), formatNumber(refcountNs), '', ''],
  ]);
}

function sumOf(rungs: LadderPhase['rungs']): number {
  return rungs.reduce((sum, { backwardNs }) => sum + backwardNs, 0);
}

/** A ladder, a table an operation. */
export function formatLadder({ device, phases, seed, turns, placements }: Ladder): string {
  const size = formatBytes(device.sizeBytes);
  return [
    `${device.align} units, ${size} device, map=${device.map}; seed ${seed}, ${turns} turns in ${placements} places`,
    ...phases.map(ladderTable),
  ].join('\n\n');
}

/** What the ladder's columns mean. */
export const LADDER_NOTES = [
  'Emulated time of the emulated steps alone, full detail (locks, statistics, look-ups), overlap none; no claim',
  'about kernel time. Each line is a build that does one step more; both orders sum to the whole exactly, and',
  'the spread between them is how far an attribution can be trusted. daxstorm explain splits what was recorded.',
].join('\n');

/** Operations whose sign hangs on the choice, and which choice says what. */
export function sayFlips(
  choices: readonly string[],
  verdicts: readonly Pick<Verdict, 'title' | 'ratios' | 'flips'>[],
): readonly string[] {
  return verdicts.flatMap(({ title, ratios, flips }) => {
    if (flips.length === 0) return [];
    const told = (which: number) =>
      choices.filter((_, i) => ratios[i] && sign(ratios[i]) === which);
    return `${title}: dearer with ${told(1).join(', ')}; cheaper with ${told(-1).join(', ')}`;
  });
}

/** Which choices of modelling decide the sign, a line an operation. */
export function formatSensitivity({ choices, verdicts, device }: Sensitivity): string {
  const columns: readonly Column[] = [
    { title: `${device.align}: refcount ÷ devmap`, align: 'left' },
    ...choices.map((title): Column => ({ title, align: 'right', group: 'emulated here' })),
  ];
  const flips = sayFlips(choices, verdicts);
  return [
    formatTable(
      columns,
      verdicts.map(({ title, ratios }) => [title, ...ratios.map(formatEstimate)]),
    ),
    flips.length
      ? `Choices of modelling turn the emulated verdict round:\n  ${flips.join('\n  ')}`
      : 'No choice of modelling turns an emulated verdict round.',
  ].join('\n');
}

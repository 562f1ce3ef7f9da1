import type { RecordedCost } from '../measure/recorded.ts';
import { formatNumber, formatRatio, sayPins } from './numbers.ts';
import type { ComparisonResult, RowResult } from './schema/compare.ts';

type BreakEven = ComparisonResult['breakEven']['recorded'][number];

/** `3.7 times as many`, `6 % fewer`, `as many`: a ratio as people say it. */
function sayRatio(ratio: number): string {
  if (ratio >= 2) return `${ratio.toFixed(1)} times as many`;
  if (ratio <= 0.5) return `${(1 / ratio).toFixed(ratio <= 0.1 ? 0 : 1)} times fewer`;
  const percent = Math.round(Math.abs(ratio - 1) * 100);
  if (percent === 0) return 'as many';
  return `${percent} % ${ratio > 1 ? 'more' : 'fewer'}`;
}

function operationWords(row: RowResult, recorded: RecordedCost): string {
  const control = row.control ? ` (memfd ${formatRatio(row.control.ratio)})` : '';
  const { devmap, refcount, ratio } = recorded;
  return `  ${row.title}: ${formatNumber(devmap)} → ${formatNumber(refcount)}, ${sayRatio(ratio)}${control}`;
}

function breakEvenWords(align: string, { pinPages, mapDelta, pinGain, pins }: BreakEven): string {
  const one = align === '4K' && pinPages > 1 ? `a page in a call of ${pinPages}` : undefined;
  const pinned = one ?? (pinPages === 1 ? 'one page' : `${pinPages} pages in a call`);
  if (pins === 0)
    return `  pins of ${pinned}: mapping is no dearer, so refcounting never costs more`;
  const map = `a mapping costs ${formatNumber(mapDelta)} more`;
  if (pins === undefined) return `  pins of ${pinned}: ${map}, and no pin gives it back`;
  return `  pins of ${pinned}: ${map}, each pin and unpin ${formatNumber(pinGain)} less: refcounting wins from ${sayPins(pins)} pins per mapping`;
}

function recordedWords({ device, rows, breakEven }: ComparisonResult): readonly string[] {
  return [
    `${device.align} units, instructions recorded on 6.12 → 7.3`,
    ...rows.flatMap((row) => (row.recorded ? [operationWords(row, row.recorded)] : [])),
    ...breakEven.recorded.map((even) => breakEvenWords(device.align, even)),
  ];
}

/** Where nothing was recorded, only counts are left to say, and no word on cost. */
function unrecordedWords({ device, breakEven }: ComparisonResult): readonly string[] {
  const { counted } = breakEven;
  const none = `${device.align} units: no instructions were recorded, so nothing is said of their cost`;
  if (!counted) return [none];
  const equal =
    counted.pins === undefined
      ? 'never equal'
      : `equal at ${sayPins(counted.pins)} pin calls per mapping`;
  return [
    none,
    `  by count: a mapping takes ${formatNumber(counted.mapDelta)} page RMWs more, a pin call and its unpin ${formatNumber(counted.pinGain)} fewer: ${equal}`,
  ];
}

/** `0.94×`, or `0.94× to 0.95×` over several unit sizes. */
function span(
  comparisons: readonly ComparisonResult[],
  phase: RowResult['phase'],
): string | undefined {
  const ratios = comparisons.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.phase === phase && row.recorded ? [row.recorded.ratio] : [])),
  );
  if (ratios.length === 0) return undefined;
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map(formatRatio);
  return low === high ? low : `${low} to ${high}`;
}

const SPANS = [
  ['fault', 'a first fault'],
  ['touch', 'a touch, first faults among them'],
  ['munmap', 'unmapping'],
  ['pin', 'pinning'],
  ['unpin', 'unpinning'],
] as const;

/** Recorded ratios of each operation over all sizes: `unmapping`, `3.51× to 3.74×`. */
export function recordedSpans(
  comparisons: readonly ComparisonResult[],
): readonly (readonly [name: string, ratios: string])[] {
  return SPANS.flatMap(([phase, name]) => {
    const ratios = span(comparisons, phase);
    return ratios === undefined ? [] : [[name, ratios] as const];
  });
}

/** One sentence over all sizes, from recorded ratios alone. */
export function summary(comparisons: readonly ComparisonResult[]): string {
  const parts = recordedSpans(comparisons).map(([name, ratios]) => `${name} ${ratios}`);
  return parts.length === 0
    ? 'Nothing of this storm was recorded on real kernels, so nothing is said of its cost.'
    : `From Linux 6.12 (devmap bit) to 7.3 (refcounted), in recorded instructions: ${parts.join(', ')}.`;
}

/**
 * What refcounting costs and gains, in words: from recorded instructions alone, never from emulated
 * time.
 */
export function costWords(comparisons: readonly ComparisonResult[]): string {
  return [
    summary(comparisons),
    'Every other change between the two releases is in these numbers; memfd in brackets is the same operation',
    'on ordinary shared memory, which has no such change.',
    ...comparisons.flatMap((each) =>
      each.rows.some((row) => row.recorded) ? recordedWords(each) : unrecordedWords(each),
    ),
  ].join('\n');
}

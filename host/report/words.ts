import type { Comparison, OperationRow } from '../compare/comparison.ts';
import type { BreakEven } from '../measure/breakEven.ts';
import type { RecordedCost } from '../measure/recorded.ts';
import { formatNumber, formatRatio } from './numbers.ts';

/** `3.7 times as many`, `6 % fewer`, `as many`: a ratio as people say it. */
export function sayRatio(ratio: number): string {
  if (ratio >= 2) return `${ratio.toFixed(1)} times as many`;
  if (ratio <= 0.5) return `${(1 / ratio).toFixed(ratio <= 0.1 ? 0 : 1)} times fewer`;
  const percent = Math.round(Math.abs(ratio - 1) * 100);
  if (percent === 0) return 'as many';
  return `${percent} % ${ratio > 1 ? 'more' : 'fewer'}`;
}

function operationWords(row: OperationRow, recorded: RecordedCost): string {
  const control = row.control ? `; memfd ${formatRatio(row.control.ratio)}` : '';
  const { devmap, refcount, ratio } = recorded;
  return `  ${row.title}: ${formatNumber(devmap)} → ${formatNumber(refcount)}, ${sayRatio(ratio)}${control}`;
}

function breakEvenWords(align: string, even: BreakEven): string {
  const pages = even.pinPages === 1 ? '1 page' : `${even.pinPages} pages`;
  const perLeaf = align === '4K' && even.pinPages > 1 ? ', per page of the call,' : '';
  const map = `mapping and unmapping a ${align} leaf costs ${formatNumber(even.mapDelta)} more`;
  const pin = `pinning and unpinning ${pages}${perLeaf} saves ${formatNumber(even.pinGain)}`;
  if (even.pins === undefined) return `  ${map}, and pinning saves nothing: it never pays`;
  if (even.pins === 0)
    return `  mapping a ${align} leaf is no dearer: it pays from the first mapping`;
  return `  ${map}; ${pin}: it pays from ${formatNumber(even.pins)} pins per mapping`;
}

function unrecordedWords({ device, breakEven }: Comparison): readonly string[] {
  const { counted } = breakEven;
  if (!counted) return [];
  const from =
    counted.pins === undefined
      ? 'it never pays'
      : `equal at ${formatNumber(counted.pins)} pin calls`;
  return [
    `  ${device.align}: no instructions were recorded. By count, a mapping takes ${formatNumber(counted.mapDelta)} page RMWs`,
    `      more and a pin call with its unpin ${formatNumber(counted.pinGain)} fewer: ${from} per mapping`,
  ];
}

/**
 * What refcounting costs and gains, in words: from recorded instructions alone, never from emulated
 * time.
 */
export function costWords(comparisons: readonly Comparison[]): string {
  const recorded = comparisons.filter((each) => each.rows.some((row) => row.recorded));
  const unrecorded = comparisons.filter((each) => !recorded.includes(each));
  const operations = recorded.flatMap(({ rows }) =>
    rows.flatMap((row) => (row.recorded ? [operationWords(row, row.recorded)] : [])),
  );
  const evens = recorded.flatMap(({ device, breakEven }) =>
    breakEven.recorded.map((even) => breakEvenWords(device.align, even)),
  );
  return [
    'What refcounting costs and gains: instructions recorded on Linux 6.12 → 7.3, with every other',
    'change between the two (memfd: how much those changed ordinary shared memory)',
    ...operations,
    ...(evens.length > 0 ? ['Break-even, in recorded instructions'] : []),
    ...evens,
    ...(unrecorded.length > 0 ? ['Not recorded'] : []),
    ...unrecorded.flatMap(unrecordedWords),
  ].join('\n');
}

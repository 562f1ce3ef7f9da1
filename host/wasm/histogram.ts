import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

/** Latencies as the core counts them: operations by bucket, and the longest exactly. */
export interface Histogram {
  readonly counts: readonly number[];
  readonly maxNs: number;
}

/** Buckets of a histogram. */
export const BUCKETS = abi.HISTOGRAM_LENGTH;
/** A bucket is at most this share of its least value wide. */
export const BUCKET_ERROR = 2 ** -abi.HISTOGRAM_SUB_BITS;

const SUB_BUCKETS = 2 ** abi.HISTOGRAM_SUB_BITS;

/** The bucket of whole nanoseconds: the arithmetic of assembly/histogram.ts. */
export function bucketOf(ns: number): number {
  const shift = Math.max(0, Math.floor(Math.log2(Math.max(1, ns))) - abi.HISTOGRAM_SUB_BITS);
  return Math.min(BUCKETS - 1, shift * SUB_BUCKETS + Math.floor(ns / 2 ** shift));
}

/** Whole nanoseconds of a bucket: from, and below. */
export function bucketBounds(bucket: number): {
  readonly fromNs: number;
  readonly belowNs: number;
} {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  const fromNs = (bucket - shift * SUB_BUCKETS) * 2 ** shift;
  return { fromNs, belowNs: fromNs + 2 ** shift };
}

/** Empties a bank's histogram. */
export function clearHistogram(bank: Bank): void {
  const bytes = abi.HISTOGRAM_MAX + 8;
  new Uint8Array(bank.memory.buffer, abi.HISTOGRAM_BUCKETS, bytes).fill(0);
}

export function readHistogram(bank: Bank): Histogram {
  const counts = Array.from({ length: BUCKETS }, (_, i) =>
    Number(bank.u64(abi.HISTOGRAM_BUCKETS + i * 8)),
  );
  return { counts, maxNs: bank.view.getFloat64(abi.HISTOGRAM_BUCKETS + abi.HISTOGRAM_MAX, true) };
}

/** Both together. */
export function addHistograms(one: Histogram, other: Histogram): Histogram {
  return {
    counts: one.counts.map((count, i) => count + (other.counts[i] as number)),
    maxNs: Math.max(one.maxNs, other.maxNs),
  };
}

export const EMPTY_HISTOGRAM: Histogram = { counts: new Array<number>(BUCKETS).fill(0), maxNs: 0 };

export function operationsIn({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The value that a share of the operations does not exceed (nearest rank): the largest of its
 * bucket, so never below the exact one and at most BUCKET_ERROR above. NaN of nothing.
 */
export function percentileNs(histogram: Histogram, share: number): number {
  const { counts, maxNs } = histogram;
  const rank = Math.max(1, Math.ceil(share * operationsIn(histogram)));
  let seen = 0;
  const bucket = counts.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  if (bucket < 0) return Number.NaN;
  // The last bucket has no end, and no bucket reaches beyond the longest.
  if (bucket === BUCKETS - 1) return maxNs;
  return Math.min(bucketBounds(bucket).belowNs - 1, maxNs);
}

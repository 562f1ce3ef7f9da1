const RESOLUTION_READS = 20_000;
/** Nanoseconds below which two intervals are one: rounding of the clock's milliseconds. */
const ROUNDING_NS = 0.05;

/** The least step between two intervals of the clock, in nanoseconds. */
export function clockResolutionNs(): number {
  const reads = Float64Array.from({ length: RESOLUTION_READS }, () => performance.now() * 1e6);
  const intervals = reads.subarray(1).map((read, i) => read - (reads[i] as number));
  intervals.sort();
  const steps = intervals.subarray(1).map((each, i) => each - (intervals[i] as number));
  return steps.reduce((least, step) => (step > ROUNDING_NS && step < least ? step : least), 1e6);
}

/** Median nanoseconds between two reads, one right after the other. */
export function clockCostNs(): number {
  const reads = Float64Array.from({ length: RESOLUTION_READS }, () => performance.now() * 1e6);
  const intervals = reads.subarray(1).map((read, i) => read - (reads[i] as number));
  return intervals.sort()[intervals.length >> 1] as number;
}

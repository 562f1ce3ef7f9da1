/*
 * Latencies of single operations: HISTOGRAM=1 reads a clock after each operation of a stream and
 * counts the time since the last reading in a log-linear bucket of the bank (after HdrHistogram).
 * Nothing of it is left in other builds.
 *
 * The clock is the host's, imported: one call out of Wasm an operation. The other way is a second
 * thread that counts in shared memory, to be read without a call. Tried side by side on a virtual
 * machine of two CPUs: reading the counter takes 1.3 ns, but 97 % of neighbouring readings are
 * equal (the cache line changes hands about every 50 ns), a tick lasts 0.4 to 6 ns from one run to
 * the next, and the clock stops whenever the thread has no CPU, which a percentile cannot tell from
 * a slow operation. The imported clock takes 43 ns a reading, but runs evenly and resolves 1 ns;
 * its price is known and printed, and it is in every latency.
 */
import {
  HISTOGRAM_BUCKETS, HISTOGRAM_LENGTH, HISTOGRAM_MAX, HISTOGRAM_SUB_BITS,
} from './layout';

/** Milliseconds on the host's monotonic clock, with all the digits it has. */
@external("env", "clock")
declare function clock(): f64;

let last: f64 = 0;

/** The clock starts: what came before belongs to no operation. */
@inline export function beginLaps(): void {
  if (HISTOGRAM) last = clock();
}

@inline function bucketOf(ns: u64): u32 {
  const most = <u32>(63 - clz<u64>(ns | 1));
  const shift = most > HISTOGRAM_SUB_BITS ? most - HISTOGRAM_SUB_BITS : 0;
  const bucket = (shift << HISTOGRAM_SUB_BITS) + <u32>(ns >> shift);
  return bucket < HISTOGRAM_LENGTH ? bucket : HISTOGRAM_LENGTH - 1;
}

function record(ns: f64): void {
  const at = HISTOGRAM_BUCKETS + (bucketOf(<u64>ns) << 3);
  store<u64>(at, load<u64>(at) + 1);
  if (ns > load<f64>(HISTOGRAM_BUCKETS, HISTOGRAM_MAX)) {
    store<f64>(HISTOGRAM_BUCKETS, ns, HISTOGRAM_MAX);
  }
}

/** An operation is over: the time since the one before is its latency. */
@inline export function lap(): void {
  if (HISTOGRAM) {
    const now = clock();
    record((now - last) * 1e6);
    // Read again, so that the counting is in no operation's latency.
    last = clock();
  }
}

/** So many operations that do nothing: what the clock itself takes. */
export function timeLaps(laps: u32): void {
  beginLaps();
  for (let i: u32 = 0; i < laps; i++) lap();
}

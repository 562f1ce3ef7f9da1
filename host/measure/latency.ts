import type { KernelId } from '../kernel.ts';
import type { PhaseName } from '../storm/phase.ts';

/** How long single operations of one phase took on one kernel, emulated. */
export interface LatencyRow {
  readonly phase: PhaseName;
  readonly title: string;
  readonly kernel: KernelId;
  readonly operations: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly p9999Ns: number;
  readonly maxNs: number;
  readonly buckets: readonly { readonly belowNs: number; readonly count: number }[];
}

/** Latencies with the clock they were read from. */
export interface Latency {
  readonly clock: string;
  readonly resolutionNs: number;
  readonly overheadNs: number;
  readonly rows: readonly LatencyRow[];
}

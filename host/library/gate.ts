import { findBaseline } from '../gate/baseline.ts';
import { readBenchmarks } from '../gate/benchmarks.ts';
import { confirmApart } from '../gate/confirm.ts';
import { findCores, ownCores } from '../gate/cores.ts';
import { chooseBenchmarks, type GateResult, runGate } from '../gate/gate.ts';
import { parseLimits } from '../gate/limits.ts';
import type { OnProgress } from '../progress.ts';

/** Options of `gate`. */
export interface GateOptions {
  /** A baseline by name or file. Default `standard`, which ships with the package. */
  readonly baseline?: string;
  /** A fault trace to gate in place of the standard storms; needs a baseline of its own. */
  readonly trace?: string;
  /** Names of what to compare, as `refcount/fault`; * is anything within a part. Default: all. */
  readonly filter?: readonly string[];
  /** How far counts may move: `rmwRefcount=<3`, `ptRead=+2%`. Default: not at all. */
  readonly limits?: readonly string[];
  /** A core to time this one against: a .wasm, a folder, a revision, a version. Default: no times. */
  readonly base?: string;
  /** Seconds of the first look at the times, and of all of them. Default 20 and 60. */
  readonly seconds?: number;
  /** Seconds of all looks at the times, confirming included. Default 60. */
  readonly maxSeconds?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Ends the run after the block in hand; the verdict is `interrupted`. */
  readonly signal?: AbortSignal;
  /** Told, in a few words, what is being done, and how many seconds are left of it. */
  readonly onProgress?: OnProgress;
  /** Told what of the trace could not be read. */
  readonly onWarning?: (text: string) => void;
}

const silent = (): void => {};

/**
 * Compares the exact event counts of storms or a trace with a baseline, then, with `base`, two cores
 * against the clock. `verdict` is `ok`, `regression`, `inconclusive`, `violation` or `interrupted`.
 *
 * Fails: E_BASELINE, E_CORE, E_ABI; E_VALUE for a filter that names nothing; E_FILE, E_TRACE_EMPTY,
 * E_TRACE_FORMAT.
 *
 * @example
 * const { verdict } = await gate({ filter: ['2M sequential/refcount'] });
 * verdict; // → 'ok'
 */
export async function gate(options: GateOptions = {}): Promise<GateResult> {
  const { filter = [], limits = [], base, signal, onProgress = silent } = options;
  const { seconds = 20, maxSeconds = 60, seed = 1 } = options;
  const head = ownCores();
  const all = await readBenchmarks(options.trace, options.onWarning ?? silent);
  return runGate({
    benchmarks: chooseBenchmarks(all, head, filter),
    traceFile: options.trace,
    head,
    headIsOwn: true,
    base: base === undefined ? undefined : await findCores(base, onProgress),
    baseline: findBaseline(options.baseline ?? 'standard'),
    lenient: false,
    limits: limits.flatMap((text) => parseLimits(text)),
    margins: [],
    filter,
    countsOnly: base === undefined,
    seed,
    seconds,
    maxSeconds,
    confirm: confirmApart,
    signal,
    onProgress,
  });
}

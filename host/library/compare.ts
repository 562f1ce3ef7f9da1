import { type Comparison, comparePhases } from '../compare/comparison.ts';
import { type Replay, replayTrace, traceSizeBytes } from '../compare/replay.ts';
import type { OnProgress } from '../progress.ts';
import { readTrace } from '../trace/open.ts';
import { SAMPLE_TRACE } from '../trace/sample.ts';
import type { AlignName } from '../units.ts';
import type { RecordFormat } from '../wasm/bank.ts';
import { readyStorm, type Storm } from './storm.ts';

/** What every timed run takes. */
export interface TimingOptions {
  /** Time to spend measuring; five places of the bank are measured whatever it is. */
  readonly seconds?: number;
  /** Of the order of blocks and the bootstrap. Default 1. */
  readonly seed?: number;
  /** Ends the run after the blocks in hand; what was measured is returned. */
  readonly signal?: AbortSignal;
  /** Told, in a few words, what is being done. */
  readonly onProgress?: OnProgress;
}

function optionsOf({ seconds = 2, seed = 1, signal, onProgress }: TimingOptions) {
  return { seconds, seed, signal, ...(onProgress ? { onProgress } : {}) };
}

/** Options of `compare`. */
export interface CompareOptions extends TimingOptions {
  /**
   * How the emulator keeps its struct pages: `line` (default) to measure, `packed` for devices whose struct
   * pages would not fit: counts are the same, but of cache lines. The first time `packed` compiles builds.
   */
  readonly records?: RecordFormat;
}

/**
 * The A/B of one storm: instructions recorded in real kernels, exact counts, and the emulated steps'
 * time here as a ratio with a 95 % interval. The three are never to be mixed. Default 2 seconds.
 *
 * Fails: as `countStorm`; E_NOT_BUILT for `packed` records where assemblyscript is not installed.
 *
 * @example
 * const { rows } = await compare({ align: '2M', sizeBytes: 64 * MIB }, { seconds: 1 });
 * const munmap = rows.find(({ phase }) => phase === 'munmap');
 * munmap?.recorded?.ratio.toFixed(2); // → '3.51': instructions a leaf, 7.3 over 6.12
 */
export async function compare(storm: Storm, options: CompareOptions = {}): Promise<Comparison> {
  const { scenario, device, phases } = readyStorm(storm, options.records);
  return comparePhases(device, phases, scenario, optionsOf(options));
}

/** Options of `replay`. */
export interface ReplayOptions extends TimingOptions {
  /** The unit of the device that the trace is put on. */
  readonly align: AlignName;
  /** Default: as large as the trace needs. */
  readonly sizeBytes?: number;
  /** Told what of the trace could not be read. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Replays the page faults of a recorded program (perf script of exceptions:page_fault_user, plain or
 * .gz) on device-DAX memory under both kernels; without a file, the sample that ships.
 *
 * Fails: E_FILE, E_TRACE_EMPTY, E_TRACE_FORMAT; E_DEVICE_SIZE, E_BANK_SPAN, E_MEMORY.
 */
export async function replay(options: ReplayOptions, file: string = SAMPLE_TRACE): Promise<Replay> {
  const trace = await readTrace(file);
  for (const warning of trace.warnings) options.onWarning?.(warning);
  const sizeBytes = options.sizeBytes ?? traceSizeBytes(trace, options.align);
  return replayTrace(trace, options.align, sizeBytes, optionsOf(options));
}

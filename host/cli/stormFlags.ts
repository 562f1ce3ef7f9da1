import type { Pattern } from '../storm/pattern.ts';
import {
  makeScenario,
  PIN_PAGES_DEFAULT,
  type Scenario,
  STANDARD_SIZE_BYTES,
} from '../storm/scenario.ts';
import type { MapName } from '../syscall/namespace.ts';
import type { AlignName } from '../units.ts';
import type { RecordFormat } from '../wasm/bank.ts';

/** The flags that describe a storm, the same in every command that runs one. */
export interface StormFlags {
  readonly align?: AlignName;
  readonly size?: number;
  readonly namespace?: boolean;
  readonly map: MapName;
  readonly ranges?: number;
  readonly pattern: Pattern;
  readonly stride: number;
  readonly exponent?: number;
  readonly hotShare?: number;
  readonly touches?: number;
  readonly access: 'read' | 'write';
  readonly pinPages: number;
  readonly records?: RecordFormat;
  readonly seed: number;
  readonly time: number;
  readonly latency?: boolean;
  readonly json?: string | true;
}

/** Latencies need many operations, not many blocks: more time tells the last percentiles alone. */
const LATENCY_SECONDS_MAX = 2;

/** The storm that compare runs without flags. */
export function standardStorm({ time, seed }: Pick<StormFlags, 'time' | 'seed'>): StormFlags {
  return {
    map: 'mem',
    pattern: 'sequential',
    stride: 16,
    access: 'write',
    pinPages: PIN_PAGES_DEFAULT,
    seed,
    time,
  };
}

/** Seconds that --latency takes of its own, from --time. */
export function latencySeconds({ time }: StormFlags): number {
  return Math.min(time, LATENCY_SECONDS_MAX);
}

/** The scenario that flags describe on one unit size. Fails: E_STORM. */
export function scenarioOf(flags: StormFlags, align: AlignName): Scenario {
  return makeScenario({
    align,
    sizeBytes: flags.size ?? STANDARD_SIZE_BYTES[align],
    namespace: flags.namespace ?? false,
    map: flags.map,
    ranges: flags.ranges ?? 1,
    pattern: flags.pattern,
    strideUnits: flags.stride,
    exponent: flags.exponent,
    hotShare: flags.hotShare,
    touches: flags.touches,
    access: flags.access,
    pinPages: flags.pinPages,
    records: flags.records,
    seed: flags.seed,
  });
}

import { replayPhase, traceSizeBytes } from '../compare/replay.ts';
import { munmapPhase, type Phase, stormPhases, workloadHash } from '../storm/phase.ts';
import {
  makeScenario,
  type Scenario,
  STANDARD_SIZE_BYTES,
  scenarioDevice,
} from '../storm/scenario.ts';
import { type Device, dynamicDevice } from '../syscall/device.ts';
import type { FaultTrace } from '../trace/faultTrace.ts';
import { readTrace } from '../trace/open.ts';
import { placeTrace } from '../trace/placement.ts';
import { ALIGN_NAMES, type AlignName, PAGE_BYTES } from '../units.ts';

/** One scenario of the gate: what is mapped and what is done to it. */
export interface Benchmark {
  readonly name: string;
  readonly device: Device;
  readonly phases: readonly Phase[];
  /**
   * Names the op streams: a baseline of another workload is another baseline. Of a trace `trace`, for
   * that a program touches memory differently is what its gate is to see.
   */
  readonly workload: string;
  /**
   * Share by which its operations may get slower where a user says nothing; undefined: it is counted
   * alone, as every one is.
   */
  readonly margin: number | undefined;
}

type Choice = Partial<Omit<Scenario, 'align' | 'sizeBytes'>>;

const MARGIN = 0.05;
/** Random order of 4K pages misses caches, and its times spread more. */
const MARGIN_UNIFORM = 0.1;
const COUNTED_ALONE = undefined;

type Row = readonly [name: string, align: AlignName, margin: number | undefined, Choice];

/*
 * The standard storms at their standard sizes, and what each of them leaves out. 1G with map=dev is
 * not among them: 64 bytes a page of 256 GiB is more than a bank.
 */
const STANDARD: readonly Row[] = [
  ['4K sequential', '4K', MARGIN, {}],
  ['4K uniform', '4K', MARGIN_UNIFORM, { pattern: 'uniform' }],
  ['4K strided', '4K', COUNTED_ALONE, { pattern: 'strided' }],
  ['4K read', '4K', COUNTED_ALONE, { access: 'read' }],
  ['4K single-page pins', '4K', COUNTED_ALONE, { pinPages: 1 }],
  ['4K map=dev', '4K', COUNTED_ALONE, { map: 'dev' }],
  ['2M sequential', '2M', MARGIN, {}],
  ['2M uniform', '2M', COUNTED_ALONE, { pattern: 'uniform' }],
  ['2M read', '2M', COUNTED_ALONE, { access: 'read' }],
  ['2M single-page pins', '2M', COUNTED_ALONE, { pinPages: 1 }],
  ['2M map=dev', '2M', COUNTED_ALONE, { map: 'dev' }],
  ['1G sequential', '1G', MARGIN, {}],
  ['1G read', '1G', COUNTED_ALONE, { access: 'read' }],
];

const TRACE_WORKLOAD = 'trace';

/** Whether a scenario's counts are those of its whole, not of one operation. */
export function isTrace({ workload }: Benchmark): boolean {
  return workload === TRACE_WORKLOAD;
}

/** Whether a scenario's time is compared too. */
export function isTimed({ margin }: Benchmark): boolean {
  return margin !== undefined;
}

/** The scenario set that a gate runs where no trace is named. */
export function standardBenchmarks(): readonly Benchmark[] {
  return STANDARD.map(([name, align, margin, choice]) => {
    const scenario = makeScenario({ align, sizeBytes: STANDARD_SIZE_BYTES[align], ...choice });
    const device = scenarioDevice(scenario);
    const phases = stormPhases(scenario, device);
    return { name, device, phases, workload: workloadHash(phases), margin };
  });
}

/** A trace's faults on devices of all three units, then unmapped as exit would. */
function traceBenchmarks(trace: FaultTrace): readonly Benchmark[] {
  return ALIGN_NAMES.map((align) => {
    const device = dynamicDevice(align, traceSizeBytes(trace, align));
    const placement = placeTrace(trace, device.sizeBytes / PAGE_BYTES);
    const phases: readonly Phase[] = [replayPhase(placement), munmapPhase(device)];
    return { name: `${align} trace`, device, phases, workload: TRACE_WORKLOAD, margin: MARGIN };
  });
}

/**
 * The scenarios of a gate: the standard ones, or those of a trace file.
 *
 * Fails: E_FILE, E_TRACE_EMPTY, E_TRACE_FORMAT.
 */
export async function readBenchmarks(
  traceFile: string | undefined,
  warn: (text: string) => void,
): Promise<readonly Benchmark[]> {
  if (traceFile === undefined) return standardBenchmarks();
  const trace = await readTrace(traceFile);
  for (const warning of trace.warnings) warn(warning);
  return traceBenchmarks(trace);
}

import { countPhases, type KernelCount } from '../compare/counts.ts';
import { COMPARED, type KernelId, parseKernel } from '../kernel.ts';
import type { Pattern } from '../storm/pattern.ts';
import { type Phase, type PhaseName, stormPhases, workloadHash } from '../storm/phase.ts';
import {
  makeScenario,
  type Scenario,
  STANDARD_SIZE_BYTES,
  scenarioDevice,
} from '../storm/scenario.ts';
import type { Device } from '../syscall/device.ts';
import type { MapName } from '../syscall/namespace.ts';
import type { AlignName } from '../units.ts';
import type { RecordFormat } from '../wasm/bank.ts';

/** A synthetic storm: a device is mapped, its units touched in some order, pinned, unmapped. */
export interface Storm {
  /** The device's unit: `4K`, `2M` or `1G`. */
  readonly align: AlignName;
  /** Bytes of the device. Default: 1 GiB, 4 GiB or 256 GiB by unit. */
  readonly sizeBytes?: number;
  /** Whether `sizeBytes` is a pmem namespace's, of which the device is what ndctl leaves. */
  readonly namespace?: boolean;
  /** Where struct pages are kept: `mem` (default) or `dev`. */
  readonly map?: MapName;
  /** Physical ranges of the device, 1 to 16. Default 1. */
  readonly ranges?: number;
  /** Order of the touches. Default `sequential`. */
  readonly pattern?: Pattern;
  /** Of pattern `strided`. Default 16. */
  readonly strideUnits?: number;
  /** Of pattern `zipf`: how skewed. */
  readonly exponent?: number;
  /** Of pattern `hotPage`: share of the touches that the hot unit gets, 0 to 1. */
  readonly hotShare?: number;
  /** Of patterns `zipf` and `hotPage`: how many touches; 0: as many as units. */
  readonly touches?: number;
  /** Default `write`. */
  readonly access?: 'read' | 'write';
  /** 4 KiB pages a pin call asks for, 0: no pins. Default 512. */
  readonly pinPages?: number;
  /** Of everything random. Default 1. */
  readonly seed?: number;
}

/** One phase of a storm, its counts by kernel. */
export interface PhaseResult<Kernel extends KernelId> {
  /** Which phase. */
  readonly phase: PhaseName;
  /** What a count is divided by for a cost each: faults, pin calls, leaves unmapped. */
  readonly operations: number;
  /** What it did on each kernel. */
  readonly counts: Readonly<Record<Kernel, KernelCount>>;
}

/** Exact counts of a storm: the same on every run and machine, in Node and in browsers. */
export interface StormCounts<Kernel extends KernelId = KernelId> {
  /** The device that came out of the storm's size and map. */
  readonly device: Device;
  /** Names the op streams: equal workloads, equal hashes. */
  readonly workload: string;
  /** In the order they ran in. */
  readonly phases: readonly PhaseResult<Kernel>[];
}

/** A storm checked and made ready. */
export interface ReadyStorm {
  readonly scenario: Scenario;
  readonly device: Device;
  readonly phases: readonly Phase[];
}

/** Fails: E_STORM, E_DEVICE_SIZE. */
export function readyStorm(storm: Storm, records: RecordFormat = 'line'): ReadyStorm {
  const sizeBytes = storm.sizeBytes ?? STANDARD_SIZE_BYTES[storm.align];
  const scenario = makeScenario({ ...storm, sizeBytes, records });
  const device = scenarioDevice(scenario);
  return { scenario, device, phases: stormPhases(scenario, device) };
}

/**
 * Counts every event of a storm on each kernel (default: devmap and refcount).
 *
 * Fails: E_STORM naming the first field that does not fit; E_VALUE for a kernel; E_DEVICE_SIZE, E_BANK_SPAN, E_MEMORY for
 * the device; E_NOT_BUILT in a browser before `loadCores`.
 *
 * @example
 * const { phases } = countStorm({ align: '2M', sizeBytes: 64 * MIB });
 * const fault = phases[0]?.counts;
 * fault?.refcount.rmws; // → 128: four read-modify-writes of struct pages a fault
 */
export function countStorm<Kernel extends KernelId = (typeof COMPARED)[number]>(
  storm: Storm,
  kernels: readonly Kernel[] = COMPARED as readonly KernelId[] as readonly Kernel[],
): StormCounts<Kernel> {
  for (const kernel of kernels) parseKernel(kernel);
  const { device, phases } = readyStorm(storm);
  const counts = countPhases(device, phases, kernels);
  return {
    device,
    workload: workloadHash(phases),
    phases: phases.map(({ name, operations }) => ({
      phase: name,
      operations,
      counts: counts.get(name) as Readonly<Record<Kernel, KernelCount>>,
    })),
  };
}

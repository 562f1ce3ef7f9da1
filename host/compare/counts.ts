import type { KernelId } from '../kernel.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import { type PhaseCount, Rig } from '../storm/rig.ts';
import type { Device } from '../syscall/device.ts';
import type { Banks } from '../wasm/banks.ts';
import { type Events, pageRmws } from '../wasm/machine.ts';

/** What one phase did on one kernel: exact, the same on every run. */
export interface KernelCount {
  /** What the counts are over: faults, pin calls, leaves unmapped. */
  readonly operations: number;
  /** Operations that ended in an error or a signal. */
  readonly failed: number;
  /** Every event of the ledger, by name: totals of the phase. */
  readonly events: Events;
  /** Struct-page read-modify-writes, all fields. */
  readonly rmws: number;
}

export type PhaseCounts<Kernel extends KernelId> = ReadonlyMap<
  PhaseName,
  Readonly<Record<Kernel, KernelCount>>
>;

function kernelCount({ phase, events, failed }: PhaseCount): KernelCount {
  return { operations: phase.operations, failed, events, rmws: pageRmws(events) };
}

/** Counted builds by kernel, in place of the shipped ones. */
export type CountedBuilds = ReadonlyMap<KernelId, string>;

/** Runs the phases once on the counted build of each kernel, one after the other on the same banks. */
export function countEach(
  device: Device,
  phases: readonly Phase[],
  kernels: readonly KernelId[],
  builds: CountedBuilds = new Map(),
): ReadonlyMap<KernelId, readonly KernelCount[]> {
  let banks: Banks | undefined;
  const counted = kernels.map((kernel) => {
    const wasm = builds.get(kernel);
    const side = { name: kernel, kernel, kind: 'counted', overlap: 'natural' } as const;
    const rig: Rig = new Rig(wasm ? { ...side, wasm } : side, device, phases, banks);
    banks = rig.banks;
    rig.takeBank();
    return [kernel, rig.count().map(kernelCount)] as const;
  });
  return new Map(counted);
}

/** Runs the phases once on each kernel's counted build. */
export function countPhases<Kernel extends KernelId>(
  device: Device,
  phases: readonly Phase[],
  kernels: readonly Kernel[],
  builds?: CountedBuilds,
): PhaseCounts<Kernel> {
  const counted = [...countEach(device, phases, kernels, builds)];
  return new Map(
    phases.map(({ name }, i) => {
      const each = counted.map(([kernel, counts]) => [kernel, counts[i]] as const);
      return [name, Object.fromEntries(each) as Record<Kernel, KernelCount>];
    }),
  );
}

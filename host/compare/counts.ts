import type { KernelId } from '../kernel.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import { type PhaseCount, Rig } from '../storm/rig.ts';
import type { Device } from '../syscall/device.ts';
import type { Banks } from '../wasm/banks.ts';
import { type Events, pageRmws } from '../wasm/machine.ts';

/** What one phase did on one kernel: exact, the same on every run. */
export interface KernelCount {
  readonly operations: number;
  readonly failed: number;
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

/** Runs the phases once on the counted build of each kernel, one after the other on the same banks. */
export function countEach(
  device: Device,
  phases: readonly Phase[],
  kernels: readonly KernelId[],
): ReadonlyMap<KernelId, readonly KernelCount[]> {
  let banks: Banks | undefined;
  const counted = kernels.map((kernel) => {
    const rig: Rig = new Rig(
      { name: kernel, kernel, kind: 'counted', overlap: 'natural' },
      device,
      phases,
      banks,
    );
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
): PhaseCounts<Kernel> {
  const counted = [...countEach(device, phases, kernels)];
  return new Map(
    phases.map(({ name }, i) => {
      const each = counted.map(([kernel, counts]) => [kernel, counts[i]] as const);
      return [name, Object.fromEntries(each) as Record<Kernel, KernelCount>];
    }),
  );
}

import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import { type PhaseCount, Rig } from '../storm/rig.ts';
import type { Device } from '../syscall/device.ts';
import type { Bank } from '../wasm/bank.ts';
import { type Events, pageRmws } from '../wasm/machine.ts';

/** What one phase did on one kernel: exact, the same on every run. */
export interface KernelCount {
  readonly operations: number;
  readonly failed: number;
  readonly events: Events;
  /** Struct-page read-modify-writes, all fields. */
  readonly rmws: number;
}

export type PhaseCounts = ReadonlyMap<PhaseName, Readonly<Record<KernelId, KernelCount>>>;

function kernelCount({ phase, events, failed }: PhaseCount): KernelCount {
  return { operations: phase.operations, failed, events, rmws: pageRmws(events) };
}

/** Runs the phases once on each kernel's counted build. */
export function countPhases(device: Device, phases: readonly Phase[]): PhaseCounts {
  let bank: Bank | undefined;
  const counted = KERNEL_IDS.map((kernel) => {
    const rig: Rig = new Rig(
      { name: kernel, kernel, kind: 'counted', overlap: 'natural' },
      device,
      phases,
      bank,
    );
    bank = rig.bank;
    rig.takeBank();
    return rig.count();
  });
  const [devmap = [], refcount = []] = counted;
  return new Map(
    devmap.map((base, i) => {
      const other = refcount[i];
      if (!other) throw new Error(`no count of ${base.phase.name}`);
      return [base.phase.name, { devmap: kernelCount(base), refcount: kernelCount(other) }];
    }),
  );
}

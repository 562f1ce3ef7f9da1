import type { KernelId } from '../host/kernel.ts';
import type { Phase } from '../host/storm/phase.ts';
import { Rig } from '../host/storm/rig.ts';
import type { Device } from '../host/syscall/device.ts';

/** Of every subject's pattern. */
export const SEED = 1;

/** A benchmark has two sizes: the small one runs in every test so that it cannot rot. */
export type BenchSize = 'small' | 'full';

/** One thing to time, under both kernels. */
export interface Subject {
  readonly name: string;
  /** Which phase of the storm is its time; the others set the stage. */
  readonly phase: Phase['name'];
  storm(size: BenchSize): { readonly device: Device; readonly phases: readonly Phase[] };
}

/** One kernel's side of a subject, ready to run rounds. */
export interface Side {
  readonly kernel: KernelId;
  /** Nanoseconds an operation of the subject's phase, over one round. */
  round(): number;
  /** Names the state the timed phase leaves: neither compiler nor author can leave the work out. */
  stateHash(): string;
}

export function makeSide(subject: Subject, kernel: KernelId, size: BenchSize): Side {
  const { device, phases } = subject.storm(size);
  const index = phases.findIndex((phase) => phase.name === subject.phase);
  const timed = phases[index];
  if (!timed) throw new Error(`${subject.name} has no phase ${subject.phase}`);
  const rig = new Rig({ name: kernel, kernel, kind: 'timed', overlap: 'none' }, device, phases);
  rig.prefault();
  rig.takeBank();
  const totalNs = new Float64Array(phases.length);
  return {
    kernel,
    round() {
      totalNs.fill(0);
      rig.round(totalNs);
      return (totalNs[index] as number) / timed.operations;
    },
    stateHash: () => rig.stateAfter(index + 1),
  };
}

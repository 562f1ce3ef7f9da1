import type { KernelId } from '../kernel.ts';
import type { Device } from '../syscall/device.ts';
import { System } from '../syscall/system.ts';
import { PAGE_BYTES } from '../units.ts';
import type { Banks } from '../wasm/banks.ts';
import type { BuildKind, Overlap } from '../wasm/core.ts';
import { type Events, eventsBetween, type Machine } from '../wasm/machine.ts';
import { type MemoryUse, prefault } from './memory.ts';
import type { Phase } from './phase.ts';
import { peakProcesses, Stage } from './stage.ts';

/** What one phase did in a counted build. */
export interface PhaseCount {
  readonly phase: Phase;
  readonly events: Events;
  /** Units that did not end in OK: SIGBUS, out of memory, short pins. */
  readonly failed: number;
}

/** One of the things a run compares: a build of a kernel, and whether its operations overlap. */
export interface Side {
  readonly name: string;
  readonly kernel: KernelId;
  readonly kind: BuildKind;
  readonly overlap: Overlap;
  /** In place of the kernel's shipped build: one made on demand, or the file of one or of a C twin. */
  readonly wasm?: string;
}

/** One side set up to run a storm's phases again and again, from the same state each time. */
export class Rig {
  readonly side: Side;
  readonly phases: readonly Phase[];
  readonly #system: System;
  readonly #stage: Stage;
  /** Whether rounds leave mappings behind, so that each begins with a boot. */
  readonly boots: boolean;
  #used = false;

  constructor(side: Side, device: Device, phases: readonly Phase[], banks?: Banks) {
    this.side = side;
    this.phases = phases;
    const { kernel, kind, wasm } = side;
    this.#system = new System({
      kernel,
      kind,
      device,
      processes: peakProcesses(phases),
      ...(wasm ? { wasm } : {}),
      ...(banks ? { banks } : {}),
    });
    this.boots = phases.some(({ control }) => control !== undefined);
    this.#stage = new Stage(this.#system);
  }

  get machine(): Machine {
    return this.#system.machine;
  }

  get banks(): Banks {
    return this.#system.banks;
  }

  /** Touches what the phases will use, so that no timed block is the first to. */
  prefault(): MemoryUse {
    return prefault(this.banks, this.phases);
  }

  /** Binds the device under this rig's kernel and maps all of it: banks serve rigs in turn. */
  takeBank(): void {
    this.#stage.boot();
    this.#used = false;
  }

  /**
   * Runs every phase once; nanoseconds of each, into `totalNs`. Ends as it began. `after` is called
   * behind each phase, with its index.
   */
  round(totalNs: Float64Array, after?: (phase: number) => void): void {
    const { machine, device } = this.#system;
    if (this.boots && this.#used) this.takeBank();
    this.#used = true;
    this.phases.forEach((phase, i) => {
      this.#stage.apply(phase.control);
      const { failed, elapsedNs } = machine.run(phase.stream, this.side.overlap);
      if (failed) throw new Error(`${phase.name}: ${failed} operations failed`);
      totalNs[i] = (totalNs[i] as number) + elapsedNs;
      after?.(i);
    });
    if (!this.boots) machine.core.resetPages(0, device.sizeBytes / PAGE_BYTES);
  }

  /** Runs every phase once and answers what happened; for counted builds. */
  count(): readonly PhaseCount[] {
    const { machine } = this.#system;
    return this.phases.map((phase) => {
      this.#stage.apply(phase.control);
      const before = machine.events();
      const { failed } = machine.run(phase.stream, 'natural');
      return { phase, failed, events: eventsBetween(before, machine.events()) };
    });
  }

  /** Boots, runs the first `phases` phases, and names the state they leave. */
  stateAfter(phases: number): string {
    this.takeBank();
    const { machine } = this.#system;
    for (const { stream, control } of this.phases.slice(0, phases)) {
      this.#stage.apply(control);
      machine.run(stream, 'natural');
    }
    return machine.stateHash();
  }

  /** The ledger since boot; for counted builds. */
  events(): Events {
    return this.#system.machine.events();
  }

  /** So many operations that do nothing, into the bank's histogram; for histogram builds. */
  timeLaps(laps: number): void {
    this.#system.machine.core.timeLaps(laps);
  }

  /** The first broken invariant of the state it is in, by name. */
  violation(): string | undefined {
    return this.#system.machine.violation();
  }
}

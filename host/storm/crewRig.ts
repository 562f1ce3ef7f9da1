import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import type { Device } from '../syscall/device.ts';
import { System } from '../syscall/system.ts';
import { PAGE_BYTES } from '../units.ts';
import type { Banks } from '../wasm/banks.ts';
import type { Overlap } from '../wasm/core.ts';
import { type BuildKind, buildName } from '../wasm/core.ts';
import { type Events, eventsBetween, type Machine } from '../wasm/machine.ts';
import { OPS_MAX } from '../wasm/ops.ts';
import { type Crew, type CrewJob, type CrewReply, partNs, sentCore } from './crew.ts';
import type { CrewPhase, CrewStorm } from './crewStorm.ts';
import { Stage } from './stage.ts';

/** A core that a crew runs. */
export interface CrewSide {
  readonly kernel: KernelId;
  readonly kind: BuildKind;
  readonly overlap: Overlap;
  /** In place of the kernel's shipped build. */
  readonly wasm?: string;
  /** The file that each thread opens in its place: C twins. */
  readonly twins?: readonly string[];
}

/** One kernel set up to run a storm with as many threads of a crew as are wanted. */
export class CrewRig {
  readonly side: CrewSide;
  readonly machine: Machine;
  readonly #storm: CrewStorm;
  readonly #phases: readonly CrewPhase[];
  readonly #crew: Crew;
  readonly #stage: Stage;
  readonly #device: Device;
  readonly #parts: readonly (readonly { readonly first: number; readonly ops: number }[])[];

  constructor(
    side: CrewSide,
    device: Device,
    storm: CrewStorm,
    phases: readonly CrewPhase[],
    banks: Banks,
    crew: Crew,
  ) {
    const { kernel, kind, wasm } = side;
    this.side = side;
    const system = new System({ kernel, kind, device, banks, ...(wasm ? { wasm } : {}) });
    this.machine = system.machine;
    this.#stage = new Stage(system);
    this.#storm = storm;
    this.#phases = phases;
    this.#crew = crew;
    this.#device = device;
    this.#parts = Array.from({ length: storm.threads }, (_, thread) => this.#layOut(thread));
  }

  /** Where each phase's operations are in a thread's op buffer: one behind the other. */
  #layOut(thread: number) {
    let first = 0;
    const parts = this.#phases.map(({ streams }) => {
      const ops = streams[thread]?.length ?? 0;
      first += ops;
      return { first: first - ops, ops };
    });
    if (first <= OPS_MAX) return parts;
    throw new DaxError(
      'E_STORM',
      `${first} operations a thread; a thread's op buffer holds ${OPS_MAX}`,
      'use a smaller --size',
    );
  }

  /** Boots, and gives each of so many threads its operations. */
  takeBank(threads: number): void {
    this.#stage.boot();
    if (this.#storm.mm === 'own') {
      const others = Array.from({ length: threads - 1 }, (_, i) => i + 1);
      this.#stage.apply(others.map((process) => ({ do: 'spawn', process }) as const));
    }
    this.machine.setThreads(threads);
    for (let thread = 0; thread < threads; thread++) this.#fill(thread);
  }

  #fill(thread: number): void {
    this.#phases.forEach(({ streams }, i) => {
      const { first = 0, ops = 0 } = this.#parts[thread]?.[i] ?? {};
      const stream = streams[thread];
      if (stream) this.machine.load(stream, 0, ops, thread, first);
    });
  }

  /** Rounds of all phases, struct pages put back behind each; or one phase once. */
  #jobs(threads: number, rounds: number, phase?: number): readonly CrewJob[] {
    const { kernel, kind, wasm, twins, overlap } = this.side;
    const one = phase === undefined ? [] : [phase, phase + 1];
    return Array.from({ length: threads }, (_, thread) => ({
      core: sentCore(twins?.[thread] ?? wasm ?? buildName(kernel, kind)),
      overlap,
      members: threads,
      parts: (this.#parts[thread] ?? []).slice(...one),
      rounds,
      pages: phase === undefined ? this.#device.sizeBytes / PAGE_BYTES : 0,
    }));
  }

  async #run(jobs: readonly CrewJob[]): Promise<readonly CrewReply[]> {
    const replies = await this.#crew.run(jobs);
    const failed = replies.reduce((sum, reply) => sum + reply.failed, 0);
    if (failed) throw new Error(`${failed} operations failed`);
    return replies;
  }

  /** Nanoseconds of each phase over so many rounds, from the first thread's start to the last's end. */
  async rounds(threads: number, rounds: number): Promise<readonly number[]> {
    return partNs(await this.#run(this.#jobs(threads, rounds)), this.#phases.length);
  }

  /** Boots, runs every phase once, and answers each one's events; for counted builds. */
  async count(threads: number): Promise<readonly Events[]> {
    this.takeBank(threads);
    const found: Events[] = [];
    for (const phase of this.#phases.keys()) {
      const before = this.machine.events();
      await this.#run(this.#jobs(threads, 1, phase));
      found.push(eventsBetween(before, this.machine.events()));
    }
    return found;
  }
}

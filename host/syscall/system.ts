import type { KernelId } from '../kernel.ts';
import { Banks } from '../wasm/banks.ts';
import type { BuildKind } from '../wasm/core.ts';
import { type Machine, OneBank } from '../wasm/machine.ts';
import { SeveralBanks } from '../wasm/severalBanks.ts';
import type { KernelBug } from './bug.ts';
import { bankShape, type Device } from './device.ts';
import { Holdings } from './holdings.ts';
import type { OpenFile } from './node.ts';
import { Process } from './process.ts';
import { StaleTlb } from './tlb.ts';

export interface SystemOptions {
  readonly kernel: KernelId;
  readonly kind: BuildKind;
  readonly device: Device;
  /** How many processes may map the whole device; sizes the table arena. Default 1. */
  readonly processes?: number;
  /** Page-table levels, 4 or 5. Default 4. */
  readonly levels?: 4 | 5;
  /** A build of the core made on demand, in place of the shipped one. */
  readonly wasm?: string;
  /** Banks to share with another system of the same device; booted in turns. */
  readonly banks?: Banks;
}

/** A booted kernel with one device-DAX device bound, and the processes that map it. */
export class System {
  readonly machine: Machine;
  readonly banks: Banks;
  readonly device: Device;
  readonly levels: 4 | 5;
  /** Bugs of the emulated kernel that have happened since boot, in order. */
  readonly bugs: KernelBug[] = [];
  /** Every process that has not exited. */
  readonly processes = new Set<Process>();
  /** Descriptors of the device node that are open; mappings hold it open too. */
  readonly files = new Set<OpenFile>();
  /** What get_user_pages handed out and has not got back. */
  readonly holdings = new Holdings();
  readonly tlb: StaleTlb;
  #freeSlots: number[] = [];
  #slots = 0;
  #processes = 0;

  constructor(options: SystemOptions) {
    const { kernel, kind, device, processes = 1, wasm } = options;
    this.banks = options.banks ?? new Banks(bankShape(device, processes, kind === 'counted'));
    this.machine = this.banks.several
      ? new SeveralBanks(kernel, kind, this.banks, wasm)
      : new OneBank(kernel, kind, this.banks.first, wasm);
    this.device = device;
    this.levels = options.levels ?? 4;
    this.tlb = new StaleTlb(this.machine);
    this.boot();
  }

  /** Binds the device anew and forgets every process. */
  boot(): void {
    this.#freeSlots = [];
    this.#slots = 0;
    this.#processes = 0;
    this.bugs.length = 0;
    this.processes.clear();
    this.files.clear();
    this.holdings.clear();
    this.tlb.flush();
    this.machine.boot();
  }

  /** A new process; `mmapBase` is where its top-down search for addresses begins. */
  createProcess(mmapBase?: bigint): Process {
    return new Process(this, mmapBase);
  }

  /** The number of the next process: 1 and up. */
  takeProcessId(): number {
    this.#processes += 1;
    return this.#processes;
  }

  takeSlot(): number {
    return this.#freeSlots.pop() ?? this.#slots++;
  }

  freeSlot(slot: number): void {
    this.#freeSlots.push(slot);
  }
}

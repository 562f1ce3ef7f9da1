import type { KernelId } from '../../host/kernel.ts';
import {
  DEVICE_START_BYTES,
  type Device,
  dynamicDevice,
  makeDevice,
} from '../../host/syscall/device.ts';
import { type MmapRequest, mmap } from '../../host/syscall/mmap.ts';
import type { MapName } from '../../host/syscall/namespace.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { ALIGNS, type AlignName, PAGE_BYTES } from '../../host/units.ts';
import { type Events, eventsBetween, statusOf } from '../../host/wasm/machine.ts';
import { type WalkStep, walk } from '../../host/wasm/walk.ts';

export const READ_WRITE = { read: true, write: true, exec: false };
export const READ_ONLY = { read: true, write: false, exec: false };

/** GUP flags of the core (FOLL_WRITE, FOLL_PIN, FOLL_LONGTERM). */
export const GUP = { write: 1, pin: 2, longterm: 4 } as const;

export interface BenchOptions {
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly units?: number;
  readonly map?: MapName;
  readonly levels?: 4 | 5;
  readonly ranges?: number;
  readonly request?: Partial<MmapRequest>;
}

/** A counted kernel with a small device, all of it mapped once. */
export class Bench {
  readonly system: System;
  readonly device: Device;
  readonly process: Process;
  readonly vma: Vma;
  readonly unitPages: number;

  constructor({
    kernel,
    align,
    units,
    map = 'mem',
    levels = 4,
    ranges = 1,
    request = {},
  }: BenchOptions) {
    this.unitPages = ALIGNS[align] / PAGE_BYTES;
    const sizeBytes = ALIGNS[align] * (units ?? (align === '4K' ? 2048 : 8));
    // One range may be of any number of units here, so that a device can end where a test wants.
    this.device =
      ranges > 1
        ? dynamicDevice(align, sizeBytes, map, ranges)
        : makeDevice(align, sizeBytes, map, DEVICE_START_BYTES);
    this.system = new System({
      kernel,
      kind: 'counted',
      device: this.device,
      processes: 4,
      levels,
    });
    this.process = this.system.createProcess();
    this.vma = this.map(this.process, request);
  }

  map(process: Process, request: Partial<MmapRequest> = {}): Vma {
    const lengthBytes = BigInt(this.device.sizeBytes);
    const mapped = mmap(process, { lengthBytes, protection: READ_WRITE, ...request });
    if (!mapped.ok) throw new Error(`mmap: ${mapped.errno}`);
    return mapped.value;
  }

  address(page: number, vma = this.vma): bigint {
    return vma.start + BigInt(page) * BigInt(PAGE_BYTES);
  }

  /** Runs `act` and answers what the ledger counted meanwhile. */
  during(act: () => void): Events {
    const before = this.system.machine.events();
    act();
    return eventsBetween(before, this.system.machine.events());
  }

  /** A page-fault exception on a page; the status. */
  fault(page: number, write: boolean, vma = this.vma): number {
    const { core } = this.system.machine;
    return statusOf(core.handleFault(this.#at(vma), this.address(page, vma), Number(write)));
  }

  /** A load or store on a page; the status. */
  touch(page: number, write: boolean, vma = this.vma): number {
    const { core } = this.system.machine;
    return statusOf(core.touch(this.#at(vma), this.address(page, vma), Number(write)));
  }

  gup(page: number, pages: number, flags: number, vma = this.vma): number {
    return this.system.machine.core.gupFast(this.#at(vma), this.address(page, vma), pages, flags);
  }

  unpin(page: number, pages: number): void {
    this.system.machine.core.unpin(page, pages);
  }

  put(page: number, pages: number): void {
    this.system.machine.core.putPages(page, pages);
  }

  zap(page: number, pages: number, vma = this.vma): void {
    const { core } = this.system.machine;
    core.dontneed(this.#at(vma), this.address(page, vma), this.address(page + pages, vma));
  }

  /** The leaf entry of a page without its address bits, or undefined. */
  leaf(page: number, vma = this.vma, process = this.process): WalkStep | undefined {
    return walk(this.system.machine.bank, process.mm, this.address(page, vma)).leaf;
  }

  page(page: number) {
    return this.system.machine.page(page);
  }

  #at(vma: Vma): number {
    return this.system.machine.vmaAddress(vma.slot);
  }
}

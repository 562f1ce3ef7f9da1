import { type KernelId, parseKernel } from '../kernel.ts';
import type { KernelBug } from '../syscall/bug.ts';
import { type Device, dynamicDevice, namespaceDevice } from '../syscall/device.ts';
import type { MapName } from '../syscall/namespace.ts';
import { System } from '../syscall/system.ts';
import { rebind, type UnbindReport, unbind } from '../syscall/unbind.ts';
import { type AlignName, PAGE_BYTES, parseAlign } from '../units.ts';
import type { Events, Warning } from '../wasm/machine.ts';
import type { StructPage } from '../wasm/page.ts';
import { refuseOutside } from './argument.ts';
import { Process } from './process.ts';
import { answerOf } from './syscallError.ts';

/** What a machine is: a kernel, and the one device-DAX device bound in it. */
export interface MachineOptions {
  /** `devmap` (Linux 6.12), `refcount` (7.3) or `refcount-6.15`. */
  readonly kernel: KernelId;
  /** The device's unit: `4K`, `2M` or `1G`. */
  readonly align: AlignName;
  /** Bytes, a multiple of the unit and of 2 MiB. One bank holds about 220 GiB in 4K units. */
  readonly sizeBytes: number;
  /** Where struct pages are kept: `mem` (default) or `dev`. */
  readonly map?: MapName;
  /** Physical ranges the device is cut from, 1 to 16. Default 1. */
  readonly ranges?: number;
  /** Whether `sizeBytes` is a pmem namespace's, of which the device is what ndctl leaves. */
  readonly namespace?: boolean;
  /** Processes that may map the whole device at once; sizes the page-table arena. Default 1. */
  readonly processes?: number;
  /** Page-table levels. Default 4. */
  readonly levels?: 4 | 5;
}

function deviceOf({ align: name, sizeBytes, map, ranges, namespace }: MachineOptions): Device {
  const align = parseAlign(String(name));
  refuseOutside('sizeBytes', sizeBytes, Number.MAX_SAFE_INTEGER);
  return namespace
    ? namespaceDevice(align, sizeBytes, map ?? 'mem')
    : dynamicDevice(align, sizeBytes, map, ranges);
}

/**
 * A booted kernel with a device-DAX device: processes map it, every event is counted.
 *
 * Fails: E_ALIGN, E_DEVICE_SIZE, E_VALUE for a kernel or device that cannot be; E_BANK_SPAN, E_MEMORY for one that does
 * not fit here; E_NOT_BUILT in a browser before `loadCores`.
 *
 * @example
 * const machine = new Machine({ kernel: 'refcount', align: '2M', sizeBytes: 64 * MIB });
 * const process = machine.createProcess();
 * const address = process.mmap({ lengthBytes: 4 * MIB });
 * process.access(address, 'write');
 * machine.page(0).headRefcount; // → 2: the device's own reference, and the mapping's
 */
export class Machine {
  readonly #system: System;

  constructor(options: MachineOptions) {
    const { processes = 1, levels = 4 } = options;
    const kernel = parseKernel(options.kernel);
    const device = deviceOf(options);
    this.#system = new System({ kernel, kind: 'counted', device, processes, levels });
  }

  /** The kernel it boots. */
  get kernel(): KernelId {
    return this.#system.machine.kernel;
  }

  /** Its one device, as it came out. */
  get device(): Device {
    return this.#system.device;
  }

  /** A new process with nothing mapped. Fails: E_VALUE, E_MEMORY where there is no room for one. */
  createProcess(): Process {
    return new Process(this.#system.createProcess());
  }

  /**
   * The struct page of a 4 KiB device page, 0 and up, as the kernel keeps it.
   *
   * Fails: E_VALUE past the device's end.
   */
  page(page: number): StructPage {
    refuseOutside('device page', page, this.device.sizeBytes / PAGE_BYTES);
    return this.#system.machine.page(page);
  }

  /** Every event since boot, by name: page-table reads and writes, read-modify-writes, flushes. */
  events(): Events {
    return this.#system.machine.events();
  }

  /** What the kernel's log has, once each since boot. */
  warnings(): readonly Warning[] {
    return this.#system.machine.warnings();
  }

  /** Bugs of the emulated kernel that have happened since boot, in order. */
  bugs(): readonly KernelBug[] {
    return [...this.#system.bugs];
  }

  /** The first broken invariant of the whole machine, by name; undefined where all hold. */
  violation(): string | undefined {
    return this.#system.machine.violation();
  }

  /** Unbinds the driver, mapped and pinned as the device may be. Fails: E_SYSCALL (ENODEV). */
  unbind(): UnbindReport {
    return answerOf(unbind(this.#system), 'unbind');
  }

  /** Binds it again: new struct pages. Fails: E_SYSCALL. */
  rebind(): void {
    answerOf(rebind(this.#system), 'bind');
  }
}

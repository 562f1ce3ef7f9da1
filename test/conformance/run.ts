// One run of the recording program on the emulator: boots the device it had, runs every scenario in
// the program's order in a child of its own, and collects the observations.
import type { KernelId } from '../../host/kernel.ts';
import { mapAnonymous } from '../../host/syscall/anonymous.ts';
import { makeDevice } from '../../host/syscall/device.ts';
import { release } from '../../host/syscall/gup.ts';
import { layNamespace, type MapName } from '../../host/syscall/namespace.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGNS, type AlignName, GIB } from '../../host/units.ts';
import { Guest, type Slot } from './guest.ts';
import { observe } from './observe.ts';
import { type JsonObject, type Program, type Step, userVisible } from './records.ts';
import { unbindProgram } from './scenarios/unbind.ts';
import { SCENARIOS } from './scenarios.ts';

export interface RunOptions {
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly map: MapName;
  /** Whether the program had its module. */
  readonly module: boolean;
  /** The namespace the device is made of. */
  readonly namespaceBytes: number;
  /** Where the process's lowest library begins: address-space randomisation's draw. */
  readonly mmapTop: bigint;
  readonly program: Program;
  /** Steps, as scenario/step, before which something emptied the TLB. */
  readonly tlbEmptied: ReadonlySet<string>;
}

const NAMESPACE_START = 4 * GIB;
const LIBRARY_BYTES = 2n << 20n;

export class Run {
  readonly options: RunOptions;
  readonly system: System;
  readonly unit: bigint;
  readonly deviceBytes: bigint;
  readonly pgmapReferences: number;
  /** 1G units: observations through the module alone, for a look removes them; not when unbinding. */
  readonly lite: boolean;
  /** What the module's slots hold, whoever filled them. */
  readonly slots = new Map<number, Slot>();
  readonly steps: Step[] = [];
  /** The scenario whose steps are being recorded; some scenarios rename themselves. */
  scenario = '';
  readonly #main: Process;

  constructor(options: RunOptions) {
    const { kernel, align, map, namespaceBytes, mmapTop, program } = options;
    this.options = options;
    const laid = layNamespace(NAMESPACE_START, namespaceBytes, align, map);
    const device = makeDevice(align, laid.usableBytes, map, NAMESPACE_START + laid.dataOffsetBytes);
    this.pgmapReferences = laid.pgmapReferences;
    this.system = new System({ kernel, kind: 'counted', device });
    this.unit = BigInt(ALIGNS[align]);
    this.deviceBytes = BigInt(laid.usableBytes);
    this.lite = align === '1G' && program === 'matrix';
    this.#main = this.system.createProcess(mmapTop + LIBRARY_BYTES);
    mapAnonymous(this.#main, mmapTop, mmapTop + LIBRARY_BYTES, 'anonymous');
  }

  record(guest: Guest, step: string, fields: JsonObject | Readonly<Record<string, unknown>>): void {
    const { scenario } = this;
    const seen = this.options.module ? (fields as JsonObject) : userVisible(fields as JsonObject);
    this.steps.push({ scenario, step, who: guest.who, fields: seen });
  }

  observe(guest: Guest, step: string, address: bigint | undefined, devoff: bigint): void {
    this.record(guest, step, observe(guest, address, devoff));
  }

  /** Runs the whole program; the steps are in `steps`. */
  all(): void {
    const main = new Guest(this, this.#main, 'main');
    if (this.options.program === 'unbind') unbindProgram(main);
    else this.#matrix(main);
  }

  #matrix(main: Guest): void {
    this.scenario = 'device';
    main.note('device', this.#device());
    for (const [name, scenario] of SCENARIOS) {
      this.scenario = name;
      const child = main.fork('main');
      scenario(child);
      child.exit();
      this.#endScenario(name, main);
    }
  }

  /** What the program writes of the device and of the kernel's own constants. */
  #device(): JsonObject {
    return {
      size: Number(this.deviceBytes),
      align_bytes: Number(this.unit),
      base_pfn_known: 1,
      sizeof_page: 64,
      pin_bias: 1024,
      hz: 250,
      m_devmap: this.options.kernel === 'devmap' ? '200000000000000' : '0',
      m_special: '200',
      m_saved_dirty: '400000000000000',
    };
  }

  /** What the program's main does after each scenario: no pin is left, two pages are looked at. */
  #endScenario(name: string, main: Guest): void {
    this.scenario = name;
    for (const { pages, pin } of this.slots.values()) release(this.#main, pages, pin);
    this.slots.clear();
    main.clear();
    main.lite = true;
    main.obs('end_unit0', undefined, 0n);
    main.obs('end_unit1', undefined, this.unit);
    main.lite = this.lite;
  }
}

// The emulator and the reference model, and what both can show of themselves in one shape.
import { makeDevice, pgmapReferences, withRecords } from '../../host/syscall/device.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import * as abi from '../../host/wasm/abi.ts';
import { walk } from '../../host/wasm/walk.ts';
import type { Kernel, Size } from './reference/kernel.ts';
import { Model } from './reference/model.ts';
import { type OpenFile, type OpenMode, VM } from './reference/vma.ts';
import type { Process as ModelProcess } from './reference/world.ts';

export const UNITS: Readonly<Record<Size, number>> = { '4K': 24, '2M': 8, '1G': 4 };
const PHYS = 0x1_4000_0000;
/** Where the top-down search begins: no multiple of a large unit, as none is in a real process. */
const MMAP_BASE = 0x7fff_f7ff_f000n;
export const PROCESSES_MAX = 4;

/** One process on both sides. */
export interface Pair {
  readonly emulated: Process;
  readonly model: ModelProcess;
}

/** Pages that one grab gave and nobody has given back. */
export interface Held {
  readonly pages: readonly number[];
  readonly generation: number;
  readonly pin: boolean;
  readonly by: Pair;
}

export class Divergence extends Error {}

/** Plain data as JSON, addresses and entries in hexadecimal. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    typeof each === 'bigint' ? `0x${each.toString(16)}` : each,
  );
}

/** Plain data alike: the quick half of a comparison that nearly always holds. */
function alike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => alike(a[key as keyof typeof a], b[key as keyof typeof b]));
}

/** Of the bugs both sides name: the model's name by the emulator's. */
const BUGS = {
  badPud: 'bad pud',
  badRssCounter: 'bad rss-counter',
  useAfterFree: 'use after free',
} as const;

/** The model's VM flags and the kernel's. */
const VM_BITS = [
  [VM.READ, abi.VM_READ],
  [VM.WRITE, abi.VM_WRITE],
  [VM.EXEC, abi.VM_EXEC],
  [VM.SHARED, abi.VM_SHARED],
  [VM.MAYREAD, abi.VM_MAYREAD],
  [VM.MAYWRITE, abi.VM_MAYWRITE],
  [VM.MAYEXEC, abi.VM_MAYEXEC],
  [VM.MAYSHARE, abi.VM_MAYSHARE],
  [VM.HUGEPAGE, abi.VM_HUGEPAGE],
  [VM.NOHUGEPAGE, abi.VM_NOHUGEPAGE],
  [VM.SOFTDIRTY, abi.VM_SOFTDIRTY],
  [VM.SYNC, abi.VM_SYNC],
  [VM.RAND_READ, abi.VM_RAND_READ],
  [VM.SEQ_READ, abi.VM_SEQ_READ],
  [VM.DONTDUMP, abi.VM_DONTDUMP],
  [VM.DONTCOPY, abi.VM_DONTCOPY],
] as const;

/** The model's VM flags as the kernel's own bits. */
function kernelFlags(flags: number): number {
  return VM_BITS.reduce((sum, [bit, own]) => (flags & bit ? sum | own : sum), 0);
}

export class Sides {
  readonly kernel: Kernel;
  readonly size: Size;
  readonly unit: bigint;
  readonly unitPages: number;
  /** The emulated side; tests of the comparison itself damage it. */
  readonly system: System;
  readonly model: Model;
  pairs: readonly Pair[];
  held: readonly Held[] = [];
  #files = new Map<OpenMode, OpenFile>();
  /** What is being done, for the message of a divergence. */
  doing = '';

  /** `packed` is a counted build of packed records, to emulate on in place of the shipped one. */
  constructor(kernel: Kernel, size: Size, packed?: string) {
    this.kernel = kernel;
    this.size = size;
    const physBytes = BigInt(PHYS);
    const units = UNITS[size];
    this.model = new Model({ kernel, size, units, physBytes, mmapBase: MMAP_BASE });
    this.unit = this.model.world.unit;
    this.unitPages = this.model.world.pagesPerUnit;
    const device = makeDevice(size, units * Number(this.unit), 'mem', PHYS);
    this.system = new System({
      kernel,
      kind: 'counted',
      device: withRecords(device, packed ? 'packed' : 'line'),
      processes: PROCESSES_MAX,
      ...(packed ? { wasm: packed } : {}),
    });
    this.pairs = [{ emulated: this.system.createProcess(MMAP_BASE), model: this.model.process() }];
  }

  /** The one open file of a mode: only flags keep the emulator's mappings apart. */
  fileOf(mode: OpenMode): OpenFile {
    const file = this.#files.get(mode) ?? this.model.open(mode);
    this.#files.set(mode, file);
    return file;
  }

  /** References that belong to no leaf any more: of 1G leaves that mremap lost. */
  leakedReferences(): number {
    const { folios, processes } = this.model.world;
    const counted = [...folios.values()].reduce((sum, folio) => sum + folio.mappings(), 0);
    const leaves = processes.reduce((sum, { leaves: { size } }) => sum + size, 0);
    return counted === 0 ? 0 : counted - leaves;
  }

  /** Taken since the device was last bound, and it is bound still. */
  isLive({ generation }: Held): boolean {
    return this.model.world.bound && generation === this.model.world.generation;
  }

  /** Fails: Divergence unless both sides show the same. */
  same(what: string, emulated: unknown, model: unknown): void {
    if (alike(emulated, model)) return;
    throw new Divergence(
      `${this.doing}: ${what}: emulator ${show(emulated)}, model ${show(model)}`,
    );
  }

  /** Fails: Divergence. What every step shows of the process it was about. */
  compareProcess({ emulated, model }: Pair): void {
    if (!model.alive) return;
    const { machine } = this.system;
    this.same('page tables', machine.tableBytes(emulated.mm), model.pageTableBytes());
    this.same('file pages', machine.filePages(emulated.mm), model.filePages);
    this.same(
      'mappings',
      emulated.vmas.map(({ start, end, pgoff, flags }) => ({ start, end, pgoff, flags })),
      model.vmas.map(({ start, end, offset, flags }) => ({
        start,
        end,
        pgoff: offset / 4096n,
        flags: kernelFlags(flags),
      })),
    );
  }

  compareLeaf({ emulated, model }: Pair, va: bigint): void {
    const { leaf } = walk(this.system.machine.bank, emulated.mm, va);
    this.same(`leaf of 0x${va.toString(16)}`, leaf?.entry, model.leaves.get(va / this.unit));
  }

  /** Every leaf and every table below the top that the emulated mm has, by address. */
  #walkAll({ emulated }: Pair) {
    const { bank } = this.system.machine;
    const leaves: (readonly [bigint, bigint])[] = [];
    const tables: Record<'pud' | 'pmd' | 'pte', bigint[]> = { pud: [], pmd: [], pte: [] };
    const below = { 39: tables.pud, 30: tables.pmd, 21: tables.pte } as const;
    const visit = (table: number, shift: 39 | 30 | 21 | 12, base: bigint): void => {
      const entries = new BigUint64Array(bank.memory.buffer, table, 512);
      entries.forEach((entry, slot) => {
        if (entry === 0n) return;
        const va = base + (BigInt(slot) << BigInt(shift));
        if (shift === 12 || entry & 0x80n) leaves.push([va, entry]);
        else {
          below[shift].push(va);
          visit(Number(entry & 0x000f_ffff_ffff_f000n), (shift - 9) as 30 | 21 | 12, va);
        }
      });
    };
    visit(bank.u32(emulated.mm + abi.MM_TOP), 39, 0n);
    return { leaves, tables };
  }

  compareFolio(unit: number): void {
    if (!this.model.world.bound) return;
    const page = this.system.machine.page(unit * this.unitPages);
    const folio = this.model.viewFolio(unit);
    const flags = [
      ...(folio.referenced ? ['referenced'] : []),
      ...(folio.dirty ? ['dirty'] : []),
      ...(folio.workingset ? ['workingset'] : []),
      ...(folio.hwpoison ? ['hwpoison'] : []),
      ...(folio.lruRefs ? [`lru_refs=${folio.lruRefs}`] : []),
    ];
    const large = this.size !== '4K';
    this.same(
      `folio ${unit}`,
      {
        refcount: page.refcount,
        mapcount: page.mapcount,
        entire: page.folio?.entireMapcount ?? -1,
        large: page.folio?.largeMapcount ?? -1,
        mapped: page.folio?.nrPagesMapped ?? 0,
        pins: page.folio?.pincount ?? 0,
        flags: page.flagNames.filter((name) => name !== 'head' && name !== 'reserved'),
        mapping: page.mapping,
        index: page.mapping ? page.index : 0n,
      },
      {
        refcount: folio.refcount,
        mapcount: large ? -1 : folio.mapcountRaw,
        entire: folio.entireMapcountRaw,
        large: folio.largeMapcountRaw,
        mapped: folio.nrPagesMapped,
        pins: folio.pincount,
        flags,
        mapping: folio.mapping,
        index: folio.index,
      },
    );
  }

  compareBugs(): void {
    const emulated = this.system.bugs;
    const { bugs } = this.model;
    for (const [code, bug] of Object.entries(BUGS)) {
      const named = emulated.filter((each) => each.code === code).length;
      const known = bugs.filter((each) => each === bug).length;
      // A late release is named once a stretch of pages, in the model once a call.
      if (bug === 'use after free') this.same(bug, named > 0, known > 0);
      else this.same(bug, named, known);
    }
    const unaligned = this.system.machine.warnings().includes('unalignedOffset');
    this.same('misaligned offset', unaligned, bugs.includes('misaligned offset'));
  }

  /** Everything there is: processes, every leaf, every folio, bugs, the core's own check. */
  compareAll(): void {
    for (const pair of this.pairs) {
      this.compareProcess(pair);
      const { leaves, tables } = this.model.viewProcess(pair.model);
      const walked = this.#walkAll(pair);
      this.same('leaves', walked.leaves, leaves);
      this.same('tables', walked.tables, tables);
    }
    for (let unit = 0; unit < UNITS[this.size]; unit++) this.compareFolio(unit);
    this.compareBugs();
    const { machine, device } = this.system;
    const walks = machine.event('pgmapGet') - machine.event('pgmapPut');
    const references = machine.alive ? pgmapReferences(device) + walks : 0;
    this.same('pgmap references', references, this.model.world.pgmapReferences());
    this.same('bound', this.system.machine.alive, this.model.world.bound);
    this.same('invariants', this.system.machine.violation(), undefined);
  }
}

// A history of single operations, played on a counted kernel with the table allocator failing where it
// is told to.
import type { KernelId } from '../../host/kernel.ts';
import { mapAnonymous } from '../../host/syscall/anonymous.ts';
import type { Device } from '../../host/syscall/device.ts';
import { dynamicDevice } from '../../host/syscall/device.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { type GupRequest, gup, release } from '../../host/syscall/gup.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { madvisePopulate } from '../../host/syscall/populate.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { ALIGNS, type AlignName } from '../../host/units.ts';
import { statusOf } from '../../host/wasm/machine.ts';
import type { OpStream } from '../../host/wasm/ops.ts';

export const UNITS: Readonly<Record<AlignName, number>> = { '4K': 1536, '2M': 6, '1G': 4 };
const READ_WRITE = { read: true, write: true, exec: false };
const READ_ONLY = { ...READ_WRITE, write: false };
/** The mapping's middle lies between two top-level entries, so that every table level is needed twice. */
const MIDDLE = 3n << 39n;
export const NEVER = 1_000_000;

/** `oom`: it failed for want of a page table, and may be tried again. */
export type Outcome = 'ok' | 'oom';
/** An act that does one thing only leaves no trace where it fails. */
export interface Act {
  readonly name: string;
  readonly single: boolean;
  readonly run: (world: World) => Outcome;
}

/** One kernel with a small device mapped, and whoever forked. */
export class World {
  readonly system: System;
  readonly device: Device;
  readonly process: Process;
  readonly vma: Vma;
  readonly children: Process[] = [];

  constructor(kernel: KernelId, align: AlignName, levels: 4 | 5) {
    this.device = dynamicDevice(align, ALIGNS[align] * UNITS[align]);
    const { device } = this;
    this.system = new System({ kernel, kind: 'counted', device, processes: 4, levels });
    this.process = this.system.createProcess();
    const unit = BigInt(device.unitBytes);
    const address = MIDDLE - (BigInt(UNITS[align]) / 2n) * unit;
    const mapped = mmap(this.process, {
      address,
      lengthBytes: BigInt(device.sizeBytes),
      protection: READ_WRITE,
    });
    if (!mapped.ok || mapped.value.start !== address)
      throw new Error('the world’s own mmap failed');
    this.vma = mapped.value;
  }

  address(unit: number, vma = this.vma): bigint {
    return vma.start + BigInt(unit * this.device.unitBytes);
  }

  /** Table allocations that the hook still lets through. */
  get allocationsLeft(): number {
    return this.system.machine.tableAllocationsLeft();
  }
}

/** Each operation of a stream that is in the op buffer already. */
export function streamActs(name: string, stream: OpStream, first = 0): readonly Act[] {
  return Array.from({ length: stream.length }, (_, i) => ({
    name: `${name} ${first + i}`,
    single: true,
    run: ({ system }) =>
      system.machine.core.runNatural(first + i, 1) === 0 ? ('ok' as const) : ('oom' as const),
  }));
}

export function touch(unit: number, write: boolean, child?: number): Act {
  return {
    name: `touch ${unit}`,
    single: true,
    run: ({ system, process, children, vma, ...world }) => {
      const who = child === undefined ? process : (children[child] as Process);
      const at = vma.start + BigInt(unit * world.device.unitBytes);
      const own = who.requireVma(at);
      const { core } = system.machine;
      const status = statusOf(core.touch(who.descriptor(own), at, Number(write)));
      return status === 0 ? 'ok' : 'oom';
    },
  };
}

/** Grabs whole units and gives them back at once, got or not. */
export function grab(unit: number, units: number, request: GupRequest): Act {
  return {
    name: `gup ${request.mode} ${unit}+${units}`,
    single: false,
    run: (world) => {
      const perUnit = world.device.unitBytes / 4096;
      const wanted = Math.min(units * perUnit, 2048);
      const { pages, errno } = gup(world.process, world.address(unit), wanted, request);
      release(world.process, pages, request.pin);
      if (pages.length === wanted) return 'ok';
      if (pages.length === 0 && errno !== 'ENOMEM') throw new Error(`gup: ${errno}`);
      return 'oom';
    },
  };
}

export function populateUnits(unit: number, units: number, write: boolean): Act {
  return {
    name: `populate ${unit}+${units}`,
    single: false,
    run: (world) => {
      const end = world.address(unit + units);
      const result = madvisePopulate(world.process, world.address(unit), end, write);
      if (!result.ok && result.errno !== 'ENOMEM') throw new Error(result.errno);
      return result.ok ? 'ok' : 'oom';
    },
  };
}

export const FORK: Act = {
  name: 'fork',
  single: true,
  run: ({ process, children }) => noMemory(() => children.push(fork(process))),
};

/** Whether what must not fail otherwise fails for want of a page table. */
function noMemory(act: () => void): Outcome {
  try {
    act();
    return 'ok';
  } catch (error) {
    if ((error as { code?: string }).code !== 'E_MEMORY') throw error;
    return 'oom';
  }
}

function always(name: string, act: (world: World) => void): Act {
  return {
    name,
    single: true,
    run: (world) => {
      act(world);
      return 'ok';
    },
  };
}

export const PROTECT: Act = always('mprotect', ({ process, vma, device }) => {
  const half = BigInt(Math.floor(device.sizeBytes / device.unitBytes / 2) * device.unitBytes);
  for (const protection of [READ_ONLY, READ_WRITE]) {
    const result = mprotect(process, vma.start, half, protection);
    if (!result.ok) throw new Error(result.errno);
  }
});

export const UNMAP: Act = always('munmap', ({ process, vma }) => {
  munmap(process, vma.start, vma.end - vma.start);
});

/** Other memory in use, whose page tables fork makes anew for the child. */
export const LIBRARY: Act = {
  name: 'library',
  single: true,
  run: ({ process }) =>
    noMemory(() => mapAnonymous(process, 5n << 39n, (5n << 39n) + 4096n, 'anonymous')),
};

export const END_CHILDREN: Act = always('exit', ({ children }) => {
  for (const child of children.splice(0)) exit(child);
});

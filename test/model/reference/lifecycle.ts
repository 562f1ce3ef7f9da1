// Processes that come and go, a device that goes and comes back, memory that fails.
import { REBIND_REVIVES_FILES } from './choices.ts';
import { devicePageOf } from './entry.ts';
import type { Folio } from './folio.ts';
import { type Errno, PAGE } from './kernel.ts';
import { leafAt, zapRange } from './leaf.ts';
import { VM, type Vma } from './vma.ts';
import { Process, type World } from './world.ts';

export function startProcess(world: World): Process {
  const process = new Process(world.processes.length);
  world.processes.push(process);
  return process;
}

/** fork: the VMAs, none of the entries (8). */
export function fork(world: World, parent: Process): Process {
  const child = startProcess(world);
  child.thpDisabled = parent.thpDisabled;
  child.vmas = parent.vmas.filter((vma) => !(vma.flags & VM.DONTCOPY)).map((vma) => ({ ...vma }));
  return child;
}

export function exit(world: World, process: Process): void {
  for (const vma of process.vmas) zapRange(world, process, vma, vma.start, vma.end);
  process.vmas = [];
  process.pudTables.clear();
  process.pmdTables.clear();
  process.pteTables.clear();
  process.alive = false;
  if (process.filePages !== 0) world.bugs.push('bad rss-counter');
}

function* mappedVmas(world: World): Generator<readonly [Process, Vma]> {
  for (const process of world.processes) {
    for (const vma of process.vmas) {
      if (REBIND_REVIVES_FILES || vma.file.generation === world.generation) yield [process, vma];
    }
  }
}

/** What holders still had when the device went away. */
export interface Unbound {
  readonly errno: Errno | null;
  readonly gets: number;
  readonly pins: number;
}

/** Unbind waits for nobody (9.3): every entry goes, VMAs stay, struct pages vanish. */
export function unbind(world: World): Unbound {
  if (!world.bound) return { errno: 'ENODEV', gets: 0, pins: 0 };
  world.bound = false;
  for (const [process, vma] of mappedVmas(world)) {
    zapRange(world, process, vma, vma.start, vma.end);
  }
  let gets = 0;
  let pins = 0;
  for (const folio of world.folios.values()) {
    gets += folio.gets;
    pins += folio.pins;
  }
  world.folios = new Map<number, Folio>();
  return { errno: null, gets, pins };
}

/** Every page starts afresh; old files and VMAs stay dead. */
export function rebind(world: World): Errno | null {
  if (world.bound) return 'EBUSY';
  world.bound = true;
  world.generation += 1;
  return null;
}

export interface PoisonSignal {
  readonly process: Process;
  readonly code: 'BUS_MCEERR_AR' | 'BUS_MCEERR_AO';
  readonly address: bigint;
  /** si_addr_lsb. */
  readonly lsb: number;
}

export interface Poisoned {
  readonly errno: Errno | null;
  readonly signals: readonly PoisonSignal[];
}

/** Address of a device page in a VMA, if it reaches that far. */
function addressIn(vma: Vma, devicePage: number): bigint | null {
  const va = vma.start + BigInt(devicePage) * PAGE - vma.offset;
  return va >= vma.start && va < vma.end ? va : null;
}

function findMappers(
  world: World,
  devicePage: number,
  current: Process | null,
): readonly PoisonSignal[] {
  const signals: PoisonSignal[] = [];
  for (const [process, vma] of mappedVmas(world)) {
    const address = addressIn(vma, devicePage);
    if (address === null) continue;
    const entry = leafAt(world, process, address);
    if (entry === undefined) continue;
    if (devicePageOf(world.size, entry, address, world.physBytes) !== devicePage) continue;
    const code = process === current ? 'BUS_MCEERR_AR' : 'BUS_MCEERR_AO';
    signals.push({ process, code, address, lsb: 12 + world.order });
  }
  return signals;
}

/** memory_failure_dev_pagemap (8). */
export function memoryFailure(
  world: World,
  devicePage: number,
  current: Process | null = null,
): Poisoned {
  if (!world.bound) return { errno: 'ENXIO', signals: [] };
  const folio = world.folioOf(devicePage);
  if (!folio.mapping) return { errno: 'EBUSY', signals: [] };
  folio.hwpoison = true;
  const head = folio.unit * world.pagesPerUnit;
  const signals = findMappers(world, head, current);
  if (signals.length === 0) return { errno: null, signals };
  const low = BigInt(folio.unit) * world.unit;
  for (const [process, vma] of mappedVmas(world)) {
    const start = vma.start + low - vma.offset;
    const end = start + world.unit;
    const from = start > vma.start ? start : vma.start;
    const to = end < vma.end ? end : vma.end;
    if (from < to) zapRange(world, process, vma, from, to);
  }
  return { errno: null, signals };
}

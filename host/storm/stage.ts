import { exit, fork } from '../syscall/fork.ts';
import { mmap } from '../syscall/mmap.ts';
import { modifyProtection } from '../syscall/mprotect.ts';
import type { Process } from '../syscall/process.ts';
import type { System } from '../syscall/system.ts';
import type { Protection } from '../syscall/vma.ts';
import { OP_SLOTS } from '../wasm/ops.ts';

/**
 * A step of the control plane between op streams. Processes are numbered; 0 is there from the start.
 * None of these touches a page: a child shares no entry, a new protection is in the VMA alone until
 * the stream's own `protect` walks the leaves, and a process that exits has unmapped all it had.
 */
export type Control =
  /** A process of its own that maps the whole device. */
  | { readonly do: 'spawn'; readonly process: number }
  | { readonly do: 'fork'; readonly process: number; readonly child: number }
  | { readonly do: 'exit'; readonly process: number }
  | { readonly do: 'protect'; readonly process: number; readonly protection: Protection };

/** Processes that a stage can number: one VMA slot of the op stream each. */
export const STAGE_PROCESSES = OP_SLOTS;

const READ_WRITE: Protection = { read: true, write: true, exec: false };

interface Controlled {
  readonly control?: readonly Control[];
}

/** The most processes alive at once. */
export function peakProcesses(phases: readonly Controlled[]): number {
  let alive = 1;
  let peak = 1;
  for (const each of phases.flatMap(({ control = [] }) => control)) {
    if (each.do === 'spawn' || each.do === 'fork') alive += 1;
    if (each.do === 'exit') alive -= 1;
    peak = Math.max(peak, alive);
  }
  return peak;
}

/**
 * The processes that op streams name: VMA slot n of a stream is the mapping of process n, which has
 * one, of the whole device.
 *
 * Why: streams are made before anything runs and are the same on every kernel, while the slots that
 * fork and mprotect give to mappings depend on what went before. So low slots are set apart, and
 * each holds a copy of its process's descriptor.
 */
export class Stage {
  readonly #system: System;
  readonly #processes = new Map<number, Process>();

  constructor(system: System) {
    this.#system = system;
  }

  /** A freshly bound device, mapped by process 0. */
  boot(): void {
    this.#system.boot();
    this.#processes.clear();
    for (let slot = 0; slot < OP_SLOTS; slot++) this.#system.takeSlot();
    this.#spawn(0);
  }

  apply(control: readonly Control[] = []): void {
    for (const each of control) this.#applyOne(each);
  }

  #applyOne(control: Control): void {
    switch (control.do) {
      case 'spawn':
        this.#spawn(control.process);
        break;
      case 'fork':
        this.#add(control.child, fork(this.#process(control.process)));
        break;
      case 'exit':
        exit(this.#process(control.process));
        this.#processes.delete(control.process);
        break;
      case 'protect': {
        const process = this.#process(control.process);
        const [vma] = process.vmas;
        if (vma) modifyProtection(process, vma, vma.start, vma.end, control.protection);
        this.#describe(control.process);
        break;
      }
    }
  }

  #process(number: number): Process {
    const found = this.#processes.get(number);
    if (!found) throw new Error(`the stage has no process ${number}`);
    return found;
  }

  #spawn(number: number): void {
    const process = this.#system.createProcess();
    const lengthBytes = BigInt(this.#system.device.sizeBytes);
    const mapped = mmap(process, { lengthBytes, protection: READ_WRITE });
    if (!mapped.ok) throw new Error(`the storm's own mmap failed: ${mapped.errno}`);
    this.#add(number, process);
  }

  #add(number: number, process: Process): void {
    this.#processes.set(number, process);
    this.#describe(number);
  }

  #describe(number: number): void {
    const process = this.#process(number);
    const [vma] = process.vmas;
    if (!vma) throw new Error(`process ${number} has no mapping`);
    process.describe({ ...vma, slot: number }, 0n, 0n);
  }
}

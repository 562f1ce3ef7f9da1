import type { KernelId } from '../kernel.ts';
import { type Asked, NOTHING_ASKED } from '../storm/asked.ts';
import { dynamicDevice } from '../syscall/device.ts';
import { gup, release } from '../syscall/gup.ts';
import { madvise } from '../syscall/madvise.ts';
import { mmap } from '../syscall/mmap.ts';
import { mprotect } from '../syscall/mprotect.ts';
import { munmap } from '../syscall/munmap.ts';
import type { Process } from '../syscall/process.ts';
import { System } from '../syscall/system.ts';
import type { Vma } from '../syscall/vma.ts';
import { type AlignName, GIB, MIB, PAGE_BYTES } from '../units.ts';
import { type EventName, type Events, eventsBetween } from '../wasm/machine.ts';
import { OpStream } from '../wasm/ops.ts';
import { type Access, GUP_PAGES, type GupOperation, type Operation } from './operation.ts';

/** Everything an operation did per recorded unit (a leaf, or a 4 KiB page of GUP). */
export interface Work {
  readonly events: Events;
  readonly asked: Asked;
}

/** What the recording program maps. */
const MAPPED_BYTES: Readonly<Record<AlignName, number>> = {
  '4K': 64 * MIB,
  '2M': GIB,
  '1G': 4 * GIB,
};

const READ_WRITE = { read: true, write: true, exec: false };
const READ_ONLY = { read: true, write: false, exec: false };

function perUnit(events: Events, asked: Partial<Asked>, units: number): Work {
  const share = <Name extends string>(counts: Readonly<Record<Name, number>>) =>
    Object.fromEntries(
      Object.entries<number>(counts).map(([name, count]) => [name, count / units]),
    ) as Record<Name, number>;
  return { events: share<EventName>(events), asked: share({ ...NOTHING_ASKED, ...asked }) };
}

function must(result: { readonly ok: boolean }, what: string): void {
  if (!result.ok) throw new Error(`${what} failed in the emulation of a recorded operation`);
}

/** One kernel with one device, on which recorded operations are repeated call by call. */
export class Laboratory {
  readonly #system: System;
  readonly #known = new Map<string, Work>();
  #process: Process;
  #vma: Vma;

  constructor(kernel: KernelId, align: AlignName) {
    const device = dynamicDevice(align, MAPPED_BYTES[align]);
    this.#system = new System({ kernel, kind: 'counted', device });
    this.#process = this.#system.createProcess();
    this.#vma = this.#map();
  }

  /** What `operation` did, a unit: exact, and the same on every run. */
  work(operation: Operation): Work {
    const key = JSON.stringify(operation);
    const known = this.#known.get(key);
    if (known) return known;
    this.#reset();
    const found =
      operation.kind === 'gup' ? this.#gupWork(operation) : this.#mappingWork(operation);
    this.#known.set(key, found);
    return found;
  }

  get #length(): bigint {
    return BigInt(this.#system.device.sizeBytes);
  }

  get #units(): number {
    return this.#system.device.sizeBytes / this.#system.device.unitBytes;
  }

  #map(): Vma {
    const mapped = mmap(this.#process, { lengthBytes: this.#length, protection: READ_WRITE });
    if (!mapped.ok) throw new Error(`mmap failed: ${mapped.errno}`);
    return mapped.value;
  }

  #reset(): void {
    this.#system.boot();
    this.#process = this.#system.createProcess();
    this.#vma = this.#map();
  }

  #touchAll(access: Access): void {
    const stream = new OpStream();
    const { unitBytes } = this.#system.device;
    const name = access === 'write' ? 'touchWrite' : 'touchRead';
    // One access a unit, where `times` would be one a page.
    for (let unit = 0; unit < this.#units; unit++) {
      stream.push(name, this.#vma.slot, (unit * unitBytes) / PAGE_BYTES);
    }
    const { failed } = this.#system.machine.run(stream, 'natural');
    if (failed) throw new Error(`${failed} touches of a mapped device failed`);
  }

  #during(act: () => void): Events {
    const { machine } = this.#system;
    const before = machine.events();
    act();
    return eventsBetween(before, machine.events());
  }

  #dontneed(): void {
    must(madvise(this.#process, this.#vma.start, this.#length, 'dontneed'), 'madvise');
  }

  #protect(protection: typeof READ_WRITE): void {
    must(mprotect(this.#process, this.#vma.start, this.#length, protection), 'mprotect');
    // The mapping was replaced by one with other flags.
    this.#vma = this.#process.requireVma(this.#vma.start);
  }

  #unmap(): void {
    must(munmap(this.#process, this.#vma.start, this.#length), 'munmap');
  }

  /**
   * Twice over, and the second time counts: the recorded medians are of pages that were mapped
   * before, whose flags are set.
   */
  #mappingWork(operation: Exclude<Operation, GupOperation>): Work {
    this.#touchAll('write');
    this.#unmap();
    this.#vma = this.#map();
    const { prepare, act, asked } = this.#steps(operation);
    prepare();
    return perUnit(this.#during(act), asked, this.#units);
  }

  #steps(operation: Exclude<Operation, GupOperation>): {
    readonly prepare: () => void;
    readonly act: () => void;
    readonly asked: Partial<Asked>;
  } {
    const accesses = { accesses: this.#units };
    const call = { systemCalls: 1 };
    switch (operation.kind) {
      case 'fault': {
        const { access, again } = operation;
        const refault = () => {
          this.#touchAll('write');
          this.#dontneed();
        };
        return {
          prepare: again ? refault : () => {},
          act: () => this.#touchAll(access),
          asked: accesses,
        };
      }
      case 'touch': {
        const { access, after } = operation;
        return {
          prepare: () => this.#touchAll(after),
          act: () => this.#touchAll(access),
          asked: accesses,
        };
      }
      case 'dontneed':
        return {
          prepare: () => this.#touchAll('write'),
          act: () => this.#dontneed(),
          asked: call,
        };
      case 'populate': {
        const advice = operation.access === 'write' ? 'populateWrite' : 'populateRead';
        const populate = () =>
          must(madvise(this.#process, this.#vma.start, this.#length, advice), advice);
        return { prepare: () => {}, act: populate, asked: call };
      }
      case 'mprotect': {
        const prepare = () => {
          this.#touchAll('write');
          if (operation.writable) this.#protect(READ_ONLY);
        };
        const act = () => this.#protect(operation.writable ? READ_WRITE : READ_ONLY);
        return { prepare, act, asked: call };
      }
      case 'munmap':
        return {
          prepare: () => {
            for (const access of operation.touched) this.#touchAll(access);
          },
          act: () => this.#unmap(),
          asked: call,
        };
    }
  }

  /** One round of calls over the pages: what the get half and the put half counted. */
  #gupRound(operation: GupOperation): { readonly get: Events; readonly put: Events } {
    const { pin, write, longterm, path: mode, batch } = operation;
    const pages: (readonly number[])[] = [];
    const get = this.#during(() => {
      for (let at = 0; at < GUP_PAGES; at += batch) {
        const count = Math.min(batch, GUP_PAGES - at);
        const va = this.#vma.start + BigInt(at * PAGE_BYTES);
        const found = gup(this.#process, va, count, { pin, write, longterm, mode });
        if (found.pages.length < count) throw new Error('a recorded GUP came back short');
        pages.push(found.pages);
      }
    });
    // Singles go back one by one; batches in one call for all of them, as the recordings did.
    const calls = batch === 1 ? pages : [pages.flat()];
    const put = this.#during(() => {
      for (const each of calls) release(this.#process, each, pin);
    });
    return { get, put };
  }

  #gupWork(operation: GupOperation): Work {
    const { half, pin, path, batch } = operation;
    this.#touchAll('write');
    // The pages that the median saw had been referenced before.
    this.#gupRound({ ...operation, batch: 512 });
    const { get, put } = this.#gupRound(operation);
    const calls = Math.ceil(GUP_PAGES / batch);
    const folioPages = 2 ** this.#system.device.order;
    const getAsked: Partial<Asked> = {
      gupCalls: calls,
      slowCalls: path === 'slow' ? calls : 0,
      gupPages: GUP_PAGES,
      folios: calls * Math.ceil(batch / folioPages),
    };
    const changes = pin && batch > 1 ? Math.ceil(GUP_PAGES / folioPages) - 1 : 0;
    const putAsked: Partial<Asked> = { putPages: GUP_PAGES, folioChanges: changes };
    const get_ = perUnit(get, getAsked, GUP_PAGES);
    const put_ = perUnit(put, putAsked, GUP_PAGES);
    // Both halves are known now.
    for (const [name, work] of [
      ['get', get_],
      ['put', put_],
    ] as const) {
      this.#known.set(JSON.stringify({ ...operation, half: name }), work);
    }
    return half === 'get' ? get_ : put_;
  }
}

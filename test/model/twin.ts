// The emulator and the reference model side by side: every operation on both, compared after each.
import { access } from '../../host/syscall/access.ts';
import { makeDevice } from '../../host/syscall/device.ts';
import type { SyscallResult } from '../../host/syscall/errno.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { gup, release } from '../../host/syscall/gup.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { populate } from '../../host/syscall/populate.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import * as abi from '../../host/wasm/abi.ts';
import { walk } from '../../host/wasm/walk.ts';
import { kindOf, lengthOf, type Op, pick, placeIn, RIGHTS } from './operation.ts';
import { type Kernel, PAGES, type Size } from './reference/entry.ts';
import { type GupCall, ReferenceMachine } from './reference/machine.ts';
import type { MmapCall } from './reference/place.ts';
import { Space } from './reference/space.ts';

const UNITS: Readonly<Record<Size, number>> = { '4K': 24, '2M': 8, '1G': 4 };
const PHYS = 0x1_4000_0000;
const PROCESSES_MAX = 4;
const MAPPINGS_MAX = 8;
const HELD_MAX = 12;
/** A full comparison of everything every so many operations. */
const FULL_EVERY = 64;

interface Pair {
  readonly process: Process;
  readonly space: Space;
}

interface Held {
  readonly pages: readonly number[];
  readonly pin: boolean;
}

export class Divergence extends Error {}

function outcome(result: SyscallResult<unknown>): string {
  return result.ok ? '' : result.errno;
}

export class Twin {
  readonly kernel: Kernel;
  readonly size: Size;
  /** The emulated side; tests of the comparison itself damage it. */
  readonly system: System;
  readonly #model: ReferenceMachine;
  readonly #unit: bigint;
  #pairs: Pair[] = [];
  #held: Held[] = [];
  #steps = 0;
  #doing = '';

  constructor(kernel: Kernel, size: Size) {
    this.kernel = kernel;
    this.size = size;
    const units = UNITS[size];
    const pages = Number(PAGES[size]);
    const device = makeDevice(size, units * pages * 4096, 'mem', PHYS);
    this.system = new System({ kernel, kind: 'counted', device, processes: PROCESSES_MAX });
    this.#model = new ReferenceMachine({ kernel, size, units, physBytes: BigInt(PHYS) });
    this.#unit = this.#model.unit;
    this.#pairs = [{ process: this.system.createProcess(), space: new Space() }];
  }

  /** Applies one operation to both. Fails: Divergence, saying what and where. */
  step(op: Op): void {
    this.#steps += 1;
    const pair = pick(this.#pairs, op[1]);
    this.#doing = `step ${this.#steps} ${kindOf(op)} ${JSON.stringify(op)}`;
    this.#apply(op, pair);
    this.#compareProcess(pair);
    if (this.#steps % FULL_EVERY === 0) this.compareAll();
  }

  #same(what: string, emulated: unknown, model: unknown): void {
    const show = (value: unknown): string =>
      JSON.stringify(value, (_, each) =>
        typeof each === 'bigint' ? `0x${each.toString(16)}` : each,
      );
    if (show(emulated) === show(model)) return;
    throw new Divergence(
      `${this.#doing}: ${what}: emulator ${show(emulated)}, model ${show(model)}`,
    );
  }

  #apply(op: Op, pair: Pair): void {
    const kind = kindOf(op);
    if (kind === 'mmap') this.#mmap(op, pair);
    else if (kind === 'access') this.#access(op, pair);
    else if (kind === 'gup') this.#gup(op, pair);
    else if (kind === 'release') this.#release(op, pair);
    else if (kind === 'fork') this.#fork(pair);
    else if (kind === 'exit') this.#exit(pair);
    else this.#range(op, pair);
  }

  #mmapCall([, , a, b, c, d]: Op, { space }: Pair): MmapCall {
    const beside = pick([undefined, ...space.mappings], b);
    const fixed = beside ? pick(['no', 'replace', 'noreplace', 'replace'] as const, d) : 'no';
    const address = beside ? placeIn(beside, this.#unit, a, c) + (d === 7 ? 123n : 0n) : 0n;
    const units = UNITS[this.size];
    return {
      address: fixed === 'no' ? address : address - (address % 4096n),
      length: c === 63 ? 0n : lengthOf(this.#unit, c),
      // An offset off the unit with a fixed address is the trap of 12.20: not asked for.
      offset: BigInt(a % (units + 1)) * this.#unit + (beside || c % 4 < 2 || a % 9 ? 0n : 4096n),
      rights: pick(RIGHTS, b + c),
      shared: d % 16 !== 15,
      fixed,
      mode: pick(['rw', 'rw', 'rw', 'rw', 'rw', 'r', 'w'] as const, a + d),
      populate: d % 8 === 5,
    };
  }

  #mmap(op: Op, pair: Pair): void {
    if (pair.space.mappings.length >= MAPPINGS_MAX) return;
    const call = this.#mmapCall(op, pair);
    const model = this.#model.mmap(pair.space, call);
    const emulated = mmap(pair.process, {
      address: call.address,
      lengthBytes: call.length,
      offsetBytes: call.offset,
      protection: call.rights,
      mode: call.mode,
      flags: {
        type: call.shared ? 'shared' : 'private',
        populate: call.populate,
        ...(call.fixed === 'no' ? {} : { fixed: call.fixed }),
      },
    });
    // A new mapping may have been merged into one that begins before it.
    this.#same('mmap', outcome(emulated), 'errno' in model ? model.errno : '');
    if (emulated.ok && 'start' in model) this.#same('address', emulated.value.start, model.start);
  }

  #place([, , a, b]: Op, { space }: Pair): bigint {
    return placeIn(pick([...space.mappings, undefined], a + b), this.#unit, a, b);
  }

  #access(op: Op, pair: Pair): void {
    const va = this.#place(op, pair) + BigInt(op[5]);
    const kind = pick(['read', 'write', 'write', 'exec'] as const, op[4]);
    const before = this.system.machine.events().faultMinor;
    const leavesBefore = pair.space.leaves.size;
    const { signal, code } = access(pair.process, va, kind);
    const model = this.#model.access(pair.space, va, kind);
    this.#same('access', signal ? `${signal} ${code}` : '', model);
    const faults = this.system.machine.events().faultMinor - before;
    this.#same('minor faults', faults, pair.space.leaves.size - leavesBefore);
    this.#compareLeaf(pair, va);
  }

  #range(op: Op, pair: Pair): void {
    const { process, space } = pair;
    const start = this.#place(op, pair);
    const length = lengthOf(this.#unit, op[4]);
    const rights = pick(RIGHTS, op[5]);
    switch (kindOf(op)) {
      case 'munmap':
        this.#same(
          'munmap',
          outcome(munmap(process, start, length)),
          this.#model.munmap(space, start, length),
        );
        return;
      case 'dontneed':
        madvise(process, start, length, 'dontneed');
        this.#model.dontneed(space, start, length);
        return;
      case 'mprotect':
        this.#same(
          'mprotect',
          outcome(mprotect(process, start, length, rights)),
          this.#model.mprotect(space, start, length, rights),
        );
        return;
      default: {
        const write = op[5] % 2 === 1;
        const model = this.#model.populate(space, start, length, write);
        this.#same('populate', outcome(populate(process, start, start + length, write)), model);
      }
    }
  }

  #gup(op: Op, pair: Pair): void {
    if (this.#held.length >= HELD_MAX) return;
    const [, , , , c, d] = op;
    const call: GupCall = {
      pin: d % 2 === 1,
      write: d % 4 > 1,
      longterm: d % 2 === 1 && d % 8 > 3,
      mode: pick(['fast', 'slow', 'fast', 'fastOnly'] as const, c),
    };
    const pages = pick([1, 1, 2, 3, 7, 40, 513], c);
    const va = this.#place(op, pair);
    const model = this.#model.gup(pair.space, va, pages, call);
    const emulated = gup(pair.process, va, pages, call);
    this.#same('gup errno', emulated.errno ?? '', model.errno);
    this.#same('gup pages', emulated.pages, model.pages);
    if (model.pages.length > 0) this.#held.push({ pages: model.pages, pin: call.pin });
    this.#compareLeaf(pair, va);
  }

  #release(op: Op, pair: Pair): void {
    const [held] = this.#held.splice(op[2] % Math.max(1, this.#held.length), 1);
    if (!held) return;
    release(pair.process, held.pages, held.pin);
    this.#model.release(held.pages, held.pin);
    this.#compareFolio(Math.floor((held.pages[0] ?? 0) / Number(PAGES[this.size])));
  }

  #fork(pair: Pair): void {
    if (this.#pairs.length >= PROCESSES_MAX) return;
    this.#pairs.push({ process: fork(pair.process), space: this.#model.fork(pair.space) });
  }

  #exit(pair: Pair): void {
    if (this.#pairs.length === 1) return;
    exit(pair.process);
    this.#model.exit(pair.space);
    this.#pairs = this.#pairs.filter((each) => each !== pair);
  }

  #compareLeaf({ process, space }: Pair, va: bigint): void {
    const { leaf } = walk(this.system.machine.bank, process.mm, va);
    const model = space.leaves.get(va - (va % this.#unit));
    this.#same(`leaf of 0x${va.toString(16)}`, leaf?.entry, model);
    if (leaf && model) this.#compareFolio(this.#unitOf(model));
  }

  #unitOf(entry: bigint): number {
    const phys = (entry & 1n ? entry : ~entry) & 0x000f_ffff_ffff_f000n;
    return Number((phys - BigInt(PHYS)) / this.#unit);
  }

  #compareFolio(unit: number): void {
    const page = this.system.machine.page(unit * Number(PAGES[this.size]));
    const model = this.#model.folio(unit);
    const large = this.size !== '4K';
    const emulated = {
      refcount: page.refcount,
      mapcount: page.folio ? page.folio.largeMapcount : page.mapcount,
      entire: page.folio?.entireMapcount,
      pins: page.folio?.pincount,
      flags: page.flagNames.filter((name) => name !== 'head' && name !== 'reserved'),
      mapping: page.mapping,
      index: page.mapping ? page.index : 0n,
    };
    const flags = [
      ...(model.referenced ? ['referenced'] : []),
      ...(model.dirty ? ['dirty'] : []),
      ...(model.workingset ? ['workingset'] : []),
      ...(model.lruRefs ? [`lru_refs=${model.lruRefs}`] : []),
    ];
    this.#same(`folio ${unit}`, emulated, {
      refcount: model.refcount,
      mapcount: model.mapcount,
      entire: large ? model.mapcount : undefined,
      pins: large ? model.pins : undefined,
      flags,
      mapping: model.mapped,
      index: model.index,
    });
  }

  #compareProcess({ process, space }: Pair): void {
    if (!this.#pairs.some((pair) => pair.space === space)) return;
    const { machine } = this.system;
    this.#same('page tables', machine.tableBytes(process.mm), space.tableBytes);
    this.#same('file pages', machine.filePages(process.mm), this.#model.filePages(space));
    this.#same('mappings', process.vmas.length, space.mappings.length);
  }

  /** Everything there is: mappings, every leaf of every process, every folio, the core's own check. */
  compareAll(): void {
    for (const pair of this.#pairs) {
      this.#compareProcess(pair);
      this.#compareMappings(pair);
      for (const va of pair.space.leaves.keys()) this.#compareLeaf(pair, va);
    }
    for (let unit = 0; unit < UNITS[this.size]; unit++) this.#compareFolio(unit);
    this.#same('invariants', this.system.machine.violation(), undefined);
  }

  #compareMappings({ process, space }: Pair): void {
    const emulated = process.vmas.map(({ start, end, pgoff, flags }) => ({
      start,
      end,
      offset: pgoff,
      rights: flags & (abi.VM_READ | abi.VM_WRITE | abi.VM_EXEC),
      mayWrite: (flags & abi.VM_MAYWRITE) !== 0,
    }));
    const model = space.mappings.map(({ start, end, offset, rights, mayWrite }) => ({
      start,
      end,
      offset,
      rights: (rights.read ? 1 : 0) | (rights.write ? 2 : 0) | (rights.exec ? 4 : 0),
      mayWrite,
    }));
    this.#same('mappings', emulated, model);
  }
}

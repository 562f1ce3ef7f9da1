// The reference model of device-DAX mapping, written from the semantics page alone: one class
// through which everything is done and seen. Plain objects, one state, no speed tricks.
import type { Rights } from './entry.ts';
import { type Access, access, type Touch } from './fault.ts';
import { type Grabbed, type GupFlags, gup, putPage, release } from './gup.ts';
import type { Bug, Errno } from './kernel.ts';
import {
  exit,
  fork,
  memoryFailure,
  type Poisoned,
  rebind,
  startProcess,
  type Unbound,
  unbind,
} from './lifecycle.ts';
import { type Advice, madvise } from './madvise.ts';
import { type MmapArgs, mmap, munmap, type Placed } from './mmap.ts';
import { type MremapArgs, mremap } from './mremap.ts';
import { mlock, munlock } from './populate.ts';
import {
  clearRefs,
  type Mincore,
  mincore,
  msync,
  numaMaps,
  type PagemapEntry,
  pagemap,
  type Smaps,
  smaps,
} from './procfs.ts';
import { mprotect } from './protect.ts';
import {
  type FolioView,
  type ProcessView,
  type Snapshot,
  snapshot,
  viewFolio,
  viewProcess,
} from './snapshot.ts';
import type { OpenFile, OpenMode } from './vma.ts';
import { type Options, type Process, type ThpDisabled, World } from './world.ts';

/** Addresses and lengths are bytes; an Errno of null is success. */
export class Model {
  readonly world: World;

  constructor(options: Options) {
    this.world = new World(options);
  }

  /** A new process with nothing mapped. */
  process(): Process {
    return startProcess(this.world);
  }

  /** Opens the device node; a file opened before an unbind is dead for ever. */
  open(mode: OpenMode): OpenFile {
    return { mode, generation: this.world.generation };
  }

  mmap(process: Process, args: MmapArgs): Placed {
    return mmap(this.world, process, args);
  }

  munmap(process: Process, address: bigint, length: bigint): Errno | null {
    return munmap(this.world, process, address, length);
  }

  mprotect(process: Process, address: bigint, length: bigint, rights: Rights): Errno | null {
    return mprotect(this.world, process, address, length, rights);
  }

  madvise(process: Process, address: bigint, length: bigint, advice: Advice): Errno | null {
    return madvise(this.world, process, address, length, advice);
  }

  mlock(process: Process, address: bigint, length: bigint): Errno | null {
    return mlock(this.world, process, address, length);
  }

  munlock(process: Process, address: bigint, length: bigint): Errno | null {
    return munlock(process, address, length);
  }

  mremap(process: Process, args: MremapArgs): Placed {
    return mremap(this.world, process, args);
  }

  msync(
    process: Process,
    address: bigint,
    length: bigint,
    flags: Parameters<typeof msync>[3],
  ): Errno | null {
    return msync(process, address, length, flags);
  }

  mincore(process: Process, address: bigint, length: bigint): Mincore {
    return mincore(this.world, process, address, length);
  }

  access(process: Process, address: bigint, kind: Access): Touch {
    return access(this.world, process, address, kind);
  }

  /** prctl(PR_SET_THP_DISABLE). */
  setThpDisabled(process: Process, how: ThpDisabled): void {
    process.thpDisabled = how;
  }

  fork(process: Process): Process {
    return fork(this.world, process);
  }

  exit(process: Process): void {
    exit(this.world, process);
  }

  gup(process: Process, address: bigint, pages: number, flags: GupFlags): Grabbed {
    return gup(this.world, process, address, pages, flags);
  }

  /** `pin` as it was grabbed; pages may be any part of what gup gave. */
  release(
    grabbed: Pick<Grabbed, 'pages' | 'generation'>,
    pin: boolean,
  ): 'released' | 'use after free' {
    return release(this.world, grabbed, pin);
  }

  /** A put without a get. */
  putPage(devicePage: number): void {
    putPage(this.world, devicePage);
  }

  smaps(process: Process): readonly Smaps[] {
    return smaps(this.world, process);
  }

  pagemap(process: Process, address: bigint, pages: number): readonly PagemapEntry[] {
    return pagemap(this.world, process, address, pages);
  }

  numaMaps(process: Process): void {
    numaMaps(this.world, process);
  }

  clearRefs(process: Process, what: 1 | 2 | 3 | 4): void {
    clearRefs(this.world, process, what);
  }

  memoryFailure(devicePage: number, current: Process | null = null): Poisoned {
    return memoryFailure(this.world, devicePage, current);
  }

  unbind(): Unbound {
    return unbind(this.world);
  }

  rebind(): Errno | null {
    return rebind(this.world);
  }

  snapshot(): Snapshot {
    return snapshot(this.world);
  }

  viewProcess(process: Process): ProcessView {
    return viewProcess(this.world, process);
  }

  /** By unit number. */
  viewFolio(unit: number): FolioView {
    return viewFolio(this.world.folioOf(unit * this.world.pagesPerUnit));
  }

  get bugs(): readonly Bug[] {
    return this.world.bugs;
  }
}

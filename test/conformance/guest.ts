// A program of the recordings, as the emulator runs it: the calls that the recording programs made,
// with what they returned kept for the next observation.
import { type AccessKind, access } from '../../host/syscall/access.ts';
import { mapAnonymous } from '../../host/syscall/anonymous.ts';
import type { Errno, SyscallResult } from '../../host/syscall/errno.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { type GupRequest, gup, release } from '../../host/syscall/gup.ts';
import { type Advice, madvise } from '../../host/syscall/madvise.ts';
import { mlock, munlock } from '../../host/syscall/mlock.ts';
import { type MmapFlags, type MmapRequest, mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { type MremapRequest, mremap } from '../../host/syscall/mremap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { close, type OpenFile, type OpenMode, open } from '../../host/syscall/node.ts';
import type { Process } from '../../host/syscall/process.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { NO_MODULE } from './records.ts';
import type { Run } from './run.ts';

export const RW = { read: true, write: true, exec: false };
export const RO = { read: true, write: false, exec: false };
export const NONE = { read: false, write: false, exec: false };

/** What the last call or touch returned, as the recording keeps it. */
export interface Call {
  readonly rc: number;
  readonly errno?: string;
  readonly sig?: number;
  readonly sicode?: number;
  readonly sioff?: number;
  readonly minflt?: number;
}

const ERRNO: Readonly<Record<Errno, number>> = {
  EACCES: 13,
  EAGAIN: 11,
  EBUSY: 16,
  EEXIST: 17,
  EFAULT: 14,
  EINVAL: 22,
  EIO: 5,
  ENODEV: 19,
  ENOENT: 2,
  ENOMEM: 12,
  ENOTTY: 25,
  ENXIO: 6,
  EOPNOTSUPP: 95,
};

const SIGNALS = { SIGBUS: 7, SIGSEGV: 11 } as const;
const CODES = { MAPERR: 1, ACCERR: 2, ADRERR: 2 } as const;
const HUGE_BYTES = 0x200000n;
const ANONYMOUS_BASE_FLAGS = 0x8100073;

interface Slot {
  readonly pages: readonly number[];
  readonly pin: boolean;
}

/** One process of a recording program. */
export class Guest {
  readonly run: Run;
  readonly process: Process;
  readonly who: string;
  /** 1G programs, and some scenarios, observe through the module alone. */
  lite: boolean;
  call: Call = { rc: 0 };
  /** si_addr is recorded relative to this. */
  mapBase: bigint | undefined;
  /** Descriptors of the device node that it opened, the last one on top. */
  readonly #files: OpenFile[] = [];

  constructor(run: Run, process: Process, who: string) {
    this.run = run;
    this.process = process;
    this.who = who;
    this.lite = run.lite;
  }

  get unit(): bigint {
    return this.run.unit;
  }

  /** U(n) of the programs. */
  units(count: number): bigint {
    return this.unit * BigInt(count);
  }

  clear(): void {
    this.call = { rc: 0 };
  }

  obs(step: string, address?: bigint, devoff: bigint | number = 0): void {
    this.run.observe(this, step, address, BigInt(devoff));
  }

  note(step: string, fields: Readonly<Record<string, unknown>>): void {
    this.run.record(this, step, fields);
  }

  /** mmap of the device; undefined and rc -1 on failure. */
  map(
    length: bigint,
    protection = RW,
    offset = 0n,
    more: Partial<MmapRequest> = {},
  ): bigint | undefined {
    const request = { lengthBytes: length, offsetBytes: offset, protection, ...more };
    const result = mmap(this.process, request);
    this.call = result.ok ? { rc: 0 } : { rc: -1, errno: result.errno };
    return result.ok ? result.value.start : undefined;
  }

  /** The programs' dmap: a mapping that must succeed, and whose start sioff is relative to. */
  dmap(length: bigint, protection = RW, offset = 0n): bigint {
    const start = this.map(length, protection, offset);
    if (start === undefined) throw new Error(`dmap failed: ${this.call.errno}`);
    this.mapBase = start;
    return start;
  }

  mapAt(
    address: bigint,
    length: bigint,
    offset = 0n,
    fixed: MmapFlags['fixed'] | 'hint' = 'replace',
  ) {
    const flags: MmapFlags = fixed === 'hint' ? { type: 'shared' } : { type: 'shared', fixed };
    return this.map(length, RW, offset, { address, flags });
  }

  /** Anonymous memory at a fixed place, over whatever is there. */
  mapAnonymousAt(address: bigint, length: bigint): boolean {
    const result = munmap(this.process, address, length);
    if (!result.ok) {
      this.call = { rc: -1, errno: result.errno };
      return false;
    }
    this.call = { rc: 0 };
    mapAnonymous(this.process, address, address + length, 'reserved', ANONYMOUS_BASE_FLAGS);
    return true;
  }

  /**
   * Reserved address space, aligned: the programs' reserve(). Anonymous mappings of whole 2 MiB are
   * placed on a 2 MiB boundary (mm/mmap.c: thp_get_unmapped_area).
   */
  reserve(length: bigint, align: bigint): bigint {
    const size = length + 2n * align;
    const huge = size % HUGE_BYTES === 0n ? HUGE_BYTES : 0n;
    const gap = this.process.findGap(size + huge);
    if (gap === undefined) throw new Error('no room to reserve');
    const start = huge ? (gap / huge + 1n) * huge : gap;
    mapAnonymous(this.process, start, start + size, 'reserved');
    return ((start + align - 1n) / align) * align;
  }

  touch(address: bigint, kind: AccessKind = 'write'): boolean {
    const before = this.#faults();
    const { signal, code } = access(this.process, address, kind);
    const minflt = this.#faults() - before;
    if (!signal) {
      this.call = { rc: 0, minflt };
      return true;
    }
    this.call = {
      rc: -1,
      sig: SIGNALS[signal],
      sicode: code ? CODES[code] : 0,
      sioff: Number(address - (this.mapBase ?? address)),
      minflt,
    };
    return false;
  }

  read(address: bigint): boolean {
    return this.touch(address, 'read');
  }

  munmap(address: bigint, length: bigint): boolean {
    return this.done(() => munmap(this.process, address, length));
  }

  mprotect(address: bigint, length: bigint, protection: typeof RW): boolean {
    return this.done(() => mprotect(this.process, address, length, protection));
  }

  madvise(address: bigint, length: bigint, advice: Advice): boolean {
    return this.done(() => madvise(this.process, address, length, advice));
  }

  dontneed(address: bigint, length: bigint): boolean {
    return this.madvise(address, length, 'dontneed');
  }

  mlock(address: bigint, length: bigint): boolean {
    return this.done(() => mlock(this.process, address, length));
  }

  munlock(address: bigint, length: bigint): boolean {
    return this.done(() => munlock(this.process, address, length));
  }

  /** Where the mapping is now; rc is the address, as the program wrote it down. */
  mremap(address: bigint, oldBytes: bigint, newBytes: bigint, more: Partial<MremapRequest> = {}) {
    return this.returning(() => mremap(this.process, { address, oldBytes, newBytes, ...more }));
  }

  /** A system call whose value is what it returns, faults counted; undefined where it failed. */
  returning<T extends bigint | number>(act: () => SyscallResult<T>): T | undefined {
    const before = this.#faults();
    const result = act();
    const minflt = this.#faults() - before;
    this.call = result.ok
      ? { rc: Number(result.value), minflt }
      : { rc: -1, errno: result.errno, minflt };
    return result.ok ? result.value : undefined;
  }

  /** The kernel's own copy from or to the program's memory: rc is the bytes. */
  copy(address: bigint, bytes: number, kind: AccessKind): void {
    if (this.touch(address, kind)) this.call = { ...this.call, rc: bytes };
  }

  /** Another program had the CPU before this step of the recorded run, if its outcome says so. */
  othersRan(step: string): void {
    if (this.run.options.tlbEmptied.has(`${this.run.scenario}/${step}`))
      this.run.system.tlb.flush();
  }

  /** The module's get or pin into one of its slots, which outlive the process. */
  gup(slot: number, address: bigint, pages: number, request: GupRequest): void {
    if (!this.run.options.module) {
      this.call = { rc: NO_MODULE };
      return;
    }
    const before = this.#faults();
    const { pages: got, errno } = gup(this.process, address, pages, request);
    const minflt = this.#faults() - before;
    this.call = errno ? { rc: -ERRNO[errno], errno, minflt } : { rc: got.length, minflt };
    if (got.length > 0) this.run.slots.set(slot, { pages: got, pin: request.pin });
  }

  /** Gives a slot's pages back; -ENOENT where it is empty. */
  put(slot: number): void {
    const held = this.run.slots.get(slot);
    const none = this.run.options.module ? -2 : 0;
    this.call = { rc: held ? held.pages.length : none };
    if (held) release(this.process, held.pages, held.pin);
    this.run.slots.delete(slot);
  }

  /** The module drops a slot's list of pages, whose struct pages are gone. */
  forget(slot: number): void {
    this.call = { rc: this.run.slots.get(slot)?.pages.length ?? -2 };
    this.run.slots.delete(slot);
  }

  /** Opens the device node; whether it opened. */
  open(): boolean {
    const opened = open(this.run.system);
    this.call = opened.ok ? { rc: 0 } : { rc: -1, errno: opened.errno };
    if (opened.ok) this.#files.push(opened.value);
    return opened.ok;
  }

  /** Closes the descriptor opened last. */
  close(): void {
    const file = this.#files.pop();
    if (file) close(this.run.system, file);
  }

  /** A child unbinds the driver; the program waits for it two seconds at most. */
  unbind(): void {
    const child = this.fork('child');
    const result = unbind(this.run.system);
    child.exit();
    this.note('unbind', { done_within_2s: 1, status: result.ok ? 0 : 1 });
  }

  /** write(2) of the device's name to the driver's bind file. */
  rebind(): void {
    const result = rebind(this.run.system);
    this.note('rebind', { rc: result.ok ? 'dax0.0'.length : -1, node_back: 1 });
  }

  fork(who: string): Guest {
    const child = new Guest(this.run, fork(this.process), who);
    child.mapBase = this.mapBase;
    child.lite = this.lite;
    return child;
  }

  exit(): void {
    exit(this.process);
  }

  /** A child's end as waitpid tells it. */
  wait(child: Guest, step: string): void {
    child.exit();
    this.note(step, { status: 0, exited: 1, code: 0, termsig: 0 });
  }

  /** Maps through a descriptor of another mode. */
  mapThrough(mode: OpenMode, length: bigint, protection: typeof RW): bigint | undefined {
    return this.map(length, protection, 0n, { mode });
  }

  vma(address: bigint): Vma | undefined {
    return this.process.vmaAt(address);
  }

  #faults(): number {
    return this.run.system.machine.events().faultMinor;
  }

  /** A system call that returns 0, faults counted. */
  done(act: () => SyscallResult<unknown>): boolean {
    const before = this.#faults();
    const result = act();
    const minflt = this.#faults() - before;
    this.call = result.ok ? { rc: 0, minflt } : { rc: -1, errno: result.errno, minflt };
    return result.ok;
  }
}

export type { Slot };

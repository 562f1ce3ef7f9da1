import { DaxError } from '../error.ts';
import { type AccessKind, type AccessResult, access } from '../syscall/access.ts';
import { exit, fork } from '../syscall/fork.ts';
import { gup, release } from '../syscall/gup.ts';
import { type Advice, madvise } from '../syscall/madvise.ts';
import { type MmapFlags, mmap } from '../syscall/mmap.ts';
import { mprotect } from '../syscall/mprotect.ts';
import { mremap } from '../syscall/mremap.ts';
import { munmap } from '../syscall/munmap.ts';
import type { Process as EmulatedProcess } from '../syscall/process.ts';
import type { Protection } from '../syscall/vma.ts';
import { refuseOutside, wholeBytes } from './argument.ts';
import { answerOf, SyscallError } from './syscallError.ts';

/** A mapping of the device node. */
export interface MmapOptions {
  /** Bytes to map, a multiple of the device's unit unless the kernel is to refuse it. */
  readonly lengthBytes: number;
  /** Offset into the device, a multiple of 4096. Default 0. */
  readonly offsetBytes?: number;
  /** Default: read and write. */
  readonly protection?: Protection;
  /** A hint, or with `flags.fixed` the address. Default: the kernel chooses. */
  readonly address?: bigint;
  /** Default: MAP_SHARED. */
  readonly flags?: MmapFlags;
}

/** How pages are got or pinned. */
export interface GetOptions {
  /** FOLL_WRITE. Default true. */
  readonly write?: boolean;
  /** FOLL_LONGTERM. Default false. */
  readonly longterm?: boolean;
  /** GUP-fast and the slow path for the rest, the fast one alone, or the slow one. Default `fast`. */
  readonly mode?: 'fast' | 'fastOnly' | 'slow';
}

/** A mapping, as /proc/PID/maps has it: [start, end) in bytes, its offset into the device. */
export interface Mapping {
  /** First byte. */
  readonly start: bigint;
  /** The byte after the last. */
  readonly end: bigint;
  /** Offset of the first byte into the device. */
  readonly offsetBytes: number;
}

/** Pages that a process got or pinned, until they are released. */
export class HeldPages {
  /** Device pages, 4 KiB each, in the order of their addresses; fewer than asked for where one failed. */
  readonly pages: readonly number[];
  #release: (() => void) | undefined;

  /** @internal Made by `Process.get` and `pin`. */
  constructor(pages: readonly number[], release: () => void) {
    this.pages = pages;
    this.#release = release;
  }

  /** Gives them back, once; again is nothing. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

const READ_WRITE: Protection = { read: true, write: true, exec: false };
/** A 1G unit's pages: the most that one call takes. */
const GET_PAGES_MAX = 262_144;

/**
 * A process of a machine, and the system calls and accesses it makes. Addresses are bigint, lengths
 * bytes.
 *
 * Fails: E_SYSCALL (a SyscallError with its errno) where the emulated kernel refuses a call; E_VALUE
 * after exit and for lengths that are no whole numbers.
 */
export class Process {
  readonly #process: EmulatedProcess;

  /** @internal Made by `Machine.createProcess` and `fork`. */
  constructor(process: EmulatedProcess) {
    this.#process = process;
  }

  /** 1 and up, in order of creation since boot. */
  get id(): number {
    return this.#process.id;
  }

  /** Fails: E_VALUE after exit. */
  get #running(): EmulatedProcess {
    if (this.#process.system.processes.has(this.#process)) return this.#process;
    throw new DaxError('E_VALUE', `process ${this.id} has exited`, 'create another one');
  }

  /** What is mapped, by address. */
  get mappings(): readonly Mapping[] {
    return this.#running.vmas.map(({ start, end, pgoff }) => ({
      start,
      end,
      offsetBytes: Number(pgoff) * 4096,
    }));
  }

  /**
   * Maps the device; answers the address. A touch past the device's end is SIGBUS, not an error here.
   *
   * Fails: E_SYSCALL; E_BANK_SPAN for a device of several banks at an address that is not as far into a
   * slot of 512 GiB as the offset is.
   */
  mmap(options: MmapOptions): bigint {
    const { lengthBytes, offsetBytes = 0, protection = READ_WRITE, address, flags } = options;
    const request = {
      lengthBytes: wholeBytes('lengthBytes', lengthBytes),
      offsetBytes: wholeBytes('offsetBytes', offsetBytes),
      protection,
      ...(address === undefined ? {} : { address }),
      ...(flags ? { flags } : {}),
    };
    return answerOf(mmap(this.#running, request), 'mmap').start;
  }

  /** Unmaps whole 4 KiB pages; cuts must fall between units. */
  munmap(address: bigint, lengthBytes: number): void {
    answerOf(munmap(this.#running, address, wholeBytes('lengthBytes', lengthBytes)), 'munmap');
  }

  /** A load, store or instruction fetch: an empty object where it went through, else its signal. */
  access(address: bigint, kind: AccessKind): AccessResult {
    return access(this.#running, address, kind);
  }

  /**
   * get_user_pages on `pages` pages of 4 KiB, at most 262,144, from `address` on.
   *
   * Fails: E_SYSCALL where none is got; fewer than asked for are no error.
   */
  get(address: bigint, pages: number, options: GetOptions = {}): HeldPages {
    return this.#grab(address, pages, false, options);
  }

  /** pin_user_pages, in the same way. */
  pin(address: bigint, pages: number, options: GetOptions = {}): HeldPages {
    return this.#grab(address, pages, true, options);
  }

  #grab(address: bigint, pages: number, pin: boolean, options: GetOptions): HeldPages {
    refuseOutside('pages', pages, GET_PAGES_MAX + 1);
    const { write = true, longterm = false, mode = 'fast' } = options;
    const got = gup(this.#running, address, pages, { pin, write, longterm, mode });
    if (got.errno) throw new SyscallError(pin ? 'pin_user_pages' : 'get_user_pages', got.errno);
    return new HeldPages(got.pages, () => release(this.#process, got.pages, pin));
  }

  /** Advice on whole 4 KiB pages; `dontneed` drops every leaf the range touches. */
  madvise(address: bigint, lengthBytes: number, advice: Advice): void {
    const length = wholeBytes('lengthBytes', lengthBytes);
    answerOf(madvise(this.#running, address, length, advice), 'madvise');
  }

  /** Changes what accesses of whole 4 KiB pages are permitted. */
  mprotect(address: bigint, lengthBytes: number, protection: Protection): void {
    const length = wholeBytes('lengthBytes', lengthBytes);
    answerOf(mprotect(this.#running, address, length, protection), 'mprotect');
  }

  /** Moves or resizes a mapping, MREMAP_MAYMOVE; its address afterwards. */
  mremap(address: bigint, oldBytes: number, newBytes: number): bigint {
    const request = {
      address,
      oldBytes: wholeBytes('oldBytes', oldBytes),
      newBytes: wholeBytes('newBytes', newBytes),
      mayMove: true,
    };
    return answerOf(mremap(this.#running, request), 'mremap');
  }

  /** A child with the same mappings and none of their entries. Fails: E_VALUE, E_MEMORY. */
  fork(): Process {
    return new Process(fork(this.#running));
  }

  /** Unmaps everything and ends. Pins outlive it, until they are released. */
  exit(): void {
    exit(this.#running);
  }
}

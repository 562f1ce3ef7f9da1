import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import { type AccessResult, access } from '../syscall/access.ts';
import type { KernelBug } from '../syscall/bug.ts';
import { type Device, pgmapReferences } from '../syscall/device.ts';
import type { SyscallResult } from '../syscall/errno.ts';
import { exit } from '../syscall/fork.ts';
import { type GupRequest, gup, release } from '../syscall/gup.ts';
import { mmap } from '../syscall/mmap.ts';
import { close, type OpenFile, open } from '../syscall/node.ts';
import type { Process } from '../syscall/process.ts';
import { System } from '../syscall/system.ts';
import { rebind, type UnbindReport, unbind } from '../syscall/unbind.ts';
import type { Vma } from '../syscall/vma.ts';
import { PAGE_BYTES } from '../units.ts';

/** The first unit's folio and what its holders show. */
export interface FolioState {
  readonly refcount: number;
  readonly mappings: number;
  readonly flags: readonly string[];
  readonly mapping: boolean;
}

/** What happens to one kernel when a mapped and pinned device is unbound, and bound again. */
export interface UnbindStory {
  readonly kernel: KernelId;
  readonly before: FolioState & { readonly leaves: number; readonly rssBytes: number };
  readonly unbind: UnbindReport;
  /** pgmap->ref: what the unbind drops, and all it waits for. */
  readonly pgmapReferences: number;
  readonly after: {
    readonly mappings: number;
    readonly rssBytes: number;
    readonly touch: string;
    readonly mmap: string;
    readonly openHeld: string;
    readonly openFree: string;
  };
  readonly rebound: FolioState & { readonly touch: string };
  /** What giving the pages back late does, before and after the device is bound again. */
  readonly bugs: readonly KernelBug[];
}

const READ_WRITE = { read: true, write: true, exec: false };
const PIN: GupRequest = { pin: true, write: true, longterm: true, mode: 'fast' };
const GET: GupRequest = { pin: false, write: false, longterm: false, mode: 'fast' };

function must<T>(result: SyscallResult<T>, what: string): T {
  if (!result.ok) throw new Error(`${what} failed: ${result.errno}`);
  return result.value;
}

function answer(result: SyscallResult<unknown>): string {
  return result.ok ? 'works' : result.errno;
}

function touched(result: AccessResult): string {
  return result.signal ?? 'works';
}

/** A process that has mapped the device and touched the first byte of every unit. */
class Mapper {
  readonly process: Process;
  readonly vma: Vma;
  readonly file: OpenFile;

  constructor(system: System, kind: 'read' | 'write') {
    const { sizeBytes, unitBytes } = system.device;
    this.process = system.createProcess();
    this.file = must(open(system), 'open');
    const request = { lengthBytes: BigInt(sizeBytes), protection: READ_WRITE };
    this.vma = must(mmap(this.process, request), 'mmap');
    for (let at = 0; at < sizeBytes; at += unitBytes) this.touch(kind, at);
  }

  touch(kind: 'read' | 'write', offset = 0): string {
    return touched(access(this.process, this.vma.start + BigInt(offset), kind));
  }

  grab(page: number, pages: number, request: GupRequest): readonly number[] {
    const address = this.vma.start + BigInt(page) * BigInt(PAGE_BYTES);
    return gup(this.process, address, pages, request).pages;
  }

  get rssBytes(): number {
    return this.process.system.machine.filePages(this.process.mm) * PAGE_BYTES;
  }
}

function firstFolio({ machine }: System): FolioState {
  const { refcount, folio, mapcount, flagNames: flags, mapping } = machine.page(0);
  return { refcount, mappings: (folio?.largeMapcount ?? mapcount) + 1, flags, mapping };
}

/**
 * Two processes map all of a device, the first for writing. The first pins `pinPages` pages from its
 * start, the second gets the last page (nobody holds anything where `pinPages` is 0). The driver is
 * unbound; the first gives its pins back; the driver is bound again; the second gives its page back.
 *
 * Fails: E_VALUE where the device has fewer pages than are to be pinned.
 */
export function unbindStory(kernel: KernelId, device: Device, pinPages: number): UnbindStory {
  const devicePages = device.sizeBytes / PAGE_BYTES;
  if (pinPages > devicePages) {
    throw new DaxError(
      'E_VALUE',
      `${pinPages} pages are to be pinned; the device has ${devicePages}`,
      `use --pin-pages ${devicePages} or less, or a larger --size`,
    );
  }
  const system = new System({ kernel, kind: 'counted', device, processes: 2 });
  const first = new Mapper(system, 'write');
  const second = new Mapper(system, 'read');
  const { leafSet: leaves } = system.machine.events();
  const pinned = pinPages > 0 ? first.grab(0, pinPages, PIN) : [];
  const got = pinPages > 0 ? second.grab(devicePages - 1, 1, GET) : [];
  const before = { ...firstFolio(system), leaves, rssBytes: first.rssBytes };

  const report = must(unbind(system), 'unbind');
  const request = { lengthBytes: BigInt(device.unitBytes), protection: READ_WRITE };
  const held = {
    mappings: first.process.vmas.length + second.process.vmas.length,
    rssBytes: first.rssBytes,
    touch: first.touch('read'),
    mmap: answer(mmap(first.process, request)),
    openHeld: answer(open(system)),
  };
  release(first.process, pinned, true);
  exit(first.process);
  exit(second.process);
  for (const file of system.files) close(system, file);
  const after = { ...held, openFree: answer(open(system)) };

  must(rebind(system), 'rebind');
  const rebound = firstFolio(system);
  release(second.process, got, false);
  const touch = new Mapper(system, 'write').touch('write');
  return {
    kernel,
    before,
    unbind: report,
    pgmapReferences: pgmapReferences(device),
    after,
    rebound: { ...rebound, touch },
    bugs: [...system.bugs],
  };
}

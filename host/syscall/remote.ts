import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import { type GupRequest, gup, release } from './gup.ts';
import type { Process } from './process.ts';

/** process_vm_rw works on so many pages at a time (mm/process_vm_access.c). */
const VM_READV_PAGES = 1024;

/** Bytes of [va, va + bytes) that lie before page `pages`, counted from the one that holds va. */
function bytesBefore(va: bigint, bytes: number, pages: number): number {
  return Math.min(bytes, Math.max(0, pages * 4096 - Number(va % 4096n)));
}

function pagesOf(va: bigint, bytes: number): number {
  return Math.ceil((Number(va % 4096n) + bytes) / 4096);
}

/** Copies through GUP, `chunk` pages at a time; how many bytes before something was missing. */
function copyThrough(
  process: Process,
  va: bigint,
  bytes: number,
  request: GupRequest,
  chunk: number,
): number {
  const { core } = process.system.machine;
  const first = va - (va % 4096n);
  const pages = pagesOf(va, bytes);
  let done = 0;
  while (done < pages) {
    const want = Math.min(chunk, pages - done);
    const got = gup(process, first + BigInt(done) * 4096n, want, request).pages;
    if (request.write) for (const page of got) core.dirtyPages(page, 1);
    release(process, got, request.pin);
    done += got.length;
    if (got.length < want) break;
  }
  return bytesBefore(va, bytes, done);
}

function answer(bytes: number, errno: Errno): SyscallResult<number> {
  return bytes > 0 ? succeed(bytes) : fail(errno);
}

const GET = { pin: false, write: false, longterm: false, mode: 'slow' } as const;

/** pread of /proc/pid/mem: a reference a page, under mmap_lock (mm/memory.c: access_remote_vm). */
export function readMemory(process: Process, va: bigint, bytes: number): SyscallResult<number> {
  return answer(copyThrough(process, va, bytes, GET, 1), 'EIO');
}

/** pwrite of /proc/pid/mem: as the read, and each page is marked dirty under its lock. */
export function writeMemory(process: Process, va: bigint, bytes: number): SyscallResult<number> {
  return answer(copyThrough(process, va, bytes, { ...GET, write: true }, 1), 'EIO');
}

/** process_vm_readv(2) from this process: pins, under mmap_lock. */
export function processVmReadv(process: Process, va: bigint, bytes: number) {
  return answer(copyThrough(process, va, bytes, { ...GET, pin: true }, VM_READV_PAGES), 'EFAULT');
}

import * as abi from '../wasm/abi.ts';
import type { Errno } from './errno.ts';
import { faultErrno } from './populate.ts';
import { type Process, TASK_SIZE_4 } from './process.ts';
import { reportUnbalancedPuts, reportUseAfterFree } from './useAfterFree.ts';

export interface GupRequest {
  readonly pin: boolean;
  readonly write: boolean;
  readonly longterm: boolean;
  /** `fast`: GUP-fast, then the slow path for the rest; `fastOnly`; `slow` under mmap_lock. */
  readonly mode: 'fast' | 'fastOnly' | 'slow';
}

/** The device pages that were got or pinned, in order; the error where there was none. */
export interface GupResult {
  readonly pages: readonly number[];
  readonly errno?: Errno;
}

function flagsOf({ pin, write, longterm }: GupRequest): number {
  const base = (pin ? abi.GUP_PIN : 0) | (write ? abi.GUP_WRITE : 0);
  return base | (longterm ? abi.GUP_LONGTERM : 0);
}

/** __get_user_pages: mapping after mapping, until a page cannot be had (semantics 6.4). */
function slowPath(process: Process, from: bigint, end: bigint, flags: number): Errno | undefined {
  const { core } = process.system.machine;
  const need = flags & abi.GUP_WRITE ? abi.VM_WRITE : abi.VM_READ;
  let at = from;
  while (at < end) {
    const vma = process.vmaAt(at);
    if (vma?.kind !== 'device' || !(vma.flags & need)) return 'EFAULT';
    const to = vma.end < end ? vma.end : end;
    const pages = Number((to - at) / 4096n);
    const status = core.gupSlow(process.descriptor(vma), at, pages, flags | abi.GUP_APPEND);
    if (status !== abi.OK) return faultErrno(status);
    at = to;
  }
  return undefined;
}

/**
 * get_user_pages and pin_user_pages on `pages` pages from `va` on.
 *
 * Source: semantics 6.3, 6.4; mm/gup.c: gup_fast_fallback. Some pages are better than an error: one
 * is answered only where no page was got.
 */
export function gup(process: Process, va: bigint, pages: number, request: GupRequest): GupResult {
  const { machine } = process.system;
  const flags = flagsOf(request);
  const vma = process.vmaAt(va);
  // The lockless walk needs no mapping, only the mm; any descriptor of this process names it.
  const anchor = vma ?? process.vmas[0];
  const end = va - (va % 4096n) + BigInt(pages) * 4096n;
  if (request.mode !== 'slow' && end > TASK_SIZE_4) return { pages: [], errno: 'EFAULT' };
  let got = 0;
  machine.core.beginPages(0);
  if (request.mode !== 'slow' && anchor) {
    got = machine.core.gupFast(process.descriptor(anchor), va, pages, flags);
  }
  let errno: Errno | undefined;
  if (got < pages && request.mode !== 'fastOnly') {
    const from = va + BigInt(got) * 4096n;
    errno = slowPath(process, from, va + BigInt(pages) * 4096n, flags);
    got = machine.core.pagesGot();
  }
  const grabbed = machine.grabbed(got);
  for (const [firstPage, count] of runs(grabbed)) {
    process.system.holdings.add({ process: process.id, pin: request.pin, firstPage, pages: count });
  }
  return { pages: grabbed, ...(got === 0 && errno ? { errno } : {}) };
}

/** Consecutive device pages as one run each: what unpin_user_pages finds too. */
function runs(pages: readonly number[]): readonly (readonly [first: number, count: number])[] {
  const found: [number, number][] = [];
  for (const page of pages) {
    const last = found.at(-1);
    if (last && last[0] + last[1] === page) last[1] += 1;
    else found.push([page, 1]);
  }
  return found;
}

/**
 * Gives pages back: unpin_user_pages for pins, put_page on each for references. Pages that were taken
 * before an unbind are named as used after free and not touched; a page put too often is named too.
 */
export function release(process: Process, pages: readonly number[], pin: boolean): void {
  const { machine, holdings } = process.system;
  const { core } = machine;
  const before = machine.zeroPuts;
  for (const [first, count] of runs(pages)) {
    for (const part of holdings.takeBack(process.id, pin, first, count)) {
      const put = pin ? core.unpin : core.putPages;
      // Bound again, the core has other struct pages under these numbers.
      const others = part.stale && machine.alive;
      const gone = others || put(part.firstPage, part.pages) === abi.GONE;
      if (gone) reportUseAfterFree(process, part, pin);
    }
  }
  reportUnbalancedPuts(process, before);
}

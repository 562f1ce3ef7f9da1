import type { Process } from '../syscall/process.ts';
import { isSoftDirty } from '../syscall/vma.ts';
import { readPagemapWords } from '../wasm/look.ts';

/** Bits of a /proc/pid/pagemap entry; below bit 55 it is the page frame number. */
export const PAGEMAP = {
  softDirty: 1n << 55n,
  exclusive: 1n << 56n,
  file: 1n << 61n,
  present: 1n << 63n,
} as const;

/** The page frame number of an entry, as a privileged reader sees it. */
export function pagemapFrame(entry: bigint): bigint {
  return entry & ((1n << 55n) - 1n);
}

/**
 * Reads /proc/pid/pagemap for `pages` pages from `va` on; 0 where nothing is mapped. The look removes
 * every 1G leaf in the range and reports it not present.
 *
 * Source: semantics 8; fs/proc/task_mmu.c: pagemap_pmd_range, pte_to_pagemap_entry.
 */
export function readPagemap(process: Process, va: bigint, pages: number): BigUint64Array {
  const start = va - (va % 4096n);
  const end = start + BigInt(pages) * 4096n;
  const out = new BigUint64Array(pages);
  for (const vma of process.overlapping(start, end)) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    const at = Number((from - start) / 4096n);
    if (vma.kind === 'device') {
      const { machine } = process.system;
      out.set(readPagemapWords(machine, process.descriptor(vma), from, to), at);
    } else if (isSoftDirty(vma)) out.fill(PAGEMAP.softDirty, at, Number((to - start) / 4096n));
  }
  return out;
}

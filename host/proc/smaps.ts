import type { Process } from '../syscall/process.ts';
import type { Vma } from '../syscall/vma.ts';
import { type SmapsSums, sumSmaps } from '../wasm/look.ts';

/** One mapping in /proc/pid/smaps. What is not here is 0 on device-DAX in both kernels. */
export interface SmapsEntry extends SmapsSums {
  readonly start: bigint;
  readonly end: bigint;
  readonly offsetBytes: bigint;
  readonly sizeBytes: number;
  /** KernelPageSize and MMUPageSize: the device's unit. */
  readonly pageBytes: number;
  /** VmFlags, in the kernel's two-letter names. */
  readonly vmFlags: readonly string[];
}

/* VmFlags in smaps order, by vm_flags bit. */
const VM_FLAG_NAMES: readonly (readonly [number, string])[] = [
  [0x1, 'rd'],
  [0x2, 'wr'],
  [0x4, 'ex'],
  [0x8, 'sh'],
  [0x10, 'mr'],
  [0x20, 'mw'],
  [0x40, 'me'],
  [0x80, 'ms'],
  [0x8000, 'sr'],
  [0x10000, 'rr'],
  [0x20000, 'dc'],
  [0x100000, 'ac'],
  [0x800000, 'sf'],
  [0x4000000, 'dd'],
  [0x8000000, 'sd'],
  [0x20000000, 'hg'],
  [0x40000000, 'nh'],
];

const NOTHING: SmapsSums = {
  rssBytes: 0,
  pssBytes: 0,
  sharedCleanBytes: 0,
  sharedDirtyBytes: 0,
  privateCleanBytes: 0,
  privateDirtyBytes: 0,
  referencedBytes: 0,
};

function lookAt(process: Process, vma: Vma): SmapsEntry {
  const { machine, device } = process.system;
  const onDevice = vma.kind === 'device';
  return {
    start: vma.start,
    end: vma.end,
    offsetBytes: vma.pgoff * 4096n,
    sizeBytes: Number(vma.end - vma.start),
    pageBytes: onDevice ? device.unitBytes : 4096,
    ...(onDevice ? sumSmaps(machine, process.descriptor(vma), vma.start, vma.end) : NOTHING),
    vmFlags: VM_FLAG_NAMES.filter(([bit]) => (vma.flags & bit) !== 0).map(([, name]) => name),
  };
}

/**
 * Reads /proc/pid/smaps. The look is a page walk: it removes every 1G leaf it meets, and sees nothing
 * of it (Rss 0). The devmap kernel's pages are in no sum: their entries have no normal page.
 *
 * Source: semantics 8; fs/proc/task_mmu.c: smap_gather_stats, smaps_account.
 */
export function readSmaps(process: Process): readonly SmapsEntry[] {
  return process.vmas.map((vma) => lookAt(process, vma));
}

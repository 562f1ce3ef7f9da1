import type { Process } from '../syscall/process.ts';

/** Lines of /proc/pid/status that device-DAX mappings show in. */
export interface ProcessStatus {
  /** RssFile: 0 in the devmap kernel, every mapped page in the refcount kernel. Counted builds. */
  readonly rssFileBytes: number;
  /** VmPTE: PTE, PMD and PUD tables. */
  readonly pageTableBytes: number;
}

/** Reads /proc/pid/status: counters alone, so nothing is walked and nothing dropped. */
export function readStatus({ system: { machine }, mm }: Process): ProcessStatus {
  return { rssFileBytes: machine.filePages(mm) * 4096, pageTableBytes: machine.tableBytes(mm) };
}

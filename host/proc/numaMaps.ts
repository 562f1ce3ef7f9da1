import type { Process } from '../syscall/process.ts';

/** One mapping in /proc/pid/numa_maps. */
export interface NumaMapsEntry {
  readonly start: bigint;
  /** `default`, or what mbind set, such as `bind:0`. */
  readonly policy: string;
}

/**
 * Reads /proc/pid/numa_maps. Device pages are in no node's count (can_gather_numa_stats passes over
 * ZONE_DEVICE), but the look removes every 1G leaf it meets (semantics 8).
 */
export function readNumaMaps(process: Process): readonly NumaMapsEntry[] {
  const { core } = process.system.machine;
  return process.vmas.map((vma) => {
    if (vma.kind === 'device') core.dropGiants(process.descriptor(vma), vma.start, vma.end);
    return { start: vma.start, policy: vma.policy ?? 'default' };
  });
}

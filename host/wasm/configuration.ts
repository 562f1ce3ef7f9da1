import { KERNEL_IDS, KERNELS } from '../kernel.ts';
import { RSS_BATCH, VMSTAT_THRESHOLD } from './abi.ts';

const RELEASES = KERNEL_IDS.map((kernel) => KERNELS[kernel].release);

/**
 * What the counts take for granted of the kernels and their host, where it decides whether a step
 * is lock-prefixed or how far a search goes. Source: semantics 11 (assumptions), 5.7.
 */
export const CONFIGURATION = {
  releases: `Linux ${RELEASES.slice(0, -1).join(', ')} and ${RELEASES.at(-1)}, x86-64`,
  cpus: 16,
  pageMapcount: 'CONFIG_PAGE_MAPCOUNT=y',
  lru: 'MGLRU on',
  pat: 'PAT on',
  pageTableLocks: 'split PTE and PMD locks',
  rssBatch: RSS_BATCH,
  vmstatThreshold: VMSTAT_THRESHOLD,
  memoryTypesReserved: 15,
} as const;

/** The assumed configuration as one line. */
export function sayConfiguration(): string {
  const { releases, cpus, pageMapcount, lru, pat, pageTableLocks } = CONFIGURATION;
  return [
    `${releases}, ${cpus} CPUs`,
    pageMapcount,
    lru,
    pat,
    pageTableLocks,
    `rss spills at ${RSS_BATCH}, vmstat above ${VMSTAT_THRESHOLD}`,
    `${CONFIGURATION.memoryTypesReserved} reserved memory types`,
  ].join(', ');
}

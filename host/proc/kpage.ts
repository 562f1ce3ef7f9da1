import type { KernelId } from '../kernel.ts';

/** /proc/kpagecount of a device page: 0, for the page is offline to it (semantics 8). */
export const KPAGE_COUNT = 0n;

const KPF_NOPAGE = 1n << 20n;

/** /proc/kpageflags of a device page: devmap says there is no page, refcount nothing. */
export function kpageFlags(kernel: KernelId): bigint {
  return kernel === 'devmap' ? KPF_NOPAGE : 0n;
}

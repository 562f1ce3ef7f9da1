import type { KernelId } from '../kernel.ts';
import type { Device } from '../syscall/device.ts';
import { countedBuild } from '../wasm/made.ts';
import type { CountedBuilds } from './counts.ts';

/**
 * The counted builds that a device's record format needs and no package ships, made if need be.
 *
 * Fails: E_NOT_BUILT, E_FILE.
 */
export async function countedBuilds(
  { records = 'line' }: Device,
  kernels: readonly KernelId[],
): Promise<CountedBuilds> {
  const builds = new Map<KernelId, string>();
  for (const kernel of kernels) {
    const wasm = await countedBuild(kernel, records);
    if (wasm !== undefined) builds.set(kernel, wasm);
  }
  return builds;
}

import { DaxError } from '../error.ts';
import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import { buildName } from '../wasm/core.ts';
import { addCore } from '../wasm/platform.browser.ts';

/** Options of `loadCores`. */
export interface LoadOptions {
  /** Kernels to load. Default: all. */
  readonly kernels?: readonly KernelId[];
  /** URL of the folder with the .wasm files, from the page's own. Default: the package's dist/wasm. */
  readonly from?: string | URL;
}

/** A core of memory that is not shared: build/builds.mjs. */
function fileOf(kernel: KernelId): string {
  return `${kernel}-unshared.wasm`;
}

async function fetchModule(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new DaxError(
      'E_FILE',
      `cannot fetch '${url.href}': ${response.status}`,
      'say where the .wasm files are: loadCores({ from })',
    );
  }
  // Servers that do not know .wasm answer with another type, which compileStreaming refuses.
  return WebAssembly.compile(await response.arrayBuffer());
}

/**
 * Fetches and compiles the cores; call it once before the first machine or storm.
 *
 * Fails: E_FILE for a core that is not there.
 */
export async function loadCores(options: LoadOptions = {}): Promise<void> {
  const { kernels = KERNEL_IDS, from = new URL('../wasm/', import.meta.url) } = options;
  const folder = new URL(`${String(from).replace(/\/$/, '')}/`, location.href);
  const load = async (kernel: KernelId): Promise<void> => {
    const module = await fetchModule(new URL(fileOf(kernel), folder));
    addCore(buildName(kernel, 'counted'), module);
  };
  await Promise.all(kernels.map(load));
}

import { DaxError } from '../error.ts';
import { KERNEL_IDS } from '../kernel.ts';
import { type BuildKind, buildName, instantiate } from '../wasm/core.ts';

/** One shipped build of the core: there and of this host's layout, or what is wrong with it. */
export interface BuildState {
  readonly name: string;
  readonly problem: string | undefined;
}

function problemOf(name: string, memory: WebAssembly.Memory): string | undefined {
  try {
    instantiate(name, memory);
    return undefined;
  } catch (error) {
    if (DaxError.is(error)) return error.message;
    throw error;
  }
}

/** The smallest memory that a core runs on; undefined where the host has no address space for it. */
function makeMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Every build that comes with daxstorm. */
export function buildStates(): readonly BuildState[] {
  const memory = makeMemory();
  const kinds: readonly BuildKind[] = ['counted', 'timed'];
  return KERNEL_IDS.flatMap((kernel) =>
    kinds.map((kind) => {
      const name = buildName(kernel, kind);
      const problem = memory ? problemOf(name, memory) : 'not tried: no memory can be made here';
      return { name, problem };
    }),
  );
}

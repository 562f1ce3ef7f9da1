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

/** Every build that comes with daxstorm. Fails: as WebAssembly.Memory where there is no room. */
export function buildStates(): readonly BuildState[] {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const kinds: readonly BuildKind[] = ['counted', 'timed'];
  return KERNEL_IDS.flatMap((kernel) =>
    kinds.map((kind) => {
      const name = buildName(kernel, kind);
      return { name, problem: problemOf(name, memory) };
    }),
  );
}

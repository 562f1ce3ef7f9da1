import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DaxError } from '../error.ts';
import { ownCores } from '../gate/cores.ts';
import { wasmFile } from '../wasm/platform.ts';

function readBuild(name: string): Uint8Array {
  try {
    return readFileSync(wasmFile(name));
  } catch {
    throw new DaxError('E_NOT_BUILT', `the core '${name}' is not built`, 'run npm run build');
  }
}

/** Twelve hex digits that name this package's builds of the core. Fails: E_NOT_BUILT. */
export function coreHash(): string {
  const hash = createHash('sha256');
  for (const { wasm } of ownCores().builds) hash.update(readBuild(wasm));
  return hash.digest('hex').slice(0, 12);
}

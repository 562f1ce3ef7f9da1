// The browser's side of platform.ts: one thread, memory that is not shared, cores fetched.
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { DaxError } from '../error.ts';

/** Shared memory would need a page that is cross-origin isolated; one thread needs none. */
export const SHARED_MEMORY = false;

export function sha256(parts: readonly (string | Uint32Array)[]): string {
  const hash = nobleSha256.create();
  for (const part of parts) {
    hash.update(
      typeof part === 'string'
        ? utf8ToBytes(part)
        : new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
    );
  }
  return bytesToHex(hash.digest());
}

export function nowNs(): bigint {
  return BigInt(Math.round(performance.now() * 1e6));
}

export function readSystemFile(): undefined {
  return undefined;
}

/** A page is not told; what cannot be had fails when the memory is made. */
export function freeBytes(): number {
  return Number.POSITIVE_INFINITY;
}

/** A page cannot ask for it. */
export function collectGarbage(): void {}

export function isPath(name: string): boolean {
  return name.endsWith('.wasm');
}

const modules = new Map<string, WebAssembly.Module>();

/** Puts a compiled core where `compiled` finds it. */
export function addCore(name: string, module: WebAssembly.Module): void {
  modules.set(name, module);
}

export function compiled(name: string): WebAssembly.Module {
  const found = modules.get(name);
  if (found) return found;
  throw new DaxError('E_NOT_BUILT', `the core '${name}' is not loaded`, 'await loadCores() first');
}

export function openTwin(file: string): never {
  throw new DaxError('E_FILE', `a page cannot load '${file}'`, 'use Node');
}

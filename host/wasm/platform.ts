// What Node and a browser do differently, for the folders that run in both. This is Node's side; the
// bundle for browsers has platform.browser.ts in its place (build/browser.mjs).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DaxError } from '../error.ts';
import { PACKAGE_ROOT } from '../root.ts';

/** Whether banks are memories that threads can share, and cores compiled for such. */
export const SHARED_MEMORY = true;

/** Hex digits of the SHA-256 of all parts together. */
export function sha256(parts: readonly (string | Uint32Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** A clock that only goes forward. */
export function nowNs(): bigint {
  return process.hrtime.bigint();
}

/** A file of /proc or /sys; undefined where there is none. */
export function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Free memory, where the kernel does not say what is available. */
export function freeBytes(): number {
  return freemem();
}

/**
 * Gives banks that nobody uses any more back to the host. V8 takes them to weigh next to nothing, so
 * that gigabytes would stay until it had some other reason to look.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** The file of a build: a name of build/builds.mjs, or itself a path that ends in .wasm. */
export function wasmFile(name: string): string {
  if (isPath(name)) return name;
  // Another folder of builds of the same layout: mutants of the core, to see the tests notice them.
  const folder = process.env['DAXSTORM_WASM_DIR'] ?? join(PACKAGE_ROOT, 'dist', 'wasm');
  return join(folder, `${name}.wasm`);
}

/** Whether a core is named by its file rather than by its build. */
export function isPath(name: string): boolean {
  return name.endsWith('.wasm');
}

function readWasm(name: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(readFileSync(wasmFile(name)));
  } catch (error) {
    if (!isPath(name))
      throw new DaxError('E_NOT_BUILT', `the core '${name}' is not built`, 'run npm run build');
    const why = (error as NodeJS.ErrnoException).code;
    throw new DaxError('E_FILE', `cannot read '${name}': ${why}`, 'name a core that is there');
  }
}

const modules = new Map<string, WebAssembly.Module>();

/** Puts a compiled core where `compiled` finds it: another thread's. */
export function addCore(name: string, module: WebAssembly.Module): void {
  modules.set(wasmFile(name), module);
}

/** A build's module, compiled once. Fails: E_NOT_BUILT, E_FILE, E_ABI. */
export function compiled(name: string): WebAssembly.Module {
  const file = wasmFile(name);
  const known = modules.get(file);
  if (known) return known;
  const bytes = readWasm(name);
  if (!WebAssembly.validate(bytes))
    throw new DaxError('E_ABI', `'${file}' is no WebAssembly module`, 'name a core of daxstorm');
  // Straight to the optimising compiler, before the first compile: most of warm-up is gone.
  setFlagsFromString('--no-liftoff');
  const module = new WebAssembly.Module(bytes);
  modules.set(file, module);
  return module;
}

/** A C twin of the core (bench/native), a Node module that shares the memory. */
export function openTwin(file: string, memory: WebAssembly.Memory): unknown {
  const twin = createRequire(import.meta.url)(file);
  return twin.open(new Uint8Array(memory.buffer));
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { instantiateSync } from '@assemblyscript/loader';
import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import { PACKAGE_ROOT } from '../root.ts';
import { ABI_VERSION, LAYOUT_HASH } from './abi.ts';

/** What a build is for: `counted` has the ledger and full detail, `timed` only the modelled steps. */
export type BuildKind = 'counted' | 'timed';

/** The core's exports. Addresses are bank offsets; u64 crosses as bigint. */
export interface CoreExports {
  abiVersion(): number;
  layoutHash(): number;
  attach(thread: number): void;
  bindDevice(): void;
  resetPages(firstPage: number, pages: number): void;
  clearStamps(): void;
  /** Address of the struct page that page_folio finds for a page. */
  folioOf(page: number): number;
  allocTable(): number;
  freeTable(table: number): void;
  handleFault(vma: number, va: bigint, write: number): bigint;
  touch(vma: number, va: bigint, kind: number): bigint;
  dontneed(vma: number, va: bigint, end: bigint): void;
  munmap(vma: number, va: bigint, end: bigint): void;
  gupFast(vma: number, va: bigint, pages: number, flags: number): number;
  /** Answers the status that ended it; pagesGot says how many pages are in PAGES. */
  gupSlow(vma: number, va: bigint, pages: number, flags: number): number;
  beginPages(flags: number): void;
  pagesGot(): number;
  populateRange(vma: number, va: bigint, end: bigint, flags: number): number;
  protect(vma: number, va: bigint, end: bigint, prot: bigint): void;
  needTables(mm: number, va: bigint): number;
  /** A status: GONE after an unbind. */
  unpin(firstPage: number, pages: number): number;
  putPages(firstPage: number, pages: number): number;
  killDax(): void;
  runDax(): void;
  /** File pages [first, end) leave the VMAs whose slots are in PAGES. */
  unmapMapping(vmas: number, firstPage: bigint, endPage: bigint): void;
  unmapPgmap(): void;
  /** Runs of held units in PAGES: how many, and above bit 32 where to go on. */
  scanHeld(firstUnit: number): bigint;
  poison(page: number): number;
  runChained(firstOp: number, ops: number): number;
  runNatural(firstOp: number, ops: number): number;
  /** MM_FILEPAGES of an mm with every thread's share; kept by builds of full detail. */
  chargedPages(mm: number): bigint;
  checkMachine(mms: number): bigint;
  hashRange(from: number, to: number): bigint;
}

const modules = new Map<string, WebAssembly.Module>();

/** File name of a build; the list is build/builds.mjs. */
export function buildName(kernel: KernelId, kind: BuildKind): string {
  return kind === 'counted' ? `${kernel}-counted` : `${kernel}-timed-line`;
}

function compiled(name: string): WebAssembly.Module {
  const known = modules.get(name);
  if (known) return known;
  // Straight to the optimising compiler, before the first compile: most of warm-up is gone.
  setFlagsFromString('--no-liftoff');
  // Another folder of builds of the same layout: mutants of the core, to see the tests notice them.
  const folder = process.env['DAXSTORM_WASM_DIR'] ?? join(PACKAGE_ROOT, 'dist', 'wasm');
  const file = join(folder, `${name}.wasm`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(readFileSync(file));
  } catch {
    throw new DaxError('E_NOT_BUILT', `the core '${name}' is not built`, 'run npm run build');
  }
  const module = new WebAssembly.Module(bytes);
  modules.set(name, module);
  return module;
}

/** The core's exports from a C twin of it (bench/native), a Node module that shares the memory. */
function openTwin(file: string, memory: WebAssembly.Memory): CoreExports {
  const twin = createRequire(import.meta.url)(file);
  return twin.open(new Uint8Array(memory.buffer));
}

function open(name: string, memory: WebAssembly.Memory): CoreExports {
  if (name.endsWith('.node')) return openTwin(name, memory);
  return instantiateSync(compiled(name), { env: { memory } }).exports as unknown as CoreExports;
}

/**
 * One build of the core on a bank's memory: a build's name, or the file of a C twin.
 *
 * Fails: E_NOT_BUILT without its file; E_ABI if it was compiled from another layout.
 */
export function instantiate(name: string, memory: WebAssembly.Memory): CoreExports {
  const core = open(name, memory);
  if (core.abiVersion() !== ABI_VERSION || core.layoutHash() !== LAYOUT_HASH) {
    throw new DaxError(
      'E_ABI',
      `the core '${name}' was compiled from another memory layout than this host`,
      'run npm run build',
    );
  }
  return core;
}

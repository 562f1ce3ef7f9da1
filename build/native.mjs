// Compiles the C twins of the core (bench/native) for this machine, where it has a C compiler.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DECLARATION } from './abi.mjs';
import { hashOf, layoutHash, ROOT, readAssembly } from './sources.mjs';

const SOURCE_DIR = join(ROOT, 'bench', 'native');
const OUT_DIR = join(ROOT, 'dist', 'native');
const CC = process.env['CC'] ?? 'gcc';
const FLAGS = ['-O3', '-march=native', '-std=gnu11', '-shared', '-fPIC', '-fno-strict-aliasing'];

/** The page-record formats, in the order of the RECORDS switch. */
const RECORDS = /** @type {const} */ (['line', 'packed']);

/** How a twin does its read-modify-writes: as V8 compiles Wasm's, or as the compiler likes. */
export const CODEGENS = /** @type {const} */ (['cas', 'native']);

/** What cc says of itself, or undefined where there is none. */
function compilerVersion() {
  const { status, stdout } = spawnSync(CC, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/** The constants of the core's layout and status codes as C. */
function layoutHeader() {
  const lines = ['layout.ts', 'status.ts'].flatMap((name) =>
    readAssembly(name)
      .split('\n')
      .flatMap((line) => {
        const found = DECLARATION.exec(line);
        return found ? [`#define ${found[1]} ${found[3]}`] : [];
      }),
  );
  return `/* Generated from assembly/ by build/native.mjs. */\n#pragma once\n${lines.join('\n')}\n`;
}

/**
 * Builds the twins that are missing or stale; answers what compiled them, or undefined where this
 * machine has no C compiler.
 *
 * @returns {string | undefined}
 */
export function buildNative() {
  const version = compilerVersion();
  if (version === undefined) return undefined;
  mkdirSync(OUT_DIR, { recursive: true });
  const header = layoutHeader();
  writeFileSync(join(OUT_DIR, 'layout.h'), header);
  const sources = readdirSync(SOURCE_DIR).sort();
  const texts = sources.map((name) => readFileSync(join(SOURCE_DIR, name), 'utf8'));
  const own = readFileSync(new URL(import.meta.url), 'utf8');
  const hash = hashOf([version, header, ...FLAGS, ...texts, String(layoutHash()), own]);
  const stamp = join(OUT_DIR, 'hash');
  if (readOr(stamp) === hash) return version;
  for (const kernel of ['devmap', 'refcount']) {
    for (const records of RECORDS) {
      for (const codegen of CODEGENS) compileTwin(kernel, records, codegen);
    }
  }
  compileModule('micro.c', MICRO_FILE, []);
  // Last, so that a compile cut short is made again.
  writeFileSync(stamp, hash);
  return version;
}

/** @param {string} file */
function readOr(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Threads that a twin can run on: each loads a copy of its own, for its statics are one thread's. */
export const TWIN_THREADS = 2;

/**
 * @param {string} kernel
 * @param {(typeof RECORDS)[number]} records
 * @param {string} codegen
 * @param {number} [thread]
 */
export function twinFile(kernel, records, codegen, thread = 0) {
  return join(OUT_DIR, `${kernel}-${records}-${codegen}${thread ? `-${thread}` : ''}.node`);
}

/** What the machine's own instructions and kernel take (bench/native/micro.c). */
export const MICRO_FILE = join(OUT_DIR, 'micro.node');

/**
 * @param {string} kernel
 * @param {(typeof RECORDS)[number]} records
 * @param {string} codegen
 */
function compileTwin(kernel, records, codegen) {
  compileModule('twin.c', twinFile(kernel, records, codegen), [
    `-DKERNEL=${kernel === 'devmap' ? 0 : 1}`,
    `-DRECORDS=${RECORDS.indexOf(records)}`,
    `-DCAS=${codegen === 'cas' ? 1 : 0}`,
    `-DLAYOUT_HASH=${layoutHash()}`,
  ]);
  for (let thread = 1; thread < TWIN_THREADS; thread++) {
    copyFileSync(twinFile(kernel, records, codegen), twinFile(kernel, records, codegen, thread));
  }
}

/**
 * @param {string} source
 * @param {string} out
 * @param {readonly string[]} defines
 */
function compileModule(source, out, defines) {
  const args = [...FLAGS, ...defines, '-I', OUT_DIR, join(SOURCE_DIR, source), '-o', out];
  const { status, stderr } = spawnSync(CC, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${CC} could not compile ${source}:\n${stderr}`);
}

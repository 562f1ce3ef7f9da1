// What a build is made from, and the hashes that say whether it must be made again.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const WASM_DIR = join(ROOT, 'dist', 'wasm');

/** Files whose meaning host and core must share; their hash is compiled into both. */
export const SHARED_SOURCES = ['layout.ts', 'status.ts', 'ledger.ts'];

/**
 * @param {string} name a file of the core
 * @param {string} [root] the folder that holds assembly/, where it is not this package
 */
export function readAssembly(name, root = ROOT) {
  return readFileSync(join(root, 'assembly', name), 'utf8');
}

/** @param {readonly string[]} parts */
export function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** All of assembly/, as one string per file, in a fixed order. */
export function assemblySources() {
  const names = readdirSync(join(ROOT, 'assembly')).filter((name) => name.endsWith('.ts'));
  return names.sort().flatMap((name) => [name, readAssembly(name)]);
}

/** The layout hash in 31 bits: asc's --use takes no sign, and JavaScript reads an i32 as signed. */
export function layoutHash() {
  return (
    Number.parseInt(hashOf(SHARED_SOURCES.map((name) => readAssembly(name))).slice(0, 8), 16) >>> 1
  );
}

/**
 * The version of an installed package: in this package's own node_modules, or in those of a project
 * that has it installed.
 *
 * @param {string} name
 * @returns {string}
 */
export function packageVersion(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const file = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(file)) return String(JSON.parse(readFileSync(file, 'utf8')).version);
    if (folder === dirname(folder)) break;
  }
  // As import() of it would be refused.
  throw Object.assign(new Error(`${name} is not installed`), { code: 'ERR_MODULE_NOT_FOUND' });
}

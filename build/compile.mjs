// Compiles one build of the core, unless its sources, switches and compiler are those of last time.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemblySources, hashOf, layoutHash, packageVersion, ROOT, WASM_DIR } from './sources.mjs';

/** @typedef {import('./builds.mjs').Build} Build */

const FLAGS = JSON.parse(readFileSync(join(ROOT, 'asconfig.json'), 'utf8'));

/** @param {Build} build */
function switchesOf(build) {
  return [
    `KERNEL=${build.kernel}`,
    `DETAIL=${build.detail}`,
    `RECORDS=${build.records}`,
    `COUNT=${build.count}`,
    `STEPS=${build.steps}`,
    `PERCPU=${build.percpu}`,
    `GUARD=${build.guard}`,
    `HISTOGRAM=${build.histogram}`,
    `LAYOUT_HASH=${layoutHash()}`,
  ];
}

/**
 * Of asconfig.json.
 * @param {Build} build
 */
function targetOf({ count, shared = true }) {
  if (!shared) return 'unshared';
  return count ? 'counted' : 'timed';
}

/** @param {Build} build */
export function buildHash(build) {
  return hashOf([
    ...assemblySources(),
    ...switchesOf(build),
    targetOf(build),
    JSON.stringify(FLAGS),
    packageVersion('assemblyscript'),
  ]);
}

/** @param {string} name */
export function wasmFile(name) {
  return join(WASM_DIR, `${name}.wasm`);
}

/** @param {Build} build */
export function isFresh(build) {
  const stamp = `${wasmFile(build.name)}.hash`;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === buildHash(build);
}

/**
 * Compiles a build from the core under `root` into `out`.
 * @param {Build} build
 * @param {string} root
 * @param {string} out
 */
export async function compileFrom(build, root, out) {
  const { default: asc } = await import('assemblyscript/asc');
  const args = [
    'assembly/index.ts',
    '--baseDir',
    root,
    '--config',
    'asconfig.json',
    '--target',
    targetOf(build),
    '--outFile',
    out,
    '--textFile',
    out.replace(/wasm$/, 'wat'),
    ...switchesOf(build).flatMap((value) => ['--use', value]),
  ];
  const { error, stderr } = await asc.main(args);
  if (error) throw new Error(`asc could not compile ${build.name}:\n${stderr}`);
}

/**
 * @param {Build} build
 */
export async function compile(build) {
  if (isFresh(build)) return;
  const out = wasmFile(build.name);
  mkdirSync(WASM_DIR, { recursive: true });
  // Whole or not at all: another process may be reading the build, or making it too.
  const draft = out.replace(/wasm$/, `${process.pid}.wasm`);
  await compileFrom(build, ROOT, draft);
  for (const end of ['wasm', 'wat']) {
    renameSync(draft.replace(/wasm$/, end), out.replace(/wasm$/, end));
  }
  // Last, so that a compile cut short is made again.
  writeFileSync(`${out}.hash`, buildHash(build));
}

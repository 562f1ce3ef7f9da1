// npm run build: the ABI, the builds of the core, the host. Only what changed is made again.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAbi } from './abi.mjs';
import { BUILDS } from './builds.mjs';
import { compileAll } from './compileAll.mjs';
import { packageVersion, ROOT } from './sources.mjs';

/** Of everything tsc compiles. */
function hostHash() {
  const hash = createHash('sha256');
  for (const folder of ['host', 'bench', 'test']) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true }).map(String).sort()) {
      if (name.endsWith('.ts')) hash.update(name).update(readFileSync(join(ROOT, folder, name)));
    }
  }
  for (const name of ['tsconfig.json', 'tsconfig.build.json']) {
    hash.update(readFileSync(join(ROOT, name)));
  }
  return hash.update(packageVersion('typescript')).digest('hex');
}

/** @returns {boolean} whether the host had to be compiled */
function compileHost() {
  const stamp = join(ROOT, 'dist', 'host.hash');
  const hash = hostHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false;
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error('the host does not compile; see the messages above');
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(stamp, hash);
  return true;
}

export async function build() {
  writeAbi();
  await compileAll(BUILDS);
  if (compileHost()) process.stderr.write('built dist\n');
}

if (process.argv[1] && import.meta.url.endsWith('/build/build.mjs')) {
  try {
    await build();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

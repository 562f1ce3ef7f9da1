/*
 * The cores of another version: built in a cache folder by that version's own sources, build scripts
 * and compiler flags. Its host is not run: the clock runs inside the core alone, and one host that
 * feeds both cores the same bytes is what makes a pair of blocks comparable. What a host and a core
 * must agree on is compiled into the core as its ABI version and layout hash; cores.ts refuses one
 * that differs.
 */

import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DaxError } from '../error.ts';
import type { OnProgress } from '../progress.ts';
import { PACKAGE_ROOT } from '../root.ts';

const run = promisify(execFile);

/** Compiles the timed builds of the version in the current folder, as its own build does. */
const COMPILE_TIMED = `
const { BUILDS } = await import(process.cwd() + '/build/builds.mjs');
const { compile } = await import(process.cwd() + '/build/compile.mjs');
for (const build of BUILDS.filter(({ count, records }) => !count && !records)) await compile(build);
`;

export interface VersionFolder {
  /** Holds its builds. */
  readonly folder: string;
  readonly label: string;
}

function cacheFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(caches, 'daxstorm', 'cores');
}

/** Why a command failed, in its own first words. */
function whyOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  const said = (stderr ?? '').trim() === '' ? message : (stderr as string);
  if (said.includes('E404')) return 'no such version is published';
  const lines = said.split('\n').map((line) => line.trim());
  return lines.find((line) => /error|fatal|cannot/i.test(line)) ?? lines[0] ?? 'it failed';
}

/** The full commit that a revision of this package's own checkout names, or undefined. */
async function commitOf(revision: string): Promise<string | undefined> {
  if (revision.startsWith('-')) return undefined;
  const git = async (...args: readonly string[]): Promise<string> =>
    (await run('git', ['-C', PACKAGE_ROOT, ...args])).stdout.trim();
  try {
    // Inside another project's checkout, its revisions are not this package's.
    const top = await git('rev-parse', '--show-toplevel');
    if (realpathSync(top) !== realpathSync(PACKAGE_ROOT)) return undefined;
    return await git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  } catch {
    return undefined;
  }
}

const LOCK = 'package-lock.json';

function compilerVersion(root: string): string | undefined {
  const lock = JSON.parse(readFileSync(join(root, LOCK), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  return lock.packages['node_modules/assemblyscript']?.version;
}

/** Gives a version its compiler: this package's where it is the same one, else npm's. */
async function installCompiler(source: string): Promise<void> {
  const ours = join(PACKAGE_ROOT, 'node_modules');
  // Published packages have no lockfile.
  const locked = existsSync(join(source, LOCK));
  const known = locked && existsSync(join(PACKAGE_ROOT, LOCK));
  const same = known && compilerVersion(source) === compilerVersion(PACKAGE_ROOT);
  if (same && existsSync(join(ours, 'assemblyscript'))) {
    symlinkSync(ours, join(source, 'node_modules'), 'junction');
    return;
  }
  const install = locked ? 'ci' : 'install';
  await run('npm', [install, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: source });
}

/** Compiles the version in `source`; answers the folder of its builds. */
async function compileVersion(source: string): Promise<string> {
  await installCompiler(source);
  const args = ['--input-type=module', '--eval', COMPILE_TIMED];
  await run(process.execPath, args, { cwd: source });
  return join(source, 'dist', 'wasm');
}

/** Fetches a version into an empty folder; answers where its sources or builds are. */
type Fetch = (folder: string) => Promise<string>;

function fetchCommit(commit: string): Fetch {
  return async (folder) => {
    const archive = join(folder, 'source.tar');
    const source = join(folder, 'source');
    mkdirSync(source);
    await run('git', ['-C', PACKAGE_ROOT, 'archive', '--format=tar', '-o', archive, commit]);
    await run('tar', ['-xf', archive, '-C', source]);
    return source;
  };
}

function fetchPublished(version: string): Fetch {
  return async (folder) => {
    const pack = ['pack', `daxstorm@${version}`, '--ignore-scripts', '--json'];
    const { stdout } = await run('npm', pack, { cwd: folder });
    const [{ filename } = { filename: '' }] = JSON.parse(stdout) as { filename: string }[];
    await run('tar', ['-xzf', filename], { cwd: folder });
    return join(folder, 'package');
  };
}

/** The builds of a version, made once and kept: the kept folder appears whole or not at all. */
async function cached(key: string, label: string, fetch: Fetch): Promise<string> {
  const kept = join(cacheFolder(), key);
  if (existsSync(kept)) return kept;
  mkdirSync(cacheFolder(), { recursive: true });
  const draft = mkdtempSync(join(cacheFolder(), 'draft-'));
  try {
    const source = await fetch(draft);
    const built = join(source, 'dist', 'wasm');
    renameSync(existsSync(built) ? built : await compileVersion(source), kept);
  } catch (error) {
    // Another gate may have been quicker.
    if (existsSync(kept)) return kept;
    throw new DaxError(
      'E_CORE',
      `cannot build ${label}: ${whyOf(error)}`,
      'name a revision or version with build/ and assembly/, or a folder of its builds',
    );
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return kept;
}

/**
 * The builds of a revision of the checkout, else of a published version (`1.2.3` or
 * `daxstorm@1.2.3`).
 *
 * Fails: E_CORE for neither, or where it cannot be built.
 */
export async function versionFolder(text: string, onProgress: OnProgress): Promise<VersionFolder> {
  const commit = await commitOf(text);
  if (commit !== undefined) {
    const label = `${text} (${commit.slice(0, 12)})`;
    onProgress(`building the core of ${label}`);
    return { folder: await cached(commit, label, fetchCommit(commit)), label };
  }
  const version = /^(?:daxstorm@)?(\d+\.\d+\.\d+[\w.+-]*)$/.exec(text)?.[1];
  if (version !== undefined) {
    const label = `daxstorm@${version}`;
    onProgress(`fetching ${label}`);
    return { folder: await cached(`npm-${version}`, label, fetchPublished(version)), label };
  }
  throw new DaxError(
    'E_CORE',
    `'${text}' is no .wasm file, no folder, no revision of this checkout and no version`,
    'name one of these',
  );
}

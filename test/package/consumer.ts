// An empty project that depends on the packed package and on nothing else.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../host/root.ts';

/** What npm says of a package it packed. */
export interface Packed {
  readonly filename: string;
  readonly integrity: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs into `folder`; prepack builds what is not built. */
export function pack(folder: string): Packed {
  const args = ['pack', '--json', '--loglevel=error', '--pack-destination', folder];
  const text = execFileSync('npm', args, { cwd: PACKAGE_ROOT, encoding: 'utf8', stdio: 'pipe' });
  const [packed] = JSON.parse(text.slice(text.indexOf('[\n'))) as readonly [Packed];
  return packed;
}

interface Locked {
  readonly version: string;
  readonly dev?: true;
}

function readJson(name: string) {
  return JSON.parse(readFileSync(join(PACKAGE_ROOT, name), 'utf8'));
}

/** Where the registry in use keeps a tarball: only a name, for the cache has it by its integrity. */
function tarballUrl(registry: string, path: string, version: string): string {
  const name = path.replace('node_modules/', '');
  return new URL(`${name}/-/${name.split('/').at(-1)}-${version}.tgz`, registry).href;
}

/**
 * Writes package.json and a lockfile of the package and its dependencies, in our own lockfile's
 * versions.
 *
 * Why: npm ci caches tarballs but not all that npm says of a package, so without a lockfile npm could
 * not choose versions offline.
 */
export function writeConsumer(folder: string, { filename, integrity }: Packed): void {
  const { version, dependencies, peerDependencies, peerDependenciesMeta, bin, engines } =
    readJson('package.json');
  const get = ['config', 'get', 'registry'];
  const registry = execFileSync('npm', get, { cwd: folder, encoding: 'utf8' }).trim();
  const locked = Object.entries(readJson('package-lock.json').packages as Record<string, Locked>);
  const needed = locked
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, each]) => [path, { ...each, resolved: tarballUrl(registry, path, each.version) }]);
  const own = { dependencies: { daxstorm: `file:${filename}` } };
  const manifest = { version, dependencies, peerDependencies, peerDependenciesMeta, bin, engines };
  const packages = {
    '': own,
    'node_modules/daxstorm': { ...manifest, resolved: `file:${filename}`, integrity },
    ...Object.fromEntries(needed),
  };
  const lock = { lockfileVersion: 3, requires: true, packages };
  const write = (name: string, value: object): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  write('package.json', { private: true, type: 'module', ...own });
  write('package-lock.json', lock);
}

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // The sources sit one level below the package, the compiled files two.
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The package's own folder, from the sources and from dist alike. */
export const PACKAGE_ROOT = findRoot();

export function packageVersion(): string {
  const text = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

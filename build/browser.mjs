// What ships for browsers: the cores for memory that is not shared, and the library as one file.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { build } from './build.mjs';
import { BROWSER_BUILDS } from './builds.mjs';
import { compileAll } from './compileAll.mjs';
import { hashOf, packageVersion, ROOT } from './sources.mjs';

const DIST = join(ROOT, 'dist');
const OUT_DIR = join(DIST, 'browser');
const PLATFORM = join('wasm', 'platform.js');

/** Puts the browser's side of host/wasm/platform.ts in place of Node's. */
const PLATFORM_PLUGIN = {
  name: 'platform',
  /** @param {string} source @param {string | undefined} importer */
  resolveId(source, importer) {
    if (importer === undefined || !source.startsWith('.')) return undefined;
    const file = join(dirname(importer), source);
    return file.endsWith(PLATFORM) ? file.replace(/js$/, 'browser.js') : undefined;
  },
};

/**
 * The licences of the packages whose code is in the bundle.
 * @param {readonly string[]} files
 */
function licences(files) {
  const own = files.filter((file) => file.includes(`${sep}node_modules${sep}`));
  const folders = own.map((file) => {
    const [before, after = ''] = file.split(`${sep}node_modules${sep}`);
    const [first = '', second = ''] = after.split(sep);
    const name = first.startsWith('@') ? join(first, second) : first;
    return join(String(before), 'node_modules', name);
  });
  return [...new Set(folders)].sort().map((folder) => {
    const { name, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? readFileSync(join(folder, file), 'utf8') : `Licence: ${license}`;
    return `${name}\n\n${text.trim()}\n`;
  });
}

async function bundle() {
  const stamp = join(OUT_DIR, 'hash');
  const hash = hashOf([
    readFileSync(join(DIST, 'host.hash'), 'utf8'),
    packageVersion('rolldown'),
    readFileSync(new URL(import.meta.url), 'utf8'),
  ]);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false;
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    input: join(DIST, 'host', 'browser.js'),
    platform: 'browser',
    plugins: [PLATFORM_PLUGIN],
  });
  const { output } = await bundled.write({
    file: join(OUT_DIR, 'daxstorm.js'),
    format: 'esm',
    minify: true,
  });
  mkdirSync(OUT_DIR, { recursive: true });
  const [{ moduleIds }] = output;
  writeFileSync(join(OUT_DIR, 'LICENCES.txt'), licences(moduleIds).join('\n----\n\n'));
  writeFileSync(stamp, hash);
  return true;
}

/** Everything that the package ships. */
export async function buildForBrowsers() {
  await build();
  await compileAll(BROWSER_BUILDS);
  if (await bundle()) process.stderr.write('built dist/browser/daxstorm.js\n');
}

if (process.argv[1]?.endsWith('browser.mjs')) await buildForBrowsers();

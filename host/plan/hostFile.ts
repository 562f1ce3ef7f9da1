import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseDocument } from 'yaml';
import { DaxError } from '../error.ts';
import { PACKAGE_ROOT } from '../root.ts';
import { suggest } from '../suggest.ts';
import { type Host, parseHost } from './host.ts';

const PRESETS = join(PACKAGE_ROOT, 'data', 'presets');

/** Ids of the presets that come with daxstorm, in the order of their names. */
export function presetIds(): readonly string[] {
  return readdirSync(PRESETS)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

export function readPreset(id: string): Host {
  const file = join(PRESETS, `${id}.json`);
  return parseHost(JSON.parse(readFileSync(file, 'utf8')), `preset ${id}`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    const says = why === 'EISDIR' ? 'it is a directory' : why;
    throw new DaxError('E_FILE', `cannot read '${path}': ${says}`, 'name a YAML or JSON file');
  }
}

/** A host of a YAML or JSON file. Fails: E_FILE, E_PLAN with the line where it is no YAML. */
function readHostFile(path: string): Host {
  const document = parseDocument(readText(path));
  const [error] = document.errors;
  if (error) {
    const [first = ''] = error.message.split('\n');
    throw new DaxError(
      'E_PLAN',
      `'${path}' is no YAML: ${first.replace(/:$/, '')}`,
      'see docs/planning.md for what a host file holds',
    );
  }
  return parseHost(document.toJS() as unknown, path);
}

/** A host by preset id or path. Fails: E_PLAN with the nearest preset, E_FILE. */
export function findHost(name: string): Host {
  if (presetIds().includes(name)) return readPreset(name);
  if (existsSync(name)) return readHostFile(name);
  if (/[/.]/.test(name)) {
    throw new DaxError('E_FILE', `cannot read '${name}': there is no such file`, 'name a file');
  }
  throw new DaxError('E_PLAN', `no preset '${name}'`, suggest(name, presetIds()));
}

// The call graph of a build's text form, as far as "what can this export execute" needs it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../host/root.ts';

export interface Wat {
  /** Body of each function by its internal name. */
  readonly functions: ReadonlyMap<string, string>;
  /** Internal name of each exported function. */
  readonly exports: ReadonlyMap<string, string>;
}

export function readWat(build: string): Wat {
  const text = readFileSync(join(PACKAGE_ROOT, 'dist', 'wasm', `${build}.wat`), 'utf8');
  const functions = new Map<string, string>();
  for (const body of text.split(/^ \(func /m).slice(1)) {
    functions.set(/^\$\S+/.exec(body)?.[0] ?? '', body);
  }
  const exports = new Map<string, string>();
  for (const [, name = '', target = ''] of text.matchAll(
    /\(export "(\w+)" \(func (\$[^)]+)\)\)/g,
  )) {
    exports.set(name, target);
  }
  return { functions, exports };
}

/**
 * Everything an export can execute, itself included, as one text; without functions of the file
 * `but`, and what those alone call.
 */
export function reachable(wat: Wat, exported: string, but?: string): string {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name) || (but !== undefined && name.startsWith(`$assembly/${but}/`))) return;
    seen.add(name);
    const body = wat.functions.get(name);
    if (body === undefined) throw new Error(`no function ${name}`);
    for (const [, callee = ''] of body.matchAll(/\bcall (\$[^\s)]+)/g)) visit(callee);
    if (/call_indirect|call_ref/.test(body)) throw new Error(`${name} calls through a table`);
  };
  const start = wat.exports.get(exported);
  if (start === undefined) throw new Error(`no export ${exported}`);
  visit(start);
  return [...seen].map((name) => wat.functions.get(name)).join('\n');
}

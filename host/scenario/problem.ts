import type { z } from 'zod';
import type { DaxError } from '../error.ts';
import { suggest } from '../suggest.ts';
import { DEVICE_KEYS, FILE_KEYS, PHASE_SCHEMAS, REPEAT_KEYS } from './schema.ts';
import { type Path, type Source, sayPath } from './source.ts';

const MANUAL = 'see docs/scenarios.md';
function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    root,
  );
}

/** The keys that may stand in the object at `path`. */
function knownKeys(root: unknown, path: Path): readonly string[] {
  if (path.length === 0) return FILE_KEYS;
  if (path.at(-1) === 'device') return DEVICE_KEYS;
  const node = valueAt(root, path);
  if (typeof node !== 'object' || node === null) return [];
  if ('repeat' in node) return REPEAT_KEYS;
  const phase = PHASE_SCHEMAS[String(Reflect.get(node, 'phase'))];
  return phase ? Object.keys(phase.shape) : [];
}

type Issue = z.core.$ZodIssue;

/** The one of a union's complaints that is about the alternative that was meant. */
function meant(issue: Issue, root: unknown, base: Path): { issue: Issue; path: Path } {
  const path = [...base, ...(issue.path as (string | number)[])];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { issue, path };
  const node = valueAt(root, path);
  const isObject = typeof node === 'object' && node !== null;
  // [repeat, phase] of a phase; elsewhere the last alternative is the one people write.
  const index = isObject && 'repeat' in node ? 0 : issue.errors.length - 1;
  const [first] = issue.errors[index] ?? [];
  return first ? meant(first, root, path) : { issue, path };
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** What is wrong, and what to write instead. */
function describe(issue: Issue, value: unknown): readonly [message: string, hint: string] {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = TYPES[issue.expected] ?? issue.expected;
      if (value === undefined) return ['is missing', `write ${wanted}`];
      return [`is ${show(value)}`, `write ${wanted}`];
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      if (value === undefined) return ['is missing', `use ${values.join(', ')}`];
      return [`is ${show(value)}`, suggest(String(value), values)];
    }
    case 'invalid_union': {
      const phases = 'options' in issue ? (issue.options ?? []).map(String) : [];
      if (value === undefined) return ['is missing', `use ${phases.join(', ')}`];
      return [`is ${show(value)}`, suggest(String(value), phases)];
    }
    case 'too_small':
      return [`is ${show(value)}`, `use ${issue.minimum} or more`];
    case 'too_big':
      return [`is ${show(value)}`, `use ${issue.maximum} or less`];
    case 'custom':
      return [issue.message, String(issue.params?.['hint'] ?? MANUAL)];
    default:
      return [issue.message, MANUAL];
  }
}

function length(value: unknown): string {
  return Array.isArray(value) ? `a list of ${value.length}` : show(value);
}

/** The first thing that does not fit the schema, as an error at its place in the file. */
export function schemaError(error: z.ZodError, root: unknown, source: Source): DaxError {
  const [first] = error.issues;
  if (!first) throw error;
  const { issue, path } = meant(first, root, []);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const where = sayPath(path);
    return source.error(
      [...path, key],
      `unknown key '${key}' in ${where}`,
      suggest(key, knownKeys(root, path)),
    );
  }
  // A phase's name is what tells phases apart.
  const at = issue.code === 'invalid_union' && issue.discriminator ? withName(path, issue) : path;
  const value = valueAt(root, at);
  const list = Array.isArray(value) && issue.code !== 'custom';
  const [message, hint] = list
    ? [`is ${length(value)}`, issue.code === 'too_small' ? 'write one or more' : MANUAL]
    : describe(issue, value);
  return source.error(at, `${sayPath(at)} ${message}`, hint);
}

function withName(path: Path, issue: Extract<Issue, { code: 'invalid_union' }>): Path {
  const name = issue.discriminator ?? 'phase';
  return path.at(-1) === name ? path : [...path, name];
}

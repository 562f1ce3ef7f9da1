import { readFileSync } from 'node:fs';
import { DaxError } from '../error.ts';
import { suggest } from '../suggest.ts';
import { COMBINATIONS_MAX, type Combination, expandMatrix, sayCombination } from './matrix.ts';
import { schemaError } from './problem.ts';
import { matrixSchema, type ScenarioFile, scenarioFileSchema } from './schema.ts';
import { type Path, Source, sayPath } from './source.ts';

/** A scenario with one combination of its matrix filled in. */
export interface ScenarioCase {
  /** The scenario's name, with the combination in brackets where it has a matrix. */
  readonly title: string;
  readonly combination: Combination;
  readonly scenario: ScenarioFile;
  readonly source: Source;
}

const TEMPLATE = /\$\{\{([^}]*)\}\}/g;

/** Fills `${{ matrix.NAME }}` in: alone it keeps the value's type, within text it is text. */
function fill(value: unknown, combination: Combination, source: Source, path: Path): unknown {
  if (Array.isArray(value)) {
    return value.map((each, i) => fill(each, combination, source, [...path, i]));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        fill(each, combination, source, [...path, key]),
      ]),
    );
  }
  if (typeof value !== 'string' || !value.includes('${{')) return value;
  const lookUp = (inside: string) => {
    const name = /^\s*matrix\.([A-Za-z_][\w-]*)\s*$/.exec(inside)?.[1];
    if (name !== undefined && Object.hasOwn(combination, name)) return combination[name];
    const names = Object.keys(combination).map((each) => `matrix.${each}`);
    const missing = `'\${{${inside}}}' in ${sayPath(path)} has no value`;
    const within =
      names.length > 0 ? ` in (${sayCombination(combination)})` : ': there is no matrix';
    throw source.error(path, missing + within, suggest(inside.trim(), names), 'E_SCENARIO_MATRIX');
  };
  const whole = /^\$\{\{([^}]*)\}\}$/.exec(value.trim());
  if (whole) return lookUp(whole[1] ?? '');
  return value.replace(TEMPLATE, (_, inside: string) => String(lookUp(inside)));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The combinations of a file's matrix, which is checked before anything is filled in. */
function combinationsOf(source: Source, most: number): readonly Combination[] {
  const { value } = source;
  if (!isObject(value)) {
    throw source.error([], 'a scenario is a mapping of keys to values', 'see docs/scenarios.md');
  }
  const { matrix } = value;
  if (matrix === undefined) return [{}];
  const parsed = matrixSchema.safeParse(matrix);
  if (!parsed.success) throw schemaError(prefixed(parsed.error), value, source);
  const refuse = (message: string, hint: string) =>
    source.error(['matrix'], message, hint, 'E_SCENARIO_MATRIX');
  const { include: _, exclude = [], ...axes } = parsed.data;
  exclude.forEach((entry, i) => {
    const unknown = Object.keys(entry).find((name) => !(name in axes));
    if (unknown === undefined) return;
    const path = ['matrix', 'exclude', i, unknown];
    const hint = suggest(unknown, Object.keys(axes));
    throw source.error(path, `no '${unknown}' in the matrix to exclude`, hint, 'E_SCENARIO_MATRIX');
  });
  const found = expandMatrix(parsed.data);
  if (found.length === 0) throw refuse('the matrix has no combination left', 'exclude fewer');
  if (found.length <= most) return found;
  throw refuse(
    `the matrix has ${found.length} combinations; at most ${most} are run`,
    'name fewer values',
  );
}

type SchemaError = Parameters<typeof schemaError>[0];

/** The issues of the matrix alone, as of the whole file. */
function prefixed(error: SchemaError): SchemaError {
  for (const issue of error.issues) issue.path.unshift('matrix');
  return error;
}

/**
 * The cases of a scenario: one, or one a combination of its matrix, of which it may have `most`.
 *
 * Fails: E_SCENARIO_SYNTAX, E_SCENARIO and E_SCENARIO_MATRIX, at the line and column of the mistake.
 */
export function parseScenario(
  text: string,
  name: string,
  most = COMBINATIONS_MAX,
): readonly ScenarioCase[] {
  const source = new Source(text, name);
  return combinationsOf(source, most).map((combination) => {
    const filled = { ...(fill(source.value, combination, source, []) as object) };
    const parsed = scenarioFileSchema.safeParse(filled);
    if (!parsed.success) throw schemaError(parsed.error, filled, source);
    const said = sayCombination(combination);
    const title = said === '' ? parsed.data.name : `${parsed.data.name} (${said})`;
    return { title, combination, scenario: parsed.data, source };
  });
}

/** Reads a scenario file. Fails: E_FILE, and as parseScenario. */
export function readScenario(file: string, most = COMBINATIONS_MAX): readonly ScenarioCase[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    throw new DaxError('E_FILE', `cannot read '${file}': ${why}`, 'name a file that you may read');
  }
  return parseScenario(text, file, most);
}

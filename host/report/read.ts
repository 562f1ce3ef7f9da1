import { readFileSync } from 'node:fs';
import { DaxError } from '../error.ts';
import { RESULT_SCHEMA, type Result, resultSchema } from './schema/result.ts';

const HINT = 'name a file that daxstorm COMMAND --json FILE wrote';

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code;
    const says = why === 'ENOENT' ? 'there is no such file' : why;
    throw new DaxError('E_FILE', `cannot read '${file}': ${says}`, HINT);
  }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DaxError('E_RESULT', `'${file}' is not JSON`, HINT);
  }
}

/**
 * A saved result.
 *
 * Fails: E_FILE where it cannot be read, E_RESULT where it is no result or not of this version.
 */
export function readResult(file: string): Result {
  const value = parseJson(file, readText(file));
  const schema = (value as { schema?: unknown } | null)?.schema;
  if (schema !== RESULT_SCHEMA) {
    const says = schema === undefined ? 'has no schema' : `is of schema '${String(schema)}'`;
    throw new DaxError('E_RESULT', `'${file}' ${says}, not ${RESULT_SCHEMA}`, HINT);
  }
  const result = resultSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') || 'the whole';
  throw new DaxError('E_RESULT', `'${file}': ${where}: ${issue?.message ?? 'does not fit'}`, HINT);
}

import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { DaxError } from '../error.ts';
import { PACKAGE_ROOT } from '../root.ts';
import type { Counts, OperationCount } from './counts.ts';
import { parseLimits } from './limits.ts';

const BASELINE_SCHEMA = 'daxstorm/baseline.v1';

const reason = z.string().min(1).describe('why, for whoever reads the file next');
const whole = z.number().int().min(0);

/** A baseline file: exact counts, what may move, and why it is as it is. */
export const baselineSchema = z.strictObject({
  schema: z.literal(BASELINE_SCHEMA),
  reasons: z.array(reason).min(1).describe('of each update, the latest first'),
  limits: z
    .array(z.strictObject({ limit: z.string().describe('as --limit takes it'), reason }))
    .describe('how far counts may move'),
  suppressions: z
    .array(z.strictObject({ name: z.string().min(1).describe('as --filter takes it'), reason }))
    .describe('counts that may move at will'),
  artifacts: z.array(z.strictObject({ name: z.string(), wasmBytes: whole, wasmExports: whole })),
  events: z.array(z.string()).describe('every event that was counted; those left out below are 0'),
  scenarios: z.array(
    z.strictObject({
      name: z.string(),
      workload: z.string().describe('hash of the op streams'),
      operations: z.array(
        z.strictObject({
          kernel: z.string(),
          operation: z.string(),
          times: whole.describe('operations; the events are totals over them'),
          events: z.record(z.string(), whole),
        }),
      ),
    }),
  ),
});

/** The JSON Schema of baseline files; shipped as data/schemas/baseline.v1.json. */
export function baselineJsonSchema(): object {
  const description = 'Baselines of daxstorm gate: exact counts and what of them may move.';
  return { ...z.toJSONSchema(baselineSchema), title: BASELINE_SCHEMA, description };
}

export type Baseline = z.infer<typeof baselineSchema>;

/** Where a baseline was looked for, and found. */
export interface BaselinePlace {
  readonly file: string;
  readonly exists: boolean;
}

/** Folder of named baselines, under the current one. */
const NAMED = join('.daxstorm', 'baselines');

function isName(text: string): boolean {
  return /^[\w.-]+$/.test(text) && !text.endsWith('.json');
}

/**
 * The file that a name or a path stands for: a name is a file of .daxstorm/baselines in the current
 * folder, or one that ships with daxstorm.
 */
export function findBaseline(text: string): BaselinePlace {
  if (!isName(text)) return { file: text, exists: existsSync(text) };
  const own = join(NAMED, `${text}.json`);
  if (existsSync(own)) return { file: own, exists: true };
  const shipped = join(PACKAGE_ROOT, 'data', 'baselines', `${text}.json`);
  if (!existsSync(shipped)) return { file: own, exists: false };
  const near = relative(process.cwd(), shipped);
  return { file: near.startsWith('..') ? shipped : near, exists: true };
}

/** Where a baseline may be written: never into the package that another project installed. */
export function ownPlace(text: string): string {
  const { file } = findBaseline(text);
  return isName(text) && isAbsolute(file) ? join(NAMED, `${text}.json`) : file;
}

const REMEDY = "make one with --update --reason 'why'";

function refuse(file: string, what: string, hint: string): DaxError {
  return new DaxError('E_BASELINE', `baseline '${file}' ${what}`, hint);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const how = text.trim() === '' ? 'is empty' : 'is torn: it is no whole JSON file';
    throw refuse(file, how, `restore it, or delete it and ${REMEDY}`);
  }
}

function parseBaseline(text: string, file: string): Baseline {
  const value = parseJson(text, file);
  const named = z.object({ schema: z.string() }).safeParse(value);
  const schema = named.success ? named.data.schema : undefined;
  if (schema !== BASELINE_SCHEMA) {
    const says = schema === undefined ? 'names no schema' : `has schema '${schema}'`;
    throw refuse(
      file,
      `${says}, and this version reads '${BASELINE_SCHEMA}'`,
      `use the daxstorm that wrote it, or delete it and ${REMEDY}`,
    );
  }
  const read = baselineSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue?.path.join('.') || 'its top';
    throw refuse(
      file,
      `does not fit its schema at ${where}: ${issue?.message}`,
      `restore it, or delete it and ${REMEDY}`,
    );
  }
  for (const { limit } of read.data.limits) parseLimits(limit);
  return read.data;
}

/** Fails: E_BASELINE where there is none, it is torn, of another schema, or does not fit it. */
export function readBaseline({ file, exists }: BaselinePlace): Baseline {
  if (!exists) throw refuse(file, 'is not there', REMEDY);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw refuse(file, `cannot be read: ${why}`, 'name a file you may read');
  }
  return parseBaseline(text, file);
}

function eventNames({ scenarios }: Counts): readonly string[] {
  const seen = new Set<string>();
  for (const { operations } of scenarios)
    for (const { events } of operations) for (const name of Object.keys(events)) seen.add(name);
  return [...seen];
}

/** Counts without the many that are 0. */
function storedOperation({ kernel, operation, times, events }: OperationCount) {
  const seen = Object.entries(events).filter(([, value]) => value > 0);
  return { kernel, operation, times, events: Object.fromEntries(seen) };
}

/** Fresh counts as a baseline; limits and suppressions of the one before stay. */
export function makeBaseline(counts: Counts, why: string, before: Baseline | undefined): Baseline {
  return {
    schema: BASELINE_SCHEMA,
    reasons: [why, ...(before?.reasons ?? [])],
    limits: before?.limits ?? [],
    suppressions: before?.suppressions ?? [],
    artifacts: counts.artifacts.map((each) => ({ ...each })),
    events: [...eventNames(counts)],
    scenarios: counts.scenarios.map(({ name, workload, operations }) => ({
      name,
      workload,
      operations: operations.map(storedOperation),
    })),
  };
}

/** The file's text: a line an operation, so that a review sees what moved. */
export function baselineText(baseline: Baseline): string {
  const list = (items: readonly unknown[], indent: string): string =>
    items.length === 0
      ? '[]'
      : `[\n${items.map((item) => `${indent}  ${JSON.stringify(item)}`).join(',\n')}\n${indent}]`;
  const scenarios = baseline.scenarios.map(
    ({ name, workload, operations }) =>
      `    {\n      "name": ${JSON.stringify(name)},\n      "workload": ${JSON.stringify(workload)},\n` +
      `      "operations": ${list(operations, '      ')}\n    }`,
  );
  return [
    '{',
    `  "schema": ${JSON.stringify(baseline.schema)},`,
    `  "reasons": ${list(baseline.reasons, '  ')},`,
    `  "limits": ${list(baseline.limits, '  ')},`,
    `  "suppressions": ${list(baseline.suppressions, '  ')},`,
    `  "artifacts": ${list(baseline.artifacts, '  ')},`,
    `  "events": ${JSON.stringify(baseline.events)},`,
    `  "scenarios": [\n${scenarios.join(',\n')}\n  ]`,
    '}',
    '',
  ].join('\n');
}

/** `data/baselines/standard.json` with the separators of this system, for messages. */
export function sayFile(file: string): string {
  return file.split(sep).join('/');
}

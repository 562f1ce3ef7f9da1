// The shipped JSON Schema is the zod source's, and every result a command writes fits it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { replayCommandLine } from '../../host/report/json.ts';
import { jsonSchema, RESULT_SCHEMA, resultSchema } from '../../host/report/schema/result.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { ALL } from '../all.ts';
import { daxstorm } from '../cli/spawn.ts';

const SHIPPED = join(PACKAGE_ROOT, 'data', 'schemas', 'result.v1.json');

test('the shipped JSON Schema is what the source makes (vitest -u writes it)', async () => {
  await expect(`${JSON.stringify(jsonSchema(), null, 2)}\n`).toMatchFileSnapshot(SHIPPED);
});

const SMALL = ['--size', '64MiB', '--time', '0.1'];

const COMMANDS: readonly (readonly string[])[] = [
  ['compare', '--align', '2M', ...SMALL],
  ['compare', '--align', '4K', ...SMALL, '--access', 'read', '--pin-pages', '0'],
  ['storm', '--align', '2M', ...SMALL],
  ['storm', '--align', '4K', '--kernel', 'refcount', ...SMALL],
  ['replay', '--align', '2M', '--time', '0.1'],
  ...(ALL ? [['ladder', '--align', '2M', ...SMALL]] : []),
  ['scale', '--threads', '2', ...SMALL],
  ['explain'],
  ['explain', 'munmap'],
  ['validate'],
  ['walk', '+0', '--align', '2M'],
  ['walk', '+0', '--touch', 'none'],
  ['guard', '--grab', 'pin'],
  ['guard', 'compound'],
  ['guard', 'offset'],
  ['gate', '--filter', '2M sequential/refcount'],
  ['unbind', '--align', '4K', '--pin-pages', '1'],
  ['unbind', '--align', '1G', '--ranges', '2'],
  ['plan', 'optane-2s', '--tenants', '2', '--processes', '4'],
  ['plan', '--size', '1TiB', '--base-page', '64K'],
  ['run', 'vm-vfio', '--filter', 'align=1G', '--time', '0.1'],
  ['doctor', '--time', '0.1'],
];

/* Results of another kind than the command's name. */
const OTHER_KINDS: readonly (readonly [kind: string, ...args: string[]])[] = [
  ['presets', 'plan', '--list'],
  ['what-if', 'plan', 'optane-2s', '--kernel', '6.12', '--what-if', '7.3'],
  ['scenarios', 'run', '--list'],
  ['dry-run', 'run', 'database-restart', '--dry-run'],
];

describe('every result fits the schema', () => {
  let fits: ValidateFunction;
  beforeAll(() => {
    const shipped = JSON.parse(readFileSync(SHIPPED, 'utf8')) as object;
    const formats = { 'date-time': true } as const;
    fits = new Ajv2020({ strict: true, allowUnionTypes: true, formats }).compile(shipped);
  });

  const cases = [
    ...COMMANDS.map((args) => [args.join(' '), args, args[0]] as const),
    ...OTHER_KINDS.map(([kind, ...args]) => [args.join(' '), args, kind] as const),
  ];
  test.each(cases)(
    'daxstorm %s --json',
    async (_, args, kind) => {
      const { stdout, status, stderr } = await daxstorm([...args, '--json']);
      expect([status, stderr]).toEqual([0, '']);
      const result: unknown = JSON.parse(stdout);
      expect(fits(result), JSON.stringify(fits.errors)).toBe(true);
      // Fields that the schema does not know would be lost here.
      expect(resultSchema.parse(result)).toEqual(result);
      expect(result).toMatchObject({
        schema: RESULT_SCHEMA,
        kind,
        command: replayCommandLine(args),
      });
    },
    // A fresh checkout compiles the ladder's builds first.
    300_000,
  );
});

// Matrix expansion against the semantics that GitHub's documentation gives for workflows.
import { describe, expect, test } from 'vitest';
import { expandMatrix } from '../../host/scenario/matrix.ts';
import { matrixSchema } from '../../host/scenario/schema.ts';

type Row = Readonly<Record<string, string | number | boolean>>;

const CASES: readonly (readonly [title: string, matrix: unknown, rows: readonly Row[]])[] = [
  ['no matrix is one combination of nothing', undefined, [{}]],
  [
    'the first name varies slowest',
    { a: [1, 2], b: ['x', 'y'] },
    [
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ],
  ],
  [
    "the documentation's own example of include",
    {
      fruit: ['apple', 'pear'],
      animal: ['cat', 'dog'],
      include: [
        { color: 'green' },
        { color: 'pink', animal: 'cat' },
        { fruit: 'apple', shape: 'circle' },
        { fruit: 'banana' },
        { fruit: 'banana', animal: 'cat' },
      ],
    },
    [
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ],
  ],
  [
    'exclude takes out what it matches in all it names',
    {
      os: ['macos', 'windows'],
      version: [12, 14, 16],
      environment: ['staging', 'production'],
      exclude: [
        { os: 'macos', version: 12, environment: 'production' },
        { os: 'windows', version: 16 },
      ],
    },
    [
      { os: 'macos', version: 12, environment: 'staging' },
      { os: 'macos', version: 14, environment: 'staging' },
      { os: 'macos', version: 14, environment: 'production' },
      { os: 'macos', version: 16, environment: 'staging' },
      { os: 'macos', version: 16, environment: 'production' },
      { os: 'windows', version: 12, environment: 'staging' },
      { os: 'windows', version: 12, environment: 'production' },
      { os: 'windows', version: 14, environment: 'staging' },
      { os: 'windows', version: 14, environment: 'production' },
    ],
  ],
  [
    'include comes after exclude, so it brings an excluded combination back',
    { a: [1, 2], exclude: [{ a: 1 }], include: [{ a: 1, b: 'back' }] },
    [{ a: 2 }, { a: 1, b: 'back' }],
  ],
  [
    'include alone makes each entry a combination',
    { include: [{ site: 'production' }, { site: 'staging', slow: true }] },
    [{ site: 'production' }, { site: 'staging', slow: true }],
  ],
  [
    'an include may overwrite what an include added, never a value of the matrix',
    { a: [1], include: [{ c: 'first' }, { c: 'second' }, { a: 2, c: 'own' }] },
    [
      { a: 1, c: 'second' },
      { a: 2, c: 'own' },
    ],
  ],
  [
    'a value is equal to itself alone: 1 is not "1"',
    { a: [1, '1'], exclude: [{ a: '1' }] },
    [{ a: 1 }],
  ],
  ['all may be excluded', { a: [1], exclude: [{ a: 1 }] }, []],
];

describe('matrix', () => {
  test.each(CASES)('%s', (_, matrix, rows) => {
    const parsed = matrix === undefined ? undefined : matrixSchema.parse(matrix);
    expect(expandMatrix(parsed)).toEqual(rows);
  });
});

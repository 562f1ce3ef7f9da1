// docs/api.md is made of the docstrings of what the library exports; everything has one.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiReference, libraryExports } from '../../build/apiReference.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';

const EXPORTS = libraryExports(PACKAGE_ROOT);

test('docs/api.md is what the docstrings say (npm run docs writes it)', async () => {
  await expect(apiReference(EXPORTS)).toMatchFileSnapshot(join(PACKAGE_ROOT, 'docs', 'api.md'));
});

test('every export has a docstring, and every member of one', () => {
  const silent = [...EXPORTS.node, ...EXPORTS.browser].flatMap(({ name, doc, members }) => [
    ...(doc === '' ? [name] : []),
    ...members.flatMap((member) => (member.doc === '' ? [`${name}.${member.name}`] : [])),
  ]);
  expect(silent).toEqual([]);
});

test('the reference has what a program imports, and no more', () => {
  const names = EXPORTS.node.map(({ name }) => name);
  for (const name of ['Machine', 'Process', 'compare', 'plan', 'gate', 'DaxError', 'ErrorCode'])
    expect(names).toContain(name);
  expect(EXPORTS.browser.map(({ name }) => name).sort()).toEqual(['LoadOptions', 'loadCores']);
});

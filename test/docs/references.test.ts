// What pages refer to is there: other pages, files, headings, commands and their options.
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../host/cli/commands.ts';
import type { Context } from '../../host/cli/context.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { pageNames, readPage } from './page.ts';

const PAGES = pageNames().map(readPage);

describe('links', () => {
  const byName = new Map(PAGES.map((page) => [page.name, page]));

  test.each(PAGES.map((page) => [page.name, page] as const))(
    '%s',
    (_, { name, links, anchors }) => {
      const broken = links.filter((link) => {
        if (/^https?:/.test(link)) return !URL.canParse(link);
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? name : posix.join(posix.dirname(name), path);
        if (!existsSync(join(PACKAGE_ROOT, target))) return true;
        const known = path === '' ? anchors : byName.get(target)?.anchors;
        return anchor !== undefined && known?.has(anchor) === false;
      });
      expect(broken).toEqual([]);
    },
  );

  test('every page is reached from the index of docs/', () => {
    const index = byName.get('docs/README.md')?.links ?? [];
    const pages = PAGES.map(({ name }) => name).filter((name) => name.startsWith('docs/'));
    const missed = pages.filter(
      (name) => name !== 'docs/README.md' && !index.includes(name.slice(5)),
    );
    expect(missed).toEqual([]);
  });
});

describe('commands within sentences', () => {
  const context: Context = {
    progress: { say: () => {}, later: () => {}, clear: () => {} },
    signal: new AbortController().signal,
  };
  const spans = [...new Set(PAGES.flatMap((page) => page.spans))];
  const { scripts } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));

  test("npm scripts are the project's", () => {
    const named = spans.flatMap((span) => /^npm run ([\w:]+)/.exec(span)?.[1] ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('daxstorm has them, with these options', async () => {
    const named = spans.filter((span) => /^daxstorm [a-z]/.test(span));
    expect(named.length).toBeGreaterThan(10);
    const unknown = await Promise.all(
      named.map(async (span) => {
        const [, name, ...words] = span.split(/\s+/);
        const entry = COMMANDS.find((each) => each.name === name);
        if (entry === undefined) return [span];
        const command = await entry.load(context);
        const known = command.options.flatMap(({ short, long }) => [short, long]);
        const options = words.filter((word) => word.startsWith('-'));
        return options.some((word) => !known.includes(word)) ? [span] : [];
      }),
    );
    expect(unknown.flat()).toEqual([]);
  });
});

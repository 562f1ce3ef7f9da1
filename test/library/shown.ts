import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../host/root.ts';

/** An example of docs/library.md and what it prints. */
export interface Shown {
  readonly title: string;
  readonly code: string;
  readonly output: string;
}

/** Every program of the page that is followed by its output. */
export function shownExamples(): readonly Shown[] {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'library.md'), 'utf8');
  return page.split('\n## ').flatMap((section) => {
    const blocks = section.matchAll(/```js\n([\s\S]+?)```\n\n```\n([\s\S]+?)```/g);
    const title = section.split('\n')[0] ?? '';
    return [...blocks].map(([, code = '', output = '']) => ({ title, code, output }));
  });
}

// npm run docs:outputs: puts what commands print now in place of what the pages show, for the tables of a
// release. Nothing is cut short; what a page leaves out with … stays left out.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../host/root.ts';
import type { Block } from './page.ts';
import { alignedLines } from './shape.ts';

export const REFRESHES = process.env['DAXSTORM_DOCS'] === 'refresh';

/** What a page is to show of what was printed, or undefined where … no longer says what is left out. */
export function refreshed(shown: string, printed: string): string | undefined {
  const lines = shown.split('\n');
  if (!lines.some((line) => line.endsWith('…'))) return printed.trimEnd();
  const aligned = alignedLines(shown, printed);
  if (aligned === undefined) return undefined;
  const raw = printed.split('\n');
  return lines
    .map((line, i) => (line.endsWith('…') ? line : (raw[aligned[i] as number] as string).trimEnd()))
    .join('\n');
}

/** Writes blocks of one page anew, `texts` in place of their own. */
export function rewriteBlocks(page: string, texts: ReadonlyMap<Block, string>): void {
  const file = join(PACKAGE_ROOT, page);
  const lines = readFileSync(file, 'utf8').split('\n');
  const fromTheEnd = [...texts].sort(([one], [other]) => other.line - one.line);
  for (const [{ line, text }, now] of fromTheEnd)
    lines.splice(line, text.split('\n').length, ...now.split('\n'));
  writeFileSync(file, lines.join('\n'));
}

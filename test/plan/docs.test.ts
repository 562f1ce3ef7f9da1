// docs/planning.md against the command: every line it shows is printed, in that order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { printedPlan } from './inProcess.ts';

/** A command of the page and the output printed under it; `…` stands for lines left out. */
interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

function shown(): readonly Shown[] {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'planning.md'), 'utf8');
  const blocks = page.matchAll(/```sh\ndaxstorm ([^\n]+)\n```\n\n```\n([^`]+)\n```/g);
  return [...blocks].map(([, command = '', text = '']) => ({ command, lines: text.split('\n') }));
}

/** One run for every block of the same command. */
const BY_COMMAND = shown().reduce(
  (all, each) => all.set(each.command, [...(all.get(each.command) ?? []), each]),
  new Map<string, readonly Shown[]>(),
);

function firstMissing(output: readonly string[], lines: readonly string[]): string | undefined {
  let at = 0;
  for (const line of lines) {
    if (line === '…') continue;
    const found = output.indexOf(line, at);
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}

describe('docs/planning.md', () => {
  test('has its examples', () => {
    expect(BY_COMMAND.size).toBeGreaterThanOrEqual(8);
  });

  test.each([...BY_COMMAND])('daxstorm %s', async (command, blocks) => {
    const [name, ...words] = command.split(' ');
    expect(name).toBe('plan');
    const output = (await printedPlan(words)).split('\n');
    for (const { lines } of blocks) expect(firstMissing(output, lines)).toBeUndefined();
  });
});

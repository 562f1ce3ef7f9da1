import { vi } from 'vitest';
import type { Context } from '../../host/cli/context.ts';
import { planCommand } from '../../host/cli/plan.ts';

const CONTEXT: Context = {
  progress: { say: () => {}, later: () => {}, clear: () => {} },
  signal: new AbortController().signal,
};

/**
 * What `daxstorm plan ...words` prints, run in this process: fits and emulations are made once for
 * all tests of a file, where a process of its own would make them anew.
 */
export async function printedPlan(words: readonly string[]): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await planCommand(CONTEXT).exitOverride().parseAsync(words, { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return text;
}

// npm run conformance [-- --truth DIR]: compares, prints the table, writes docs/conformance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DaxError } from '../../host/error.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { markdownReport, terminalReport } from './report.ts';
import { checkFolder, countVerdicts, FIXTURES } from './suite.ts';

const USAGE = 'npm run conformance [-- --truth DIR]';

function folderOf(args: readonly string[]): string {
  try {
    const { values } = parseArgs({ args: [...args], options: { truth: { type: 'string' } } });
    return values.truth === undefined ? FIXTURES : resolve(values.truth);
  } catch (error) {
    throw new DaxError('E_USAGE', error instanceof Error ? error.message : String(error), USAGE);
  }
}

try {
  const folder = folderOf(process.argv.slice(2));
  const runs = checkFolder(folder);
  process.stdout.write(`${terminalReport(runs)}\n`);
  // The committed page is the shipped recordings' result.
  if (folder === FIXTURES) {
    mkdirSync(join(PACKAGE_ROOT, 'docs'), { recursive: true });
    writeFileSync(join(PACKAGE_ROOT, 'docs', 'conformance.md'), markdownReport(runs));
  }
  const { differing } = countVerdicts(runs.flatMap((run) => run.fields));
  process.exitCode = differing > 0 ? 1 : 0;
} catch (error) {
  if (!DaxError.is(error)) throw error;
  process.stderr.write(`conformance: ${error.message}; ${error.hint} [${error.code}]\n`);
  process.exitCode = 2;
}

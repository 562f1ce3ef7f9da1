// npm run conformance [-- --truth DIR]: compares, prints the table, writes docs/conformance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeTool, runTool } from '../../host/cli/tool.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { markdownReport, terminalReport } from './report.ts';
import { checkFolder, countVerdicts, FIXTURES } from './suite.ts';

function conformance({ truth = FIXTURES }: { readonly truth?: string }): void {
  const folder = resolve(truth);
  const runs = checkFolder(folder);
  process.stdout.write(`${terminalReport(runs)}\n`);
  // The committed page is the shipped recordings' result.
  if (folder === FIXTURES) {
    mkdirSync(join(PACKAGE_ROOT, 'docs'), { recursive: true });
    writeFileSync(join(PACKAGE_ROOT, 'docs', 'conformance.md'), markdownReport(runs));
  }
  const { differing } = countVerdicts(runs.flatMap((run) => run.fields));
  process.exitCode = differing > 0 ? 1 : 0;
}

await runTool(
  makeTool('conformance')
    .option('--truth <folder>', 'recordings to compare with in place of those that ship')
    .action(conformance),
);

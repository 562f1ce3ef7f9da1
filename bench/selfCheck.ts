// npm run selfcheck -- [--runs 20] [--align 4K] [--pattern sequential] [--time 10] [--seed 1]
// How far compare can be trusted on this machine: the same comparison again and again, each in a
// process of its own and with a seed of its own. How wide its 95 % intervals are, how often A against
// A holds 1, and how far the ratios of the runs lie apart beside what their intervals promised.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as option from '../host/cli/options.ts';
import { makeTool, runTool } from '../host/cli/tool.ts';
import type { OperationRow } from '../host/compare/comparison.ts';
import { median } from '../host/measure/stats.ts';
import { formatPercent, formatRatio } from '../host/report/numbers.ts';
import { formatTable } from '../host/report/table.ts';
import { PACKAGE_ROOT } from '../host/root.ts';
import type { Pattern } from '../host/storm/pattern.ts';
import type { AlignName } from '../host/units.ts';

interface Flags {
  readonly runs: number;
  readonly align: AlignName;
  readonly pattern: Pattern;
  readonly time: number;
  readonly seed: number;
}

/** One comparison in a fresh process: its operations. */
function compareOnce({ align, pattern, time }: Flags, seed: number): readonly OperationRow[] {
  const cli = join(PACKAGE_ROOT, 'dist', 'host', 'cli', 'main.js');
  const args = ['compare', '--json', '--align', align, '--pattern', pattern];
  const numbers = ['--time', String(time), '--seed', String(seed)];
  const printed = execFileSync(process.execPath, [cli, ...args, ...numbers], { encoding: 'utf8' });
  return JSON.parse(printed).comparisons[0].rows;
}

function holdsOne({ emulated }: OperationRow): boolean {
  return emulated !== undefined && emulated.self.low <= 1 && emulated.self.high >= 1;
}

/** One operation over all runs. */
function summary(runs: readonly OperationRow[]): readonly string[] {
  const ratios = runs.flatMap(({ emulated }) => emulated?.ratio ?? []);
  const values = ratios.map(({ value }) => value);
  const widths = ratios.map(({ value, low, high }) => (high - low) / 2 / value);
  const middle = median(values);
  return [
    runs[0]?.title ?? '',
    formatRatio(middle),
    formatPercent(median(widths)),
    formatPercent(Math.max(...widths)),
    formatPercent(Math.max(...values.map((value) => Math.abs(value / middle - 1)))),
    `${ratios.filter(({ low, high }) => low <= middle && middle <= high).length}/${runs.length}`,
    `${runs.filter(holdsOne).length}/${runs.length}`,
  ];
}

function selfCheck(flags: Flags): void {
  const runs: (readonly OperationRow[])[] = [];
  for (let run = 0; run < flags.runs; run++) {
    runs.push(compareOnce(flags, flags.seed + run));
    process.stderr.write(`run ${run + 1} of ${flags.runs}\n`);
  }
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'operation', align: 'left' as const },
    right('ratio'),
    right('half-width'),
    right('widest'),
    right('farthest'),
    right('hold median'),
    right('A/A holds 1'),
  ];
  const rows = (runs[0] ?? []).map((_, i) => summary(runs.flatMap((each) => each[i] ?? [])));
  process.stdout.write(
    `${flags.align} ${flags.pattern}, ${flags.time} s a run, seeds from ${flags.seed}: refcount ÷ devmap, emulated\n` +
      `${formatTable(columns, rows)}\n` +
      'half-width, widest: of the 95 % intervals, median and largest; farthest: of a run from the median of all;\n' +
      'hold median: intervals that hold it; A/A holds 1: intervals of devmap against itself that hold 1\n',
  );
}

await runTool(
  makeTool('selfcheck')
    .addOption(option.countOption('runs', 'comparisons to make', 1000).default(20))
    .addOption(option.alignOption().default('4K'))
    .addOption(option.patternOption().default('sequential'))
    .addOption(option.timeOption(10))
    .addOption(option.seedOption())
    .action(selfCheck),
);

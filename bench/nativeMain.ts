// npm run bench:native -- [--time 10] [--seed 1] [--align 4K] [--kernel refcount]
// The core beside its C twins, on the same bank, in turns: what WebAssembly costs. First the states:
// every phase must leave the same struct pages and page tables, byte for byte.
import { Command, Option } from 'commander';
import * as option from '../host/cli/options.ts';
import { COMPARED, type ComparedKernel } from '../host/kernel.ts';
import { fingerprint } from '../host/measure/fingerprint.ts';
import { contrast, type Samples, turnCount } from '../host/measure/samples.ts';
import { type Estimate, median } from '../host/measure/stats.ts';
import { formatEstimate, formatNumber, formatRatio } from '../host/report/numbers.ts';
import { type Column, formatTable } from '../host/report/table.ts';
import type { Pattern } from '../host/storm/pattern.ts';
import { stormPhases } from '../host/storm/phase.ts';
import { runSides } from '../host/storm/runner.ts';
import { makeScenario, STANDARD_SIZE_BYTES, scenarioDevice } from '../host/storm/scenario.ts';
import { ALIGN_NAMES, type AlignName, MIB } from '../host/units.ts';
import { buildNative, CAS, CORE, checkStates, loadMicro, NATIVE, twinSides } from './native.ts';

/** Patterns that visit every unit once: the twins have no slow path of GUP. */
const STORM_PATTERNS = ['sequential', 'uniform'] as const satisfies readonly Pattern[];

interface Flags {
  readonly time: number;
  readonly seed: number;
  readonly align?: AlignName;
  readonly kernel?: ComparedKernel;
}

interface Row {
  readonly title: string;
  readonly coreNs: number;
  readonly cas: Estimate;
  readonly native: Estimate;
  readonly state: string;
}

function rowOf(samples: Samples, phase: number, title: string, state: string, seed: number): Row {
  const cas = contrast(samples, CAS, CORE, phase, seed);
  const native = contrast(samples, NATIVE, CORE, phase, seed);
  if (!cas || !native) throw new Error('a run was cut short');
  return { title, coreNs: cas.otherNs, cas: cas.ratio, native: native.ratio, state };
}

/** One storm on the core and its twins. */
async function runStorm(
  kernel: ComparedKernel,
  align: AlignName,
  pattern: Pattern,
  { time, seed }: Flags,
): Promise<readonly Row[]> {
  const scenario = makeScenario({ align, pattern, seed, sizeBytes: STANDARD_SIZE_BYTES[align] });
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);
  const sides = twinSides(kernel);
  const states = checkStates(device, phases, sides);
  const samples = await runSides(device, phases, sides, { seconds: time, seed });
  process.stderr.write(`${kernel} ${align} ${pattern}: ${turnCount(samples)} turns\n`);
  return phases.map(({ name }, i) =>
    rowOf(samples, i, `${kernel} ${align} ${pattern} ${name}`, states[i] ?? '', seed),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

const right = (title: string): Column => ({ title, align: 'right' });
const COLUMNS = [
  { title: 'core ÷ twin, overlap none', align: 'left' as const },
  right('core ns'),
  right(CAS),
  right(NATIVE),
  right('state'),
];

function print(rows: readonly Row[], compiler: string): void {
  const cells = rows.map(({ title, coreNs, cas, native, state }) => [
    title,
    formatNumber(coreNs),
    formatEstimate(cas),
    formatEstimate(native),
    state,
  ]);
  const mean = (pick: (row: Row) => Estimate): string =>
    formatRatio(geometricMean(rows.map((row) => pick(row).value)));
  const last = ['geometric mean', '', mean(({ cas }) => cas), mean(({ native }) => native), ''];
  const { cpu, node } = fingerprint();
  process.stdout.write(
    `${formatTable(COLUMNS, [...cells, last])}\n${cpu}, Node ${node}, ${compiler} -O3 -march=native\n`,
  );
}

/* What each is measured over: times, and the bytes it goes through. */
const MICRO = [
  ['loneCas', 'a lone lock cmpxchg', 2e7, 0],
  ['loneXadd', 'a lone lock xadd', 2e7, 0],
  ['dependentMiss', 'a dependent random read of 256 MiB', 2e6, 256 * MIB],
  ['independentMiss', 'an independent one', 1e7, 256 * MIB],
  ['memfdFault', "a write fault of this machine's kernel on a memfd page", 2e5, 64 * MIB],
  ['memfdUnmap', 'unmapping such a page', 2e5, 64 * MIB],
] as const;

/** For scale, no target: what the machine's own instructions and kernel take. */
function printMicro(): void {
  const micro = loadMicro();
  const rows = MICRO.map(([name, title, times, bytes]) => {
    const runs = Array.from({ length: 5 }, () => micro[name]?.(times, bytes) ?? Number.NaN);
    return [title, formatNumber(median(runs))];
  });
  process.stdout.write(
    `\n${formatTable([{ title: 'this machine, in C', align: 'left' }, right('ns')], rows)}\n`,
  );
}

async function main(flags: Flags): Promise<void> {
  const compiler = buildNative();
  if (compiler === undefined) {
    process.stdout.write('skipped: no C compiler (gcc, or the one that CC names)\n');
    return;
  }
  const rows: Row[] = [];
  for (const kernel of flags.kernel ? [flags.kernel] : COMPARED) {
    for (const align of flags.align ? [flags.align] : ALIGN_NAMES) {
      for (const pattern of STORM_PATTERNS) {
        rows.push(...(await runStorm(kernel, align, pattern, flags)));
      }
    }
  }
  print(rows, compiler);
  printMicro();
}

await new Command('bench:native')
  .addOption(option.timeOption(10))
  .addOption(option.seedOption())
  .addOption(option.alignOption())
  .addOption(new Option('--kernel <id>', 'one kernel alone').choices([...COMPARED]))
  .action(main)
  .parseAsync();

// npm run bench:native -- [--time 10] [--seed 1] [--align 4K] [--kernel refcount] [--records packed]
//   [--size 64GiB] [--threads]
// The core beside its C twins, on the same bank, in turns: what WebAssembly costs. First the states:
// every phase must leave the same struct pages and page tables, byte for byte.
import * as option from '../host/cli/options.ts';
import { makeTool, runTool } from '../host/cli/tool.ts';
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
import { bankShape } from '../host/syscall/device.ts';
import { ALIGN_NAMES, type AlignName, formatBytes, GIB, KIB, MIB, TIB } from '../host/units.ts';
import { Bank, type RecordFormat } from '../host/wasm/bank.ts';
import {
  buildNative,
  CAS,
  CORE,
  checkStates,
  loadMicro,
  NATIVE,
  TWIN_THREADS,
  twinSides,
} from './native.ts';
import { runThreads, type ThreadsRow } from './nativeThreads.ts';

/** Patterns that visit every unit once: the twins have no slow path of GUP. */
const LINE_PATTERNS = ['sequential', 'uniform'] as const satisfies readonly Pattern[];
/** Of the packed rows, which say what maps and unmaps a large device fast. */
const PACKED_SIZE_BYTES = 16 * GIB;

interface Flags {
  readonly time: number;
  readonly seed: number;
  readonly align?: AlignName;
  readonly kernel?: ComparedKernel;
  readonly records?: RecordFormat;
  /** Of the packed rows. */
  readonly size: number;
  /** Two threads against one alone. */
  readonly threads?: true;
}

/** One storm of the table. */
interface Storm {
  readonly kernel: ComparedKernel;
  readonly align: AlignName;
  readonly pattern: Pattern;
  readonly records: RecordFormat;
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
async function runStorm(storm: Storm, { time, seed, size }: Flags): Promise<readonly Row[]> {
  const { kernel, records } = storm;
  const { align, pattern } = storm;
  const packed = records === 'packed';
  const sizeBytes = packed ? size : STANDARD_SIZE_BYTES[align];
  const scenario = makeScenario({ align, pattern, seed, records, sizeBytes });
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);
  const sides = twinSides(kernel, records);
  const states = checkStates(device, phases, sides);
  const samples = await runSides(device, phases, sides, { seconds: time, seed });
  const title = `${kernel} ${align} ${pattern}${packed ? ` packed ${formatBytes(size)}` : ''}`;
  process.stderr.write(`${title}: ${turnCount(samples)} turns\n`);
  return phases.map(({ name }, i) => rowOf(samples, i, `${title} ${name}`, states[i] ?? '', seed));
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

function printThreads(rows: readonly ThreadsRow[]): void {
  const columns = [
    { title: `${TWIN_THREADS} threads against one, disjoint, own mm`, align: 'left' as const },
    right('core'),
    right(CAS),
    right('core ÷ twin'),
  ];
  const cells = rows.map(({ title, core, twin, ratio }) => [
    title,
    formatEstimate(core),
    formatEstimate(twin),
    formatEstimate(ratio),
  ]);
  const mean = formatRatio(geometricMean(rows.map(({ ratio }) => ratio.value)));
  process.stdout.write(`\n${formatTable(columns, [...cells, ['geometric mean', '', '', mean]])}\n`);
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

/** The rows that the flags ask for: every unit in line records, and 4K in packed ones. */
function storms({ kernel, align, records }: Flags): readonly Storm[] {
  const aligns = align ? [align] : ALIGN_NAMES;
  const of = (each: ComparedKernel): readonly Storm[] => [
    ...aligns.flatMap((unit) =>
      LINE_PATTERNS.map((pattern) => ({
        kernel: each,
        align: unit,
        pattern,
        records: 'line' as const,
      })),
    ),
    { kernel: each, align: '4K', pattern: 'sequential', records: 'packed' },
  ];
  return (kernel ? [kernel] : COMPARED)
    .flatMap(of)
    .filter(
      (storm) => aligns.includes(storm.align) && (records ?? storm.records) === storm.records,
    );
}

/** What the packed rows took beside their times: bytes, and the time to touch them first. */
function printCapacity({ size }: Flags): void {
  const scenario = makeScenario({ align: '4K', sizeBytes: size, records: 'packed' });
  const bank = new Bank(bankShape(scenarioDevice(scenario), 1, false));
  const began = performance.now();
  bank.prefault();
  const seconds = (performance.now() - began) / 1000;
  const fixedBytes = bank.arena;
  const perTib = fixedBytes + ((bank.bytes - fixedBytes) * TIB) / size;
  const rows = [
    ['struct pages and page tables, every page mapped', formatBytes(bank.bytes)],
    ['the same for 1 TiB', formatBytes(perTib)],
    ['touching them first, in no time above', `${formatNumber(seconds)} s`],
    ['most memory this process had', formatBytes(process.resourceUsage().maxRSS * KIB)],
  ];
  const title = `${formatBytes(size)} in packed 4K pages`;
  process.stdout.write(`\n${formatTable([{ title, align: 'left' }, right('')], rows)}\n`);
}

/** Two threads on the core and on its twin, by kernel and unit. */
async function compareThreads({ kernel, align, time, seed }: Flags): Promise<void> {
  const rows: ThreadsRow[] = [];
  for (const each of kernel ? [kernel] : COMPARED) {
    for (const unit of align ? [align] : ALIGN_NAMES) {
      rows.push(...(await runThreads(each, unit, time, seed)));
      process.stderr.write(`${each} ${unit}: ${TWIN_THREADS} threads\n`);
    }
  }
  printThreads(rows);
}

async function main(flags: Flags): Promise<void> {
  const compiler = buildNative();
  if (compiler === undefined) {
    process.stdout.write('skipped: no C compiler (gcc, or the one that CC names)\n');
    return;
  }
  const rows: Row[] = [];
  if (!flags.threads) {
    for (const storm of storms(flags)) rows.push(...(await runStorm(storm, flags)));
    print(rows, compiler);
    if (storms(flags).some(({ records }) => records === 'packed')) printCapacity(flags);
  }
  await compareThreads(flags);
  if (!flags.threads) printMicro();
}

await runTool(
  makeTool('bench:native')
    .addOption(option.timeOption(10))
    .addOption(option.seedOption())
    .addOption(option.alignOption())
    .addOption(option.recordsOption().default(undefined, 'both'))
    .addOption(option.sizeOption().default(PACKED_SIZE_BYTES, '16GiB; of the packed rows'))
    .addOption(option.choiceOption('--kernel <id>', 'one kernel alone', COMPARED))
    .option('--threads', 'two threads against one alone')
    .action(main),
);

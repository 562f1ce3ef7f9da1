// npm run bench:native -- [--time 10] [--seed 1] [--align 4K] [--kernel refcount]
// The core beside its C twins, on the same bank, in turns: what WebAssembly costs. First the states:
// every phase must leave the same struct pages and page tables, byte for byte.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import * as option from '../host/cli/options.ts';
import { KERNEL_IDS, type KernelId } from '../host/kernel.ts';
import { fingerprint } from '../host/measure/fingerprint.ts';
import { contrast, type Samples, turnCount } from '../host/measure/samples.ts';
import type { Estimate } from '../host/measure/stats.ts';
import { formatEstimate, formatNumber, formatRatio } from '../host/report/numbers.ts';
import { type Column, formatTable } from '../host/report/table.ts';
import { PACKAGE_ROOT } from '../host/root.ts';
import { PATTERNS, type Pattern } from '../host/storm/pattern.ts';
import { type Phase, stormPhases } from '../host/storm/phase.ts';
import { Rig, type Side } from '../host/storm/rig.ts';
import { runSides } from '../host/storm/runner.ts';
import { makeScenario, STANDARD_SIZE_BYTES, scenarioDevice } from '../host/storm/scenario.ts';
import type { Device } from '../host/syscall/device.ts';
import { ALIGN_NAMES, type AlignName } from '../host/units.ts';

interface NativeBuild {
  buildNative(): string | undefined;
  twinFile(kernel: KernelId, codegen: 'cas' | 'native'): string;
}

/* By path: the build scripts are not compiled with the rest. */
const NATIVE_BUILD = pathToFileURL(join(PACKAGE_ROOT, 'build', 'native.mjs')).href;
export const { buildNative, twinFile } = (await import(NATIVE_BUILD)) as NativeBuild;

const CORE = 'core';
const CAS = 'C, CAS loop';
const NATIVE = 'C, native';

interface Flags {
  readonly time: number;
  readonly seed: number;
  readonly align?: AlignName;
  readonly kernel?: KernelId;
}

/** The core and its twins, as sides of one run. */
export function twinSides(kernel: KernelId): readonly Side[] {
  const side = { kernel, kind: 'timed', overlap: 'none' } as const;
  return [
    { ...side, name: CORE },
    { ...side, name: CAS, wasm: twinFile(kernel, 'cas') },
    { ...side, name: NATIVE, wasm: twinFile(kernel, 'native') },
  ];
}

/** The state every side leaves after each phase; Fails: Error where two differ. */
export function checkStates(
  device: Device,
  phases: readonly Phase[],
  sides: readonly Side[],
): readonly string[] {
  const [first, ...others] = sides.map((side) => new Rig(side, device, phases));
  return phases.map(({ name }, i) => {
    const state = first?.stateAfter(i + 1) ?? '';
    for (const rig of others) {
      const other = rig.stateAfter(i + 1);
      if (other !== state)
        throw new Error(`${name}: ${rig.side.name} leaves ${other}, not ${state}`);
    }
    return state;
  });
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
  kernel: KernelId,
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

async function main(flags: Flags): Promise<void> {
  const compiler = buildNative();
  if (compiler === undefined) {
    process.stdout.write('skipped: no C compiler (gcc, or the one that CC names)\n');
    return;
  }
  const rows: Row[] = [];
  for (const kernel of flags.kernel ? [flags.kernel] : KERNEL_IDS) {
    for (const align of flags.align ? [flags.align] : ALIGN_NAMES) {
      for (const pattern of PATTERNS) {
        if (pattern !== 'strided') rows.push(...(await runStorm(kernel, align, pattern, flags)));
      }
    }
  }
  print(rows, compiler);
}

await new Command('bench:native')
  .addOption(option.timeOption(10))
  .addOption(option.seedOption())
  .addOption(option.alignOption())
  .addOption(option.kernelOption())
  .action(main)
  .parseAsync();

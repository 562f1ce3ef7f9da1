import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { KernelId } from '../kernel.ts';
import { makePace, type OnProgress } from '../progress.ts';
import { Rig } from '../storm/rig.ts';
import type { Banks } from '../wasm/banks.ts';
import { buildName, exportNames } from '../wasm/core.ts';
import { eventsBetween, type Machine } from '../wasm/machine.ts';
import { wasmFile } from '../wasm/platform.ts';
import { type Benchmark, isTrace } from './benchmarks.ts';
import type { CoreBuild, Cores } from './cores.ts';
import { pathOf } from './name.ts';

/** One operation of one scenario on one kernel: exact, the same on every run. */
export interface OperationCount {
  readonly kernel: KernelId;
  readonly operation: string;
  /** What its events are divided by: faults, pin calls, leaves unmapped; of a trace 1. */
  readonly times: number;
  /**
   * Every ledger event by name; `failed` (units that did not end in OK), `tableBytes` (page tables
   * alive when it ended), and of a trace `operations`.
   */
  readonly events: Readonly<Record<string, number>>;
}

export interface ScenarioCount {
  readonly name: string;
  readonly workload: string;
  readonly operations: readonly OperationCount[];
}

/** What a build's file is like. */
export interface ArtifactCount {
  readonly name: string;
  readonly wasmBytes: number;
  readonly wasmExports: number;
}

export interface Counts {
  readonly scenarios: readonly ScenarioCount[];
  readonly artifacts: readonly ArtifactCount[];
}

/** An invariant that did not hold: a wrong core, whatever its counts. */
export interface Violation {
  /** SCENARIO/KERNEL/OPERATION after which it was seen. */
  readonly path: string;
  readonly text: string;
}

/** Where counting stands; `violation` ends it. */
export interface CountOutcome {
  readonly counts: Counts;
  readonly violation: Violation | undefined;
  readonly interrupted: boolean;
}

interface KernelOutcome {
  readonly operations: readonly OperationCount[];
  readonly violation: Violation | undefined;
}

/** What is wrong with the machine, or undefined; `idle`: nothing is mapped or pinned any more. */
function wrongWith(machine: Machine, idle: boolean): string | undefined {
  const broken = machine.violation();
  const held = broken === undefined && idle ? machine.heldFolio() : undefined;
  if (!held) return broken;
  return `folio ${held.head} was left with _refcount ${held.refcount}, not 1`;
}

/** Runs a scenario once on one counted build, and checks the whole machine after each operation. */
function countKernel(benchmark: Benchmark, rig: Rig): KernelOutcome {
  const { name, phases } = benchmark;
  const { machine } = rig;
  const operations: OperationCount[] = [];
  const kernel = rig.side.kernel;
  for (const phase of phases) {
    const path = pathOf(name, kernel, phase.name);
    const done = { kernel, operation: phase.name };
    const before = machine.events();
    try {
      const { failed } = machine.run(phase.stream, 'natural');
      const counted = eventsBetween(before, machine.events());
      const events = { ...counted, failed, tableBytes: machine.liveTables() * 4096 };
      operations.push(
        isTrace(benchmark)
          ? { ...done, times: 1, events: { ...events, operations: phase.operations } }
          : { ...done, times: phase.operations, events },
      );
      const text = wrongWith(machine, phase === phases.at(-1));
      if (text !== undefined) return { operations, violation: { path, text } };
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return { operations, violation: { path, text: `the core trapped: ${error.message}` } };
    }
  }
  return { operations, violation: undefined };
}

function countArtifact({ kernel, kind, wasm }: CoreBuild): ArtifactCount {
  const { size } = statSync(wasmFile(wasm));
  return {
    name: buildName(kernel, kind),
    wasmBytes: size,
    wasmExports: exportNames(wasm).length,
  };
}

/** Counts every event of the scenarios on every counted build of `cores`, each run once. */
export async function countCores(
  benchmarks: readonly Benchmark[],
  cores: Cores,
  onProgress: OnProgress = () => {},
  signal?: AbortSignal,
): Promise<CountOutcome> {
  const scenarios: ScenarioCount[] = [];
  // A trace's gate is about the program, not about the builds that replay it.
  const artifacts = benchmarks.some(isTrace) ? [] : cores.builds.map(countArtifact);
  const counted = cores.builds.filter(({ kind }) => kind === 'counted');
  const pace = makePace(benchmarks.length * counted.length);
  let done = 0;
  for (const benchmark of benchmarks) {
    const { name, workload, device, phases } = benchmark;
    const operations: OperationCount[] = [];
    let banks: Banks | undefined;
    for (const { kernel, kind, wasm } of counted) {
      // Lets Ctrl-C in.
      await setImmediate();
      if (signal?.aborted)
        return { counts: { scenarios, artifacts }, violation: undefined, interrupted: true };
      onProgress(`counting ${name}, ${kernel}`, pace(done++));
      const side = { name: kernel, kernel, kind, overlap: 'natural', wasm } as const;
      const rig: Rig = new Rig(side, device, phases, banks);
      banks = rig.banks;
      rig.takeBank();
      const found = countKernel(benchmark, rig);
      operations.push(...found.operations);
      if (found.violation) {
        scenarios.push({ name, workload, operations });
        const { violation } = found;
        return { counts: { scenarios, artifacts }, violation, interrupted: false };
      }
    }
    scenarios.push({ name, workload, operations });
  }
  return { counts: { scenarios, artifacts }, violation: undefined, interrupted: false };
}

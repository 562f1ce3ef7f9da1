// The C twins of the core, as sides of a run; bench/nativeMain.ts is the command.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ComparedKernel } from '../host/kernel.ts';
import { PACKAGE_ROOT } from '../host/root.ts';
import type { CrewSide } from '../host/storm/crewRig.ts';
import type { Phase } from '../host/storm/phase.ts';
import { Rig, type Side } from '../host/storm/rig.ts';
import type { Device } from '../host/syscall/device.ts';
import type { RecordFormat } from '../host/wasm/bank.ts';

interface NativeBuild {
  /** What compiled the twins, or undefined where there is no C compiler. */
  buildNative(): string | undefined;
  twinFile(
    kernel: ComparedKernel,
    records: RecordFormat,
    codegen: 'cas' | 'native',
    thread?: number,
  ): string;
  readonly TWIN_THREADS: number;
  readonly MICRO_FILE: string;
}

/* By path: the build scripts are not compiled with the rest. */
const NATIVE_BUILD = pathToFileURL(join(PACKAGE_ROOT, 'build', 'native.mjs')).href;
const native = (await import(NATIVE_BUILD)) as NativeBuild;
export const { buildNative, TWIN_THREADS } = native;

/** Names of the sides: the core, the twin that does its RMWs as V8 compiles Wasm's, the other. */
export const CORE = 'core';
export const CAS = 'C, CAS loop';
export const NATIVE = 'C, native';

/** The core and its twins, as sides of one run on a device of these records. */
export function twinSides(kernel: ComparedKernel, records: RecordFormat = 'line'): readonly Side[] {
  const side = { kernel, kind: 'timed', overlap: 'none' } as const;
  return [
    { ...side, name: CORE },
    { ...side, name: CAS, wasm: native.twinFile(kernel, records, 'cas') },
    { ...side, name: NATIVE, wasm: native.twinFile(kernel, records, 'native') },
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

/** The core and its twin of the same codegen, as a crew runs them. */
export function crewSides(
  kernel: ComparedKernel,
): Readonly<Record<typeof CORE | typeof CAS, CrewSide>> {
  const side = { kernel, kind: 'timed', overlap: 'none' } as const;
  const twins = Array.from({ length: TWIN_THREADS }, (_, thread) =>
    native.twinFile(kernel, 'line', 'cas', thread),
  );
  return { [CORE]: side, [CAS]: { ...side, wasm: native.twinFile(kernel, 'line', 'cas'), twins } };
}

/** One of the machine's own operations: nanoseconds each, over `times` of them in `bytes`. */
type Measure = (times: number, bytes: number) => number;

/** bench/native/micro.c, once buildNative has made it. */
export function loadMicro(): Readonly<Record<string, Measure>> {
  return createRequire(import.meta.url)(native.MICRO_FILE);
}

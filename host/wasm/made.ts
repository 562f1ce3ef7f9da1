import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DaxError } from '../error.ts';
import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import { PACKAGE_ROOT } from '../root.ts';
import { RECORD_FORMATS, type RecordFormat } from './bank.ts';

/** A build that is not shipped: made from the core's source when it is asked for, and kept. */
export interface MadeBuild {
  readonly kernel: KernelId;
  /** Locks, per-CPU statistics and look-ups, or walks and struct pages alone. */
  readonly detail: 'pages' | 'full';
  /** Bits of refcounting's steps: STEP. */
  readonly steps: number;
  /** Per-CPU state as the kernel's plain adds, or lock-prefixed. */
  readonly percpu: 'plain' | 'atomic';
  /** A build with the ledger, and whether it refuses folios of another order; default no, yes. */
  readonly counted?: boolean;
  readonly guard?: boolean;
  /** Default line. */
  readonly records?: RecordFormat;
  /** Each operation timed by itself, into buckets of the bank. */
  readonly histogram?: boolean;
}

/** Refcounting's steps, a bit each: assembly/switches.ts says what they do. */
export const STEP = {
  references: 1,
  rmap: 2,
  statistics: 4,
  marks: 8,
  gathers: 16,
  folioGup: 32,
  noMemtype: 64,
} as const;
export const STEPS_ALL = Object.values(STEP).reduce((all, bit) => all | bit, 0);

interface Compiler {
  compile(build: object): Promise<boolean>;
}

async function compiler(): Promise<Compiler> {
  const file = join(PACKAGE_ROOT, 'build', 'compile.mjs');
  return (await import(pathToFileURL(file).href)) as Compiler;
}

/** Why a build could not be made, where that is the user's to mend. */
function refused(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return new DaxError(
      'E_NOT_BUILT',
      'this needs a build of the core that does not ship, and the AssemblyScript compiler is not installed',
      'npm install assemblyscript@0.28',
    );
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC') {
    return new DaxError(
      'E_FILE',
      `a build of the core cannot be written to '${path}': ${code}`,
      'install daxstorm where you may write',
    );
  }
  return error;
}

/**
 * Compiles a build of the core unless it is there already; answers its name.
 *
 * Fails: E_NOT_BUILT without the compiler, which is an optional peer dependency; E_FILE.
 */
export async function makeBuild(build: MadeBuild): Promise<string> {
  const { kernel, detail, steps, percpu } = build;
  const { counted = false, guard = true, histogram = false, records = 'line' } = build;
  const packed = records === 'packed' && '-packed';
  const extras = [packed, counted && '-counted', !guard && '-unguarded', histogram && '-histogram'];
  const name = `made-${kernel}-${detail}-steps${steps}-${percpu}${extras.filter(Boolean).join('')}`;
  const switches = {
    name,
    kernel: KERNEL_IDS.indexOf(kernel),
    detail: detail === 'full' ? 1 : 0,
    records: RECORD_FORMATS.indexOf(records),
    count: counted ? 1 : 0,
    steps,
    percpu: percpu === 'atomic' ? 1 : 0,
    guard: guard ? 1 : 0,
    histogram: histogram ? 1 : 0,
  };
  try {
    await (await compiler()).compile(switches);
  } catch (error) {
    throw refused(error);
  }
  return name;
}

/**
 * The counted build of a kernel for a bank of packed records, which does not ship; of line records it
 * does, and has no other name: undefined.
 *
 * Fails: as makeBuild.
 */
export async function countedBuild(
  kernel: KernelId,
  records: RecordFormat,
): Promise<string | undefined> {
  if (records === 'line') return undefined;
  const steps = kernel === 'devmap' ? 0 : STEPS_ALL;
  return makeBuild({ kernel, detail: 'full', steps, percpu: 'plain', counted: true, records });
}

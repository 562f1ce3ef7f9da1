import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
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

/** What the thread runs: build/compile.mjs, and what became of it as plain data. */
const COMPILE = `
  const { parentPort, workerData: { url, build } } = require('node:worker_threads');
  import(url)
    .then(({ compile }) => compile(build))
    .then(() => parentPort.postMessage({}))
    .catch(({ message, code, path }) => parentPort.postMessage({ message, code, path }));
`;

interface Failure {
  readonly message?: string;
  readonly code?: string;
  readonly path?: string;
}

/** Compiles in a thread of its own: the compiler never yields, and Ctrl-C is to be heard meanwhile. */
function compile(build: object): Promise<void> {
  const { href: url } = pathToFileURL(join(PACKAGE_ROOT, 'build', 'compile.mjs'));
  const worker = new Worker(COMPILE, { eval: true, workerData: { url, build } });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ message, ...why }: Failure) => {
      if (message === undefined) resolve();
      else reject(Object.assign(new Error(message), why));
    });
  });
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
    await compile(switches);
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

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DaxError } from '../error.ts';
import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import type { OnProgress } from '../progress.ts';
import { type BuildKind, buildName, exportNames, formatOf, instantiate } from '../wasm/core.ts';
import { versionFolder } from './versions.ts';

const KINDS: readonly BuildKind[] = ['counted', 'timed'];

/** One build of the core. */
export interface CoreBuild {
  readonly kernel: KernelId;
  readonly kind: BuildKind;
  /** A build's name, or the path of its file. */
  readonly wasm: string;
}

/** The builds that one side of a gate is. */
export interface Cores {
  /** As a report names it. */
  readonly label: string;
  readonly builds: readonly CoreBuild[];
}

/** What this package was built into. */
export function ownCores(): Cores {
  const builds = KERNEL_IDS.flatMap((kernel) =>
    KINDS.map((kind): CoreBuild => ({ kernel, kind, wasm: buildName(kernel, kind) })),
  );
  return { label: 'this build', builds };
}

/**
 * Which kernel and kind a core's file is, from its own word.
 *
 * Fails: E_FILE; E_ABI for anything but a core that this host can drive.
 */
function readCore(file: string): CoreBuild {
  // Only asked what it is: one page of memory will do.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const core = instantiate(file, memory);
  const switches = typeof core.switches === 'function' ? core.switches() : Number.NaN;
  const kernel = KERNEL_IDS[switches & 0xff];
  if (kernel === undefined || Number.isNaN(switches)) {
    throw new DaxError(
      'E_ABI',
      `'${file}' is a core of a kernel that this version does not know`,
      'name a core of one of its own kernels',
    );
  }
  if (formatOf(core) !== 'line') {
    throw new DaxError(
      'E_CORE',
      `'${file}' keeps packed records, which scale; the gate measures line records`,
      'name a timed-line or counted core',
    );
  }
  const kind = switches >>> 24 ? 'counted' : 'timed';
  refuseLackingExports(file, buildName(kernel, kind));
  return { kernel, kind, wasm: file };
}

/** A host calls what its own build exports; a core without one of these is of another interface. */
function refuseLackingExports(file: string, own: string): void {
  const there = new Set(exportNames(file));
  const lacking = exportNames(own).filter((name) => !there.has(name));
  if (lacking.length === 0) return;
  throw new DaxError(
    'E_ABI',
    `'${file}' does not export ${lacking.join(', ')}, which this host calls`,
    'name a core of the same interface',
  );
}

function coresIn(folder: string, label: string): Cores {
  const shipped = KERNEL_IDS.flatMap((kernel) => KINDS.map((kind) => buildName(kernel, kind)));
  const files = shipped.map((name) => join(folder, `${name}.wasm`));
  const builds = files.filter((file) => existsSync(file)).map(readCore);
  if (builds.length > 0) return { label, builds };
  throw new DaxError(
    'E_CORE',
    `'${folder}' holds no build of the core`,
    `name a folder with files like ${shipped[1]}.wasm`,
  );
}

/**
 * The cores that a user names: a .wasm file, a folder of builds, a revision of the checkout, or a
 * published version.
 *
 * Fails: E_CORE for none of them, E_ABI for cores of another layout or interface.
 */
export async function findCores(text: string, onProgress: OnProgress): Promise<Cores> {
  if (text.endsWith('.wasm')) return { label: text, builds: [readCore(text)] };
  if (existsSync(text) && statSync(text).isDirectory()) return coresIn(text, text);
  const { folder, label } = await versionFolder(text, onProgress);
  return versionCores(folder, label);
}

/** A version's cores, refused in the version's name and not in its cache's. */
function versionCores(folder: string, label: string): Cores {
  try {
    return coresIn(folder, label);
  } catch (error) {
    if (!DaxError.is(error) || error.code !== 'E_ABI') throw error;
    throw new DaxError(
      'E_ABI',
      `the core of ${label} has another memory layout or interface than this version's host`,
      'such two cannot be timed against each other; counts can be compared: leave --base out',
    );
  }
}

/** One kernel's timed builds of both sides. */
export interface CorePair {
  readonly kernel: KernelId;
  readonly base: string;
  readonly head: string;
}

/** The kernels that both sides have a timed build of. Fails: E_CORE where there is none. */
export function pairCores(base: Cores, head: Cores): readonly CorePair[] {
  const timed = ({ builds }: Cores): readonly CoreBuild[] =>
    builds.filter(({ kind }) => kind === 'timed');
  const pairs = timed(base).flatMap(({ kernel, wasm }) => {
    const other = timed(head).find((build) => build.kernel === kernel);
    return other ? [{ kernel, base: wasm, head: other.wasm }] : [];
  });
  if (pairs.length > 0) return pairs;
  const say = ({ label, builds }: Cores): string =>
    `${label}: ${builds.map(({ kernel, kind }) => `${kernel} ${kind}`).join(', ')}`;
  throw new DaxError(
    'E_CORE',
    `base and head have no timed build of one kernel in common (${say(base)}; ${say(head)})`,
    'name timed builds of the same kernel',
  );
}

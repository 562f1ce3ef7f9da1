// The whole comparison: every recording in a folder, every scenario, every field.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DaxError } from '../../host/error.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import type { KernelBug } from '../../host/syscall/bug.ts';
import { layNamespace } from '../../host/syscall/namespace.ts';
import { GIB } from '../../host/units.ts';
import { compareRun, type FieldResult } from './compare.ts';
import { mmapTopOf, tlbEmptied } from './layout.ts';
import { programOf, type Recording, readRecordings, type Step } from './records.ts';
import { Run } from './run.ts';

export const FIXTURES = join(PACKAGE_ROOT, 'test', 'conformance', 'fixtures');

/** Written down after a scenario, but no step of it: what the kernel logged meanwhile. */
const KERNEL_LOG = 'dmesg';

export interface RunResult {
  readonly recording: Recording;
  readonly fields: readonly FieldResult[];
  /** Recorded steps that the replay has nothing for; each of their fields differs, too. */
  readonly pending: number;
  /** Bugs of the emulated kernel that the replay ran into. */
  readonly bugs: readonly KernelBug[];
  /** The one command that replays it. */
  readonly replay: string;
}

/** Namespaces of the recordings' guests: the one whose device has the recorded size. */
function namespaceBytes({ align, map, steps }: Recording): number {
  const device = steps.find(({ scenario }) => scenario === 'device')?.fields['size'];
  if (device === undefined) return 8 * GIB;
  const sizes = [8, 1, 2, 4, 6, 16].map((gib) => gib * GIB);
  const fits = sizes.find((size) => layNamespace(4 * GIB, size, align, map).usableBytes === device);
  return fits ?? 8 * GIB;
}

/** Replays one recording and compares it. */
export function checkRecording(recording: Recording, folder: string): RunResult {
  const { program, kernel, align, map, module } = recording;
  const run = new Run({
    kernel,
    align,
    map,
    module,
    namespaceBytes: namespaceBytes(recording),
    mmapTop: mmapTopOf(recording),
    program,
    tlbEmptied: tlbEmptied(recording),
  });
  run.all();
  const name = ({ scenario, step, who }: Step): string => `${scenario}/${step} ${who}`;
  const replayed = new Set(run.steps.map(name));
  const steps = recording.steps.filter(({ step }) => step !== KERNEL_LOG);
  const pending = steps.filter((step) => !replayed.has(name(step))).length;
  const fields = compareRun(recording, run.steps);
  const { bugs } = run.system;
  const where = folder === FIXTURES ? '' : ` -- --truth ${folder}`;
  return { recording, fields, pending, bugs, replay: `npm run conformance${where}` };
}

/**
 * Every `matrix-*` and `unbind-*` recording of a folder whose kernel a build stands for.
 *
 * Fails: E_FILE where the folder has none.
 */
export function checkFolder(folder: string): readonly RunResult[] {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const files = names.filter((name) => programOf(name) !== undefined);
  const recordings = files.flatMap((name) => readRecordings(join(folder, name)));
  if (recordings.length === 0) {
    throw new DaxError(
      'E_FILE',
      `'${folder}' holds no matrix-*.jsonl or unbind-*.jsonl of Linux 6.12, 6.16 or 7.3`,
      'name a folder of recordings with --truth',
    );
  }
  return recordings.map((recording) => checkRecording(recording, folder));
}

export function countVerdicts(fields: readonly FieldResult[]) {
  const count = (verdict: FieldResult['verdict']): number =>
    fields.filter((field) => field.verdict === verdict).length;
  return { equal: count('equal'), differing: count('differing'), exempt: count('exempt') };
}

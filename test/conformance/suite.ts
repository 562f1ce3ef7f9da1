// The whole comparison: every recording in a folder, every scenario, every field.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DaxError } from '../../host/error.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { layNamespace } from '../../host/syscall/namespace.ts';
import { GIB } from '../../host/units.ts';
import { compareRun, type FieldResult } from './compare.ts';
import { mmapTopOf } from './layout.ts';
import { programOf, type Recording, readRecordings } from './records.ts';
import { Run } from './run.ts';

export const FIXTURES = join(PACKAGE_ROOT, 'test', 'conformance', 'fixtures');

/** The second half of the surface: not replayed yet, and said so. Nothing else may be pending. */
export const PENDING: readonly string[] = ['observer', 'syscalls', 'mremap', 'mremap_unaligned'];

export interface RunResult {
  readonly recording: Recording;
  readonly fields: readonly FieldResult[];
  /** Steps of pending scenarios, by scenario. */
  readonly pending: ReadonlyMap<string, number>;
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
  });
  run.all();
  const pending = new Map<string, number>();
  for (const { scenario } of recording.steps) {
    if (PENDING.includes(scenario)) pending.set(scenario, (pending.get(scenario) ?? 0) + 1);
  }
  const fields = compareRun(recording, run.steps, (scenario) => !PENDING.includes(scenario));
  const where = folder === FIXTURES ? '' : ` -- --truth ${folder}`;
  return { recording, fields, pending, replay: `npm run conformance${where}` };
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

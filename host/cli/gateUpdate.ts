import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DaxError } from '../error.ts';
import {
  type Baseline,
  baselineText,
  findBaseline,
  makeBaseline,
  ownPlace,
  readBaseline,
  sayFile,
} from '../gate/baseline.ts';
import type { Benchmark } from '../gate/benchmarks.ts';
import type { Cores } from '../gate/cores.ts';
import { type Counts, countCores } from '../gate/counts.ts';
import { compareCounts } from '../gate/moves.ts';
import { formatCount } from '../units.ts';
import { writeWhole } from '../wholeFile.ts';
import { type Context, EXIT } from './context.ts';
import { baselineName, type GateFlags } from './gateFlags.ts';
import { checkTarget, print } from './output.ts';

/** What an update keeps of the baseline before it. Fails: E_BASELINE for a torn or foreign one. */
function baselineBefore(file: string): Baseline | undefined {
  const place = findBaseline(file);
  return place.exists ? readBaseline(place) : undefined;
}

/** Whether counts are what the baseline has already, names and all. */
function isSame(before: Baseline, after: Baseline): boolean {
  const counted = ({ artifacts, events, scenarios }: Baseline): string =>
    JSON.stringify([artifacts, events, scenarios]);
  return counted(before) === counted(after);
}

/** --update and --save-baseline: counts everything and writes it, whole or not at all. */
export async function writeBaseline(
  flags: GateFlags,
  benchmarks: readonly Benchmark[],
  head: Cores,
  { progress, signal }: Context,
): Promise<void> {
  const file = ownPlace(flags.saveBaseline ?? baselineName(flags));
  const before = flags.update ? baselineBefore(baselineName(flags)) : undefined;
  const { counts, violation, interrupted } = await countCores(
    benchmarks,
    head,
    progress.say,
    signal,
  );
  progress.clear();
  if (violation) {
    process.stderr.write(
      `daxstorm: invariant violated: ${violation.text} after ${violation.path}; no baseline is written\n`,
    );
    process.exitCode = EXIT.violation;
    return;
  }
  if (interrupted) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  const after = makeBaseline(counts, flags.reason ?? `saved as ${flags.saveBaseline}`, before);
  if (before && isSame(before, after)) {
    print(`${sayFile(file)}: every count is as it was; left as it is`);
    return;
  }
  makeFolder(file);
  writeWhole(file, baselineText(after));
  const rows = after.scenarios.reduce((sum, { operations }) => sum + operations.length, 0);
  process.stdout.write(
    `${sayFile(file)}: ${formatCount(rows)} operations of ${after.scenarios.length} scenarios; ${sayMoved(before, counts)}\n`,
  );
}

function sayMoved(before: Baseline | undefined, counts: Counts): string {
  if (!before) return 'new';
  try {
    const { moves, missing } = compareCounts(before, counts, {
      file: '',
      limits: [],
      baselineLimits: [],
      chosen: () => true,
      lenient: true,
    });
    const added = missing.length === 0 ? '' : `, new: ${missing.length}`;
    return `moved: ${formatCount(moves.length)}${added}`;
  } catch (error) {
    if (DaxError.is(error)) return 'another scenario set than before';
    throw error;
  }
}

/** Fails: E_FILE. */
function makeFolder(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
  } catch {
    checkTarget(file);
  }
}

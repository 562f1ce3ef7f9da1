import { formatSweep, SWEEP_NOTES, SWEEP_TIME_NOTES, saySweep } from '../report/sweep.ts';
import { gather, mergeSweep } from '../sweep/merge.ts';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';
import { failureStatus } from './sweep.ts';

interface MergeFlags {
  readonly json?: string | true;
}

function merge(named: readonly string[], { json }: MergeFlags): void {
  checkTarget(json);
  const result = mergeSweep(gather(named));
  const notes = result.timings.length > 0 ? `${SWEEP_NOTES}\n${SWEEP_TIME_NOTES}` : SWEEP_NOTES;
  if (json === undefined) print(`${formatSweep(result)}\n\n${notes}`);
  else {
    emitJson(json, result);
    // Where the JSON is not on stdout, there is room for a word.
    if (json !== true && json !== '-') print(saySweep(result));
  }
  process.exitCode = failureStatus(result.failures.map(({ code }) => code));
}

export function mergeCommand(_context: Context): Command {
  return new Command('merge')
    .description(
      'Puts the results of a sweep together, from one folder or from one a shard. Every scenario must be there ' +
        'once: missing and doubled ones are refused by their ids. Counts come out as from a run in one piece, ' +
        'whatever machines they are from; times stay with their machine and are never compared across machines.',
    )
    .argument('<FOLDER|FILE...>', 'folders that daxstorm sweep wrote, or the files in them')
    .addOption(option.jsonOption())
    .examples(`
  daxstorm merge results                    shards that shared a folder
  daxstorm merge shard-*                    a folder a shard
  daxstorm merge results --json sweep.json  for a program, and for daxstorm report`)
    .notes('\nExit status: 2 also where a scenario failed, 1 where one met an internal error.')
    .action((named: readonly string[], flags: MergeFlags) => merge(named, flags));
}

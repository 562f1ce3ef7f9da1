import { canTime, diagnose, examine } from '../doctor/doctor.ts';
import { measureResolution } from '../doctor/resolution.ts';
import { OWN_SOURCES } from '../doctor/sources.ts';
import { formatDiagnosis } from '../report/doctor.ts';
import { envelope } from '../report/json.ts';
import type { AlignName } from '../units.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface DoctorFlags {
  readonly align: AlignName;
  readonly time: number;
  readonly seed: number;
  readonly json?: string | true;
}

async function doctor(flags: DoctorFlags, { progress, signal }: Context): Promise<void> {
  checkTarget(flags.json);
  progress.say('looking around', flags.time);
  const examination = examine(OWN_SOURCES);
  const resolution = canTime(examination)
    ? await measureResolution({
        align: flags.align,
        seconds: flags.time,
        seed: flags.seed,
        signal,
        onProgress: progress.say,
      })
    : undefined;
  progress.clear();
  const diagnosis = diagnose(examination, resolution);
  if (flags.json === undefined) print(formatDiagnosis(diagnosis));
  else emitJson(flags.json, { ...envelope('doctor'), ...diagnosis });
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description(
      'Looks at the machine, Node and what is installed; times one build against itself, to say which ' +
        'differences can be told from none here; says how large a device fits. Lists what would make the ' +
        'answers better. Warnings are no failure: the exit status is 0.',
    )
    .addOption(option.alignOption().default('4K'))
    .addOption(option.timeOption(3))
    .addOption(option.seedOption())
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm doctor               all of it, three seconds of timing
  daxstorm doctor --time 10     what compare can tell with its own time
  daxstorm doctor --align 2M    of 2M units
  daxstorm doctor --json`,
    )
    .action((flags: DoctorFlags) => doctor(flags, context));
}

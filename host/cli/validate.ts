import { setImmediate } from 'node:timers/promises';
import { Option } from 'commander';
import { crossValidate } from '../cost/crossValidation.ts';
import { type Model, modelOf, RECORDED_RELEASES, type Release } from '../cost/model.ts';
import { PARAMETERS } from '../cost/parameters.ts';
import { ownRecordings, validate } from '../cost/validation.ts';
import { readRecordings } from '../measure/recorded.ts';
import { makePace } from '../progress.ts';
import { envelope } from '../report/json.ts';
import { formatValidation, type ValidateReport } from '../report/validate.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface ValidateFlags {
  readonly truth?: string;
  readonly json?: string | true;
}

/** Prices by name; null where a release has no recording of such an event. */
function priceJson({ release, prices }: Model) {
  const named = PARAMETERS.map(({ name }, i) => [name, prices[i] ?? null] as const);
  return { release, instructions: Object.fromEntries(named) };
}

function reportJson({ validation, models, families }: ValidateReport) {
  return {
    ...envelope('validate'),
    ...validation,
    parameters: PARAMETERS.map(({ name, meaning }) => ({ name, meaning })),
    models: models.map(priceJson),
    crossValidation: families.map(([release, each]) => ({ release, families: each })),
  };
}

/** Fits and checks; undefined where it was interrupted before all of it was done. */
async function makeReport(
  { truth }: ValidateFlags,
  { progress, signal }: Context,
): Promise<ValidateReport | undefined> {
  const read = truth === undefined ? ownRecordings() : readRecordings(truth);
  // Emulating the operations to price takes about as long as one release's check.
  const pace = makePace(RECORDED_RELEASES.length + 1);
  progress.say('fitting');
  const validation = validate(read);
  const models = RECORDED_RELEASES.map(modelOf);
  const families: (readonly [Release, ReturnType<typeof crossValidate>])[] = [];
  for (const release of RECORDED_RELEASES) {
    // Lets Ctrl-C in.
    await setImmediate();
    if (signal.aborted) return undefined;
    const left = pace(families.length + 1);
    progress.say(`Linux ${release}: leaving out operations and families`, left);
    families.push([release, crossValidate(release)]);
  }
  return { validation, models, families };
}

async function run(flags: ValidateFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  const report = await makeReport(flags, context);
  context.progress.clear();
  // Half a check is none: nothing is printed of it.
  if (!report) process.exitCode = EXIT.interrupted;
  else if (flags.json === undefined) print(formatValidation(report));
  else emitJson(flags.json, reportJson(report));
}

export function validateCommand(context: Context): Command {
  return new Command('validate')
    .description(
      'Fits instructions per event to the recordings that come with daxstorm (data/recorded), predicts every ' +
        'operation and recorded kernel, and prints observed, predicted and error. The fit is checked on ' +
        'operations and families left out, and against the guess that device-DAX costs what memfd does.',
    )
    .addOption(
      new Option('--truth <dir>', 'folder of icount-RELEASE.jsonl files to predict').default(
        undefined,
        'data/recorded',
      ),
    )
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm validate
  daxstorm validate --truth more-recordings   rows that the fit has not seen
  daxstorm validate --json errors.json`,
    )
    .notes(
      `
Marks: ! off by more than 5 %, !! by more than 15 %; unseen: the fit has other rows of that family and
unit size; extrapolated: it has none, so the number is a guess.`,
    )
    .action((flags: ValidateFlags) => run(flags, context));
}

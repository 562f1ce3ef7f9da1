import { Command, Option } from 'commander';
import { crossValidate } from '../cost/crossValidation.ts';
import { type Model, modelOf, RECORDED_RELEASES } from '../cost/model.ts';
import { PARAMETERS } from '../cost/parameters.ts';
import { ownRecordings, validate } from '../cost/validation.ts';
import { readRecordings } from '../measure/recorded.ts';
import { envelope } from '../report/json.ts';
import { formatValidation, type ValidateReport } from '../report/validate.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson } from './output.ts';

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

export function validateCommand(context: Context): Command {
  return new Command('validate')
    .description(
      'Fits instructions per event to the recordings that come with daxstorm (data/recorded), predicts every\n' +
        'operation and recorded kernel, and prints observed, predicted and error. The fit is checked on\n' +
        'operations and families left out, and against the guess that device-DAX costs what memfd does.',
    )
    .addOption(
      new Option('--truth <dir>', 'folder of icount-RELEASE.jsonl files to predict').default(
        undefined,
        'data/recorded',
      ),
    )
    .addOption(option.jsonOption())
    .addHelpText(
      'after',
      `
Marks: ! off by more than 5 %, !! by more than 15 %; unseen: the fit has other rows of that family and
unit size; extrapolated: it has none, so the number is a guess.

Examples:
  daxstorm validate
  daxstorm validate --truth more-recordings   rows that the fit has not seen
  daxstorm validate --json errors.json`,
    )
    .action((flags: ValidateFlags) => {
      checkTarget(flags.json);
      const truth = flags.truth === undefined ? ownRecordings() : readRecordings(flags.truth);
      context.progress.say('fitting');
      const validation = validate(truth);
      const models = RECORDED_RELEASES.map(modelOf);
      context.progress.say('leaving out operations and families');
      const families = RECORDED_RELEASES.map(
        (release) => [release, crossValidate(release)] as const,
      );
      context.progress.clear();
      const report = { validation, models, families };
      if (flags.json === undefined) process.stdout.write(`${formatValidation(report)}\n`);
      else emitJson(flags.json, reportJson(report));
    });
}

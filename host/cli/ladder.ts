import { climb, type Ladder } from '../compare/ladder.ts';
import { type Sensitivity, weighChoices } from '../compare/sensitivity.ts';
import { deviceJson, envelope } from '../report/json.ts';
import { formatLadder, formatSensitivity, LADDER_NOTES } from '../report/ladder.ts';
import { stormPhases } from '../storm/phase.ts';
import { PIN_PAGES_DEFAULT, scenarioDevice } from '../storm/scenario.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { Command } from './command.ts';
import { type Context, EXIT, inParts } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';
import { type StormFlags, scenarioOf } from './stormFlags.ts';

interface Climbed {
  readonly ladder: Ladder | undefined;
  readonly sensitivity: Sensitivity | undefined;
}

/* How the time is shared out between the ladder and the choices. */
const SHARE_LADDER = 0.65;

export async function climbScenario(
  flags: StormFlags,
  align: AlignName,
  { progress, signal }: Context,
): Promise<Climbed> {
  const scenario = scenarioOf(flags, align);
  const device = scenarioDevice(scenario);
  const phases = stormPhases(scenario, device);
  const options = (share: number) => ({
    seconds: flags.time * share,
    seed: flags.seed,
    signal,
    onProgress: progress.say,
  });
  const ladder = await climb(device, phases, scenario, options(SHARE_LADDER));
  const sensitivity = await weighChoices(device, phases, scenario, options(1 - SHARE_LADDER));
  progress.clear();
  return { ladder, sensitivity };
}

/** What was climbed as a result has it: none where nothing was measured. */
export function ladderJson({ ladder, sensitivity }: Climbed) {
  if (!ladder) return [];
  const { choices, verdicts } = sensitivity ?? {};
  return [{ ...ladder, device: deviceJson(ladder.device), choices, verdicts }];
}

function printClimbed({ ladder, sensitivity }: Climbed): void {
  if (ladder) print(`${formatLadder(ladder)}\n`);
  if (sensitivity) print(`${formatSensitivity(sensitivity)}\n`);
}

async function runLadder(flags: StormFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  const aligns = flags.align ? [flags.align] : ALIGN_NAMES;
  for (const align of aligns) scenarioDevice(scenarioOf(flags, align));
  const climbed = await inParts(aligns, flags.time, context, async (align) => {
    const found = await climbScenario(flags, align, context);
    if (flags.json === undefined) printClimbed(found);
    return found;
  });
  if (flags.json === undefined) print(LADDER_NOTES);
  else emitJson(flags.json, { ...envelope('ladder'), ladders: climbed.flatMap(ladderJson) });
  if (context.signal.aborted) process.exitCode = EXIT.interrupted;
}

export function ladderCommand(context: Context): Command {
  return new Command('ladder')
    .description(
      'Builds the core from devmap to refcount one step at a time, in an order and in the opposite one, and times ' +
        'every build in turns; then the same A/B under other choices of modelling. The first run compiles the ' +
        'builds, which takes about a minute; they are kept.',
    )
    .addOption(option.alignOption().default(undefined, 'all three'))
    .addOption(option.sizeOption().default(undefined, '1GiB, 4GiB, 256GiB by unit'))
    .addOption(option.mapOption().default('mem'))
    .addOption(option.patternOption().default('sequential'))
    .addOption(option.strideOption().default(16))
    .addOption(option.accessOption().default('write'))
    .addOption(option.pinPagesOption().default(PIN_PAGES_DEFAULT))
    .addOption(option.timeOption(30))
    .addOption(option.seedOption())
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm ladder --align 2M            one unit size, 30 s
  daxstorm ladder --align 4K --pattern uniform --time 60
  daxstorm ladder --json ladder.json    the same numbers for a program`,
    )
    .action((flags: StormFlags) => runLadder(flags, context));
}

import { availableParallelism, cpus } from 'node:os';
import { Option } from 'commander';
import { scale } from '../compare/scale.ts';
import { deviceJson, envelope } from '../report/json.ts';
import { formatScale } from '../report/scale.ts';
import { checkThreads } from '../storm/crew.ts';
import {
  CREW_PATTERNS,
  type CrewPattern,
  type CrewStorm,
  MM_KINDS,
  type MmKind,
} from '../storm/crewStorm.ts';
import { makeScenario, STANDARD_SIZE_BYTES, scenarioDevice } from '../storm/scenario.ts';
import type { MapName } from '../syscall/namespace.ts';
import type { AlignName } from '../units.ts';
import { THREADS_MAX } from '../wasm/ops.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface ScaleFlags {
  readonly threads: number;
  readonly mm: MmKind;
  readonly pattern: CrewPattern;
  readonly align: AlignName;
  readonly size?: number;
  readonly map: MapName;
  readonly pinPages: number;
  readonly time: number;
  readonly seed: number;
  readonly json?: string | true;
}

/** Pages of a pin call: few enough that hot and 4K storms pin what they map. */
const PIN_PAGES = 64;

async function runScale(flags: ScaleFlags, { progress, signal }: Context): Promise<void> {
  checkTarget(flags.json);
  checkThreads(flags.threads);
  const { align, map, size, threads, mm, pattern, pinPages, seed } = flags;
  const sizeBytes = size ?? STANDARD_SIZE_BYTES[align];
  const device = scenarioDevice(makeScenario({ align, map, sizeBytes, pinPages, seed }));
  const storm: CrewStorm = { mm, pattern, threads, pinPages, seed };
  const found = await scale(device, storm, {
    seconds: flags.time,
    seed,
    signal,
    onProgress: (text) => progress.say(text),
  });
  progress.clear();
  if (flags.json !== undefined) {
    const scales = found ? [{ ...found, device: deviceJson(found.device) }] : [];
    emitJson(flags.json, { ...envelope('scale'), scales });
  } else if (found) print(formatScale(found, cpus().length));
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

export function scaleCommand(context: Context): Command {
  return new Command('scale')
    .description(
      'Runs one storm on 1, 2, … N threads that share a bank and prints how much more they do together, on devmap ' +
        'and refcount: an address space each or one together, on units of their own or on the same ones; with the ' +
        'races that counters lost and the locks that were waited for.',
    )
    .addOption(
      new Option('--threads <n>', 'the most threads')
        .argParser(option.wholeNumber('threads', 1, THREADS_MAX))
        .default(Math.min(availableParallelism(), THREADS_MAX), 'as many as CPUs'),
    )
    .addOption(
      option
        .choiceOption(
          '--mm <kind>',
          'one address space for all (with its locks), or one each',
          MM_KINDS,
        )
        .default('own'),
    )
    .addOption(
      option
        .choiceOption(
          '--pattern <kind>',
          'a part of the device each, all the same units, or one hot unit',
          CREW_PATTERNS,
        )
        .default('disjoint'),
    )
    .addOption(option.alignOption().default('4K'))
    .addOption(option.sizeOption().default(undefined, '1GiB, 4GiB, 256GiB by unit'))
    .addOption(option.mapOption().default('mem'))
    .addOption(option.pinPagesOption().default(PIN_PAGES))
    .addOption(option.timeOption(5))
    .addOption(option.seedOption())
    .addOption(option.jsonOption())
    .examples(`
  daxstorm scale                                        an address space each, parts of their own
  daxstorm scale --mm shared --pattern overlapping      all locks and counters contended
  daxstorm scale --pattern hot --align 2M --threads 8
  daxstorm scale --json scale.json && daxstorm report scale.json --html scale.html`)
    .action((flags: ScaleFlags) => runScale(flags, context));
}

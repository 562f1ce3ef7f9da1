import { setImmediate } from 'node:timers/promises';
import { Argument, Option } from 'commander';
import { DaxError } from '../error.ts';
import { compoundReport } from '../hazard/compound.ts';
import { type Grab, guardReport, type RefcountedKernel } from '../hazard/guard.ts';
import { offsetReport } from '../hazard/offset.ts';
import type { KernelId } from '../kernel.ts';
import { formatGuard } from '../report/guard.ts';
import { formatCompound, formatOffset } from '../report/hazard.ts';
import { envelope } from '../report/json.ts';
import { type AlignName, MIB, parseSize } from '../units.ts';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

type Hazard = 'order' | 'compound' | 'offset';

interface GuardFlags {
  readonly align: AlignName;
  readonly kernel: KernelId;
  readonly grab: Grab | 'both';
  readonly firstPage: number;
  readonly pinPages: number;
  readonly baseOffset: number;
  readonly offsetPages: number;
  readonly json?: string | true;
}

/** Fails: E_ALIGN for 4K, whose leaves are as small as its folios. */
function hugeAlign({ align }: GuardFlags): Exclude<AlignName, '4K'> {
  if (align !== '4K') return align;
  throw new DaxError('E_ALIGN', '4K leaves need no folio of an order', 'use --align 2M or 1G');
}

/** Fails: E_VALUE for devmap, which is shown beside the kernel asked for anyway. */
function refcounted({ kernel }: GuardFlags): RefcountedKernel {
  if (kernel !== 'devmap') return kernel;
  throw new DaxError(
    'E_VALUE',
    'the devmap kernel never looks at a folio’s order',
    'use --kernel refcount or refcount-6.15; devmap is shown beside it',
  );
}

/** A hazard's result: as text, and as data. */
async function examine(hazard: Hazard, flags: GuardFlags): Promise<[string, object]> {
  if (hazard === 'compound') {
    const report = await compoundReport(flags.baseOffset);
    return [formatCompound(report), report];
  }
  if (hazard === 'offset') {
    const report = offsetReport(hugeAlign(flags), flags.offsetPages);
    return [formatOffset(report), report];
  }
  const report = await guardReport({
    align: hugeAlign(flags),
    kernel: refcounted(flags),
    grabs: flags.grab === 'both' ? ['get', 'pin'] : [flags.grab],
    firstPage: flags.firstPage,
    pages: flags.pinPages,
  });
  return [formatGuard(report), report];
}

async function run(
  hazard: Hazard,
  flags: GuardFlags,
  { progress, signal }: Context,
): Promise<void> {
  checkTarget(flags.json);
  progress.say('the core without the guard');
  // Lets Ctrl-C in before the core is built and the pages are grabbed.
  await setImmediate();
  if (signal.aborted) return;
  const [text, data] = await examine(hazard, flags);
  progress.clear();
  if (flags.json === undefined) print(text);
  else emitJson(flags.json, { ...envelope('guard'), hazard, [hazard]: data });
}

const HAZARDS = ['order', 'compound', 'offset'] as const satisfies readonly Hazard[];

function hazardArgument(): Argument {
  const argument = new Argument('[HAZARD]', 'what to look at').argParser(
    option.oneOf('hazard', HAZARDS),
  );
  argument.argChoices = [...HAZARDS];
  return argument.default('order');
}

const NOTES = `
Hazards:
  order     leaves of 2M or 1G over order-0 folios, with and without the kernel’s order guard
  compound  a namespace off the 1G boundary: compound pages off their units
  offset    MAP_FIXED at an unaligned file offset`;

export function guardCommand(context: Context): Command {
  return new Command('guard')
    .description(
      'What goes wrong where a huge leaf and its struct pages do not fit, told by the difference of emulated ' +
        'struct pages before and after.',
    )
    .addArgument(hazardArgument())
    .addOption(option.alignOption().default('2M'))
    .addOption(option.kernelOption().default('refcount'))
    .addOption(
      option
        .choiceOption('--grab <kind>', 'how pages are taken', ['get', 'pin', 'both'])
        .default('both'),
    )
    .addOption(option.firstPageOption().default(0))
    .addOption(option.pinPagesOption().default(512))
    .addOption(
      new Option('--base-offset <bytes>', 'compound: the namespace’s start above a 1 GiB boundary')
        .argParser((text) => parseSize(text, 'base-offset'))
        .default(2 * MIB, '2MiB'),
    )
    .addOption(
      option.countOption('offset-pages', 'offset: file offset in 4 KiB pages', 262_143).default(1),
    )
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm guard                                   2M leaves: refused, and what would happen otherwise
  daxstorm guard --grab pin --first-page 8 --pin-pages 64
  daxstorm guard --align 1G --kernel refcount-6.15
  daxstorm guard compound                          heads 2 MiB off the 1G units
  daxstorm guard offset --offset-pages 3           a leaf with stray address bits`,
    )
    .notes(NOTES)
    .action((hazard: Hazard, flags: GuardFlags) => run(hazard, flags, context));
}

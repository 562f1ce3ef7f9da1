import { setImmediate } from 'node:timers/promises';
import { Option } from 'commander';
import type { Release } from '../cost/model.ts';
import { DaxError } from '../error.ts';
import { KERNELS } from '../kernel.ts';
import { ARCHES, BASE_PAGES, geometryOf } from '../plan/geometry.ts';
import { type Host, parseHost } from '../plan/host.ts';
import { findHost, presetIds, readPreset } from '../plan/hostFile.ts';
import { parseRelease } from '../plan/operations.ts';
import { makePlan, type Plan, type PlanRequest, parseRate } from '../plan/plan.ts';
import {
  changesKernel,
  compareSides,
  parseWhatIf,
  resized,
  type Side,
  type WhatIf,
} from '../plan/whatIf.ts';
import { makePace } from '../progress.ts';
import { envelope } from '../report/json.ts';
import { formatPlan, formatPresets } from '../report/plan.ts';
import { formatWhatIfs } from '../report/planWhatIf.ts';
import type { MapName } from '../syscall/namespace.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface PlanFlags {
  readonly list?: true;
  readonly size?: string;
  readonly kind?: 'pmem' | 'dynamic';
  readonly regions?: number;
  readonly interleave?: number;
  readonly start?: string;
  readonly labels?: boolean;
  readonly dram?: string;
  readonly arch?: string;
  readonly basePage?: string;
  readonly processes?: number;
  readonly tenants?: number;
  readonly kernel: readonly Release[];
  readonly align?: string;
  readonly map?: MapName;
  readonly rate: number;
  readonly whatIf?: string;
  readonly json?: string | true;
}

/** Flags that describe the one region of a host. */
function regionFlags({ size, kind, regions, interleave, start, labels }: PlanFlags) {
  // Commander answers true where --no-labels is not given.
  const fields = {
    ...{ size, kind, count: regions, interleave, start },
    labels: labels === false ? false : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Flags that hold for the whole host. */
function hostFlags({ dram, arch, basePage, processes, tenants }: PlanFlags) {
  const fields = { dram, arch, basePage: basePage?.toUpperCase(), processes, tenants };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A named host with the flags over it. */
function overridden(name: string, flags: PlanFlags): Host {
  const host = findHost(name);
  const { size, ...region } = regionFlags(flags);
  const [other] = Object.keys(region);
  if (other !== undefined) {
    throw new DaxError(
      'E_PLAN',
      `${name} says what its regions are, so --${other === 'count' ? 'regions' : other} cannot`,
      'change the file, or leave HOST out and give --size',
    );
  }
  const sized = size === undefined ? host : resized(host, String(size));
  const { dram, ...rest } = hostFlags(flags);
  const dramBytes = dram === undefined ? {} : { dramBytes: parseDram(String(dram)) };
  return { ...sized, ...rest, ...dramBytes };
}

function parseDram(text: string): number | undefined {
  return parseHost({ regions: [{ size: '2MiB' }], dram: text }, '--dram').dramBytes;
}

function hostOf(name: string | undefined, flags: PlanFlags): Host {
  if (name !== undefined) return overridden(name, flags);
  if (flags.size === undefined) {
    throw new DaxError(
      'E_USAGE',
      'nothing says which host to plan',
      'give a preset (--list), a YAML or JSON file, or --size',
    );
  }
  const region = { name: 'region0', ...regionFlags(flags) };
  const host = { name: 'this host', regions: [region], ...hostFlags(flags) };
  return parseHost(host, 'the flags');
}

/** Of a plan, what a program can use; the request's own words are its first part. */
function planJson(plan: Plan) {
  const { request, geometry, layouts, recommendation, costs, ...rest } = plan;
  const { host, ...asked } = request;
  const { layout, overheadBytes } = recommendation;
  return {
    ...envelope('plan'),
    host,
    ...asked,
    arch: geometry.arch,
    basePageBytes: geometry.basePageBytes,
    layouts,
    // JSON has no undefined in a list.
    costs: costs.map(({ steps, ...each }) => ({
      ...each,
      steps: steps.map((step) => step ?? null),
    })),
    ...rest,
    recommendation: { unit: layout.unit, map: layout.map, overheadBytes },
  };
}

/** Units that a comparison covers: the one asked for, else all that both hosts can have. */
function whatIfs(request: PlanRequest, text: string): readonly WhatIf[] {
  const { host, releases, align, map = 'mem', rate } = request;
  // An upgrade begins at the oldest kernel named; anything else is asked of the newest.
  const release = changesKernel(text) ? releases[0] : releases.at(-1);
  const { units } = geometryOf(host.basePage, host.arch);
  const aligns = align === undefined ? units.map(({ name }) => name) : [align];
  const found: WhatIf[] = [];
  let refused: unknown;
  for (const each of aligns) {
    const before: Side = { host, release: release as Release, align: each, map, rate };
    try {
      found.push(compareSides(before, parseWhatIf(text, before)));
    } catch (error) {
      if (!DaxError.is(error) || error.code !== 'E_DEVICE_SIZE') throw error;
      refused ??= error;
    }
  }
  if (found.length === 0) throw refused;
  return found;
}

/**
 * Prices what a plan needs, release by release; the plan finds it priced. False where interrupted.
 *
 * Why: emulating what was not recorded takes seconds, in which nobody would hear a Ctrl-C.
 */
async function priceAll(request: PlanRequest, { progress, signal }: Context): Promise<boolean> {
  const pace = makePace(request.releases.length);
  for (const [i, release] of request.releases.entries()) {
    progress.say(`Linux ${release}: emulating what was not recorded`, pace(i));
    await setImmediate();
    if (signal.aborted) return false;
    makePlan({ ...request, releases: [release] });
  }
  await setImmediate();
  return !signal.aborted;
}

async function run(name: string | undefined, flags: PlanFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  if (flags.list) {
    const presets = presetIds().map((id) => [id, readPreset(id)] as const);
    if (flags.json === undefined) print(formatPresets(presets));
    else emitJson(flags.json, { ...envelope('presets'), presets: Object.fromEntries(presets) });
    return;
  }
  const host = hostOf(name, flags);
  const { kernel: releases, align, map, rate } = flags;
  const request: PlanRequest = { host, releases, align, map, rate };
  if (flags.whatIf !== undefined) {
    const all = whatIfs(request, flags.whatIf);
    context.progress.clear();
    if (flags.json === undefined) print(formatWhatIfs(all));
    else emitJson(flags.json, { ...envelope('what-if'), comparisons: all });
    return;
  }
  if (!(await priceAll(request, context))) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  const plan = makePlan(request);
  context.progress.clear();
  if (flags.json === undefined) print(formatPlan(plan));
  else emitJson(flags.json, planJson(plan));
}

const RELEASES: readonly Release[] = [KERNELS.devmap.release, KERNELS.refcount.release];

function regionOptions(): readonly Option[] {
  return [
    new Option('--size <bytes>', 'size of a region, like 3TiB'),
    option.choiceOption('--kind <kind>', 'namespaces (ndctl), or CXL and hmem (daxctl)', [
      'pmem',
      'dynamic',
    ]),
    new Option('--regions <number>', 'regions alike: sockets, modules').argParser(
      option.wholeNumber('regions', 1, 1024),
    ),
    new Option('--interleave <number>', 'modules a region interleaves over').argParser(
      option.wholeNumber('interleave', 1, 64),
    ),
    new Option('--start <address>', 'physical start of the first region'),
    new Option('--no-labels', 'modules hold no labels: a region is one namespace'),
  ];
}

function hostOptions(): readonly Option[] {
  return [
    new Option('--dram <bytes>', 'DRAM of the host'),
    option.known(new Option('--base-page <size>', 'base page'), BASE_PAGES),
    option
      .known(new Option('--arch <name>', 'architecture'), ARCHES)
      .default(undefined, 'by base page'),
    new Option('--processes <number>', 'processes that map it').argParser(
      option.wholeNumber('processes', 1, 1_000_000),
    ),
    new Option('--tenants <number>', 'parties with a device of their own').argParser(
      option.wholeNumber('tenants', 1, 4096),
    ),
  ];
}

export function planCommand(context: Context): Command {
  const command = new Command('plan')
    .description(
      'Usable size, struct pages, page tables, time to fault in, to restart, to pin and to unmap, and how ' +
        'far counters are from overflow, for every unit size, map and kernel; a recommendation, and the ' +
        'lines of ndctl or daxctl that make it so. --list shows the presets; docs/planning.md says what a file holds.',
    )
    .argument('[PRESET|FILE]', 'a host: a preset by its name, or a YAML or JSON file')
    .completes('PRESET|FILE', presetIds)
    .option('--list', 'list the presets');
  for (const each of [...regionOptions(), ...hostOptions()]) command.addOption(each);
  return command
    .addOption(
      new Option('--kernel <releases>', 'releases, like 6.12,7.3, or kernels, like devmap')
        .argParser((text) => text.split(',').map(parseRelease))
        .default(RELEASES, RELEASES.join(',')),
    )
    .addOption(new Option('--align <unit>', 'plan this unit size only'))
    .addOption(option.mapOption())
    .addOption(
      new Option('--rate <number>', 'kernel instructions a second')
        .argParser(parseRate)
        .default(3e9, '3e9'),
    )
    .addOption(
      new Option('--what-if <change>', 'compare with a kernel, a preset, a file, or KEY=VALUE,…'),
    )
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm plan optane-2s --processes 64
  daxstorm plan --size 6TiB --interleave 6 --processes 64 --align 2M
  daxstorm plan optane-2s --kernel 6.12 --what-if 7.3      we upgrade: what changes?
  daxstorm plan optane-2s --processes 64 --align 2M --what-if align=1G
  daxstorm plan cxl-e3s-512 --tenants 8 --processes 8
  daxstorm plan --size 1TiB --base-page 64K`,
    )
    .notes(
      `
Keys of --what-if: kernel, host, size, kind, processes, tenants, align, map, rate.`,
    )
    .action((name: string | undefined, flags: PlanFlags) => run(name, flags, context));
}

import { runStorm } from '../compare/storm.ts';
import { COMPARED, type KernelId } from '../kernel.ts';
import { checkLatency, measureLatency } from '../measure/latency.ts';
import { deviceJson, envelope } from '../report/json.ts';
import { formatLatency } from '../report/latency.ts';
import { formatStorm } from '../report/storm.ts';
import { EXPONENT_DEFAULT, HOT_SHARE_DEFAULT } from '../storm/pattern.ts';
import { stormPhases } from '../storm/phase.ts';
import { PIN_PAGES_DEFAULT, scenarioDevice } from '../storm/scenario.ts';
import { OVERLAPS, type Overlap } from '../wasm/core.ts';
import { Command } from './command.ts';
import { type Context, EXIT } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';
import { latencySeconds, type StormFlags, scenarioOf } from './stormFlags.ts';

interface OneStormFlags extends StormFlags {
  readonly kernel?: KernelId;
  readonly overlap: Overlap;
}

async function storm(flags: OneStormFlags, context: Context): Promise<void> {
  checkTarget(flags.json);
  const { progress, signal } = context;
  const align = flags.align ?? '4K';
  const scenario = scenarioOf(flags, align);
  const device = scenarioDevice(scenario);
  const kernels = flags.kernel ? [flags.kernel] : COMPARED;
  const phases = stormPhases(scenario, device);
  if (flags.latency) checkLatency(device);
  progress.later(flags.latency ? latencySeconds(flags) : 0);
  const result = await runStorm(device, phases, kernels, flags.overlap, {
    seconds: flags.time,
    seed: flags.seed,
    signal,
    onProgress: progress.say,
  });
  progress.later(0);
  const latency = flags.latency
    ? await measureLatency(device, phases, scenario, {
        seconds: latencySeconds(flags),
        kernels,
        signal,
        onProgress: progress.say,
      })
    : undefined;
  progress.clear();
  if (flags.json === undefined) {
    const what = `${scenario.pattern} ${scenario.access} storm`;
    print(formatStorm(result, what));
    if (latency) print(`\n${formatLatency(latency)}`);
  } else {
    const counts = Object.fromEntries(result.counts);
    const device = deviceJson(result.device);
    emitJson(flags.json, { ...envelope('storm'), scenario, ...result, device, counts, latency });
  }
  if (signal.aborted) process.exitCode = EXIT.interrupted;
}

export function stormCommand(context: Context): Command {
  return new Command('storm')
    .description(
      'Maps a device, faults every unit in the chosen order, pins and unpins, unmaps; prints every event of ' +
        'devmap and refcount (or of one kernel) and the emulated time of each step.',
    )
    .addOption(option.alignOption().default('4K'))
    .addOption(option.sizeOption().default(undefined, '1GiB, 4GiB, 256GiB by unit'))
    .option('--namespace', 'the size is a pmem namespace: the device is what ndctl leaves of it')
    .addOption(option.mapOption().default('mem'))
    .addOption(option.rangesOption().default(1))
    .addOption(option.kernelOption().default(undefined, 'devmap and refcount'))
    .addOption(option.patternOption().default('sequential'))
    .addOption(option.strideOption().default(16))
    .addOption(option.exponentOption().default(EXPONENT_DEFAULT))
    .addOption(option.hotShareOption().default(HOT_SHARE_DEFAULT))
    .addOption(option.touchesOption().default(undefined, 'as many as units'))
    .addOption(option.accessOption().default('write'))
    .addOption(option.pinPagesOption().default(PIN_PAGES_DEFAULT))
    .addOption(option.recordsOption().default('line'))
    .addOption(
      option
        .choiceOption(
          '--overlap <kind>',
          'whether a fault waits for the one before; batched: misses are read ahead, for capacity runs',
          OVERLAPS,
        )
        .default('none'),
    )
    .addOption(option.timeOption(2))
    .addOption(option.seedOption())
    .addOption(option.latencyOption())
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm storm                                        1 GiB of 4K pages, both kernels
  daxstorm storm --align 2M --size 64GiB --pattern uniform --seed 7
  daxstorm storm --size 256GiB --records packed         more 4K pages than struct pages fit
  daxstorm storm --align 1G --namespace --size 16GiB    what a 16 GiB namespace leaves
  daxstorm storm --align 2M --ranges 2 --kernel devmap  a device of two physical ranges
  daxstorm storm --pattern zipf --exponent 1.2 --touches 4000000
  daxstorm storm --latency                              percentiles of single operations too
  daxstorm storm --kernel refcount --access read --pin-pages 0`,
    )
    .action((flags: OneStormFlags) => storm(flags, context));
}

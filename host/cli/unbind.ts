import { unbindStory } from '../compare/unbind.ts';
import { COMPARED, type KernelId } from '../kernel.ts';
import { deviceJson, envelope } from '../report/json.ts';
import { formatUnbind } from '../report/unbind.ts';
import { dynamicDevice, sizeStepBytes } from '../syscall/device.ts';
import type { MapName } from '../syscall/namespace.ts';
import type { AlignName } from '../units.ts';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';

interface UnbindFlags {
  readonly align: AlignName;
  readonly size?: number;
  readonly map: MapName;
  readonly ranges: number;
  readonly kernel?: KernelId;
  readonly pinPages: number;
  readonly json?: string | true;
}

/** Steps of the device's size where none is named: enough to see several units. */
const STEPS_DEFAULT = 8;

/** JSON has no bigint: addresses as 0x… texts. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}

function unbindFlagged(flags: UnbindFlags): void {
  checkTarget(flags.json);
  const { align, map, ranges, pinPages } = flags;
  const size = flags.size ?? STEPS_DEFAULT * sizeStepBytes(align);
  const device = dynamicDevice(align, size, map, ranges);
  const kernels = flags.kernel ? [flags.kernel] : COMPARED;
  const stories = kernels.map((kernel) => unbindStory(kernel, device, pinPages));
  if (flags.json === undefined) print(formatUnbind(stories, device));
  else {
    const result = { ...envelope('unbind'), device: deviceJson(device), ranges, pinPages, stories };
    emitJson(flags.json, JSON.parse(JSON.stringify(result, plain)));
  }
}

export function unbindCommand(_context: Context): Command {
  return new Command('unbind')
    .description(
      'Two processes map a whole device; the first writes every unit and pins pages from the start, the second ' +
        'reads every unit and gets the last page. Then the driver is unbound, the first gives its pins back, the ' +
        'driver is bound again, and the second gives its page back. Prints what each kernel does of it.',
    )
    .addOption(option.alignOption().default('2M'))
    .addOption(option.sizeOption().default(undefined, '16MiB, 8GiB with 1G units'))
    .addOption(option.mapOption().default('mem'))
    .addOption(option.rangesOption().default(1))
    .addOption(option.kernelOption().default(undefined, 'devmap and refcount'))
    .addOption(option.pinPagesOption().default(512))
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm unbind                                512 pages of a 2M device pinned
  daxstorm unbind --align 4K --pin-pages 1       the late unpin whose oops was recorded
  daxstorm unbind --align 1G --pin-pages 262144 --kernel refcount
  daxstorm unbind --ranges 2 --json unbind.json  a device of two physical ranges`,
    )
    .action(unbindFlagged);
}

import { DaxError } from '../error.ts';
import {
  bankShape,
  type Device,
  dynamicDevice,
  namespaceDevice,
  withRecords,
} from '../syscall/device.ts';
import { checkBanks } from '../wasm/banks.ts';
import type { ScenarioCase } from './file.ts';

/** The device of a scenario. Fails: E_DEVICE_SIZE, E_BANK_SPAN, E_MEMORY at the file's size. */
export function caseDevice({ scenario, source }: ScenarioCase): Device {
  const { align, size, map, namespace } = scenario.device;
  try {
    const made = namespace ? namespaceDevice(align, size, map) : dynamicDevice(align, size, map);
    const device = withRecords(made, scenario.records);
    checkBanks(bankShape(device, 1, true));
    return device;
  } catch (error) {
    if (!DaxError.is(error)) throw error;
    // What is an option on the command line is a key here.
    const hint = error.hint.replaceAll('--', '');
    throw source.error(['device', 'size'], error.message, hint, error.code);
  }
}

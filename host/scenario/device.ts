import { DaxError } from '../error.ts';
import { type Device, dynamicDevice, namespaceDevice } from '../syscall/device.ts';
import type { ScenarioCase } from './file.ts';

/** The device of a scenario. Fails: E_DEVICE_SIZE at the file's size. */
export function caseDevice({ scenario, source }: ScenarioCase): Device {
  const { align, size, map, namespace } = scenario.device;
  try {
    return namespace ? namespaceDevice(align, size, map) : dynamicDevice(align, size, map);
  } catch (error) {
    if (!DaxError.is(error)) throw error;
    // What is an option on the command line is a key here.
    const hint = error.hint.replaceAll('--', '');
    throw source.error(['device', 'size'], error.message, hint, error.code);
  }
}

import type { Comparison } from '../compare/comparison.ts';
import { fingerprint } from '../measure/fingerprint.ts';
import type { Device } from '../syscall/device.ts';

/** What every JSON result begins with. */
export function envelope(schema: string) {
  return { schema: `daxstorm/${schema}.v1`, machine: fingerprint() };
}

/** A device as a result names it. */
export function deviceJson({ align, sizeBytes, map }: Device) {
  return { align, sizeBytes, map };
}

/** A comparison without what the reader can derive; NaN never reaches JSON. */
export function comparisonJson({ device, ...rest }: Comparison) {
  return { device: deviceJson(device), ...rest };
}

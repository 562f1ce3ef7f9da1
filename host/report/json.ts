import type { Comparison } from '../compare/comparison.ts';
import { fingerprint } from '../measure/fingerprint.ts';

/** What every JSON result begins with. */
export function envelope(schema: string) {
  return { schema: `daxstorm/${schema}.v1`, machine: fingerprint() };
}

/** A comparison without what the reader can derive; NaN never reaches JSON. */
export function comparisonJson({ device, ...rest }: Comparison) {
  const { align, sizeBytes, map } = device;
  return { device: { align, sizeBytes, map }, ...rest };
}

import { cpus, release } from 'node:os';
import type { Comparison } from '../compare/comparison.ts';

/** The machine a result was measured on: times of different machines are never compared. */
export function fingerprint() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cpus: processors.length,
    node: process.versions.node,
    v8: process.versions.v8,
    os: `${process.platform} ${release()}`,
  };
}

/** What every JSON result begins with. */
export function envelope(schema: string) {
  return { schema: `daxstorm/${schema}.v1`, machine: fingerprint() };
}

/** A comparison without what the reader can derive; NaN never reaches JSON. */
export function comparisonJson({ device, ...rest }: Comparison) {
  const { align, sizeBytes, map } = device;
  return { device: { align, sizeBytes, map }, ...rest };
}

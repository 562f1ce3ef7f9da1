import type { MapName, UnitSize } from '../syscall/namespace.ts';
import type { Host, Region } from './host.ts';
import type { Layout } from './layout.ts';

/** Devices beyond this are made by a loop of the shell. */
const LINES_MAX = 4;

function repeated(line: string, times: number): readonly string[] {
  if (times <= LINES_MAX) return Array.from({ length: times }, () => line);
  return [`for i in $(seq ${times}); do ${line}; done`];
}

/** ndctl's line for one region (Documentation/ndctl/ndctl-create-namespace.txt). */
function ndctlLines(
  region: Region,
  index: number,
  { unit, map, sizeBytes, tenants }: Creation,
): readonly string[] {
  const shape = `--mode=devdax --align=${unit.name} --map=${map}`;
  if (!region.labels) {
    return [`ndctl create-namespace --force --reconfig=namespace${index}.0 ${shape}`];
  }
  const line = `ndctl create-namespace --region=region${index} --size=${sizeBytes} ${shape}`;
  return repeated(line, tenants);
}

/** daxctl's lines for one region (Documentation/daxctl/daxctl-create-device.txt). */
function daxctlLines(index: number, { unit, sizeBytes, tenants }: Creation): readonly string[] {
  return [
    `daxctl disable-device dax${index}.0`,
    `daxctl reconfigure-device --size=0 dax${index}.0`,
    ...repeated(
      `daxctl create-device --region=${index} --size=${sizeBytes} --align=${unit.name}`,
      tenants,
    ),
  ];
}

interface Creation {
  readonly unit: UnitSize;
  readonly map: MapName;
  readonly sizeBytes: number;
  readonly tenants: number;
}

/**
 * What to type to get a layout, region by region. ndctl and daxctl number regions apart, so each kind
 * is counted from 0, as `ndctl list -R` and `daxctl list -R` do on a host of nothing else.
 */
export function creationLines(host: Host, layout: Layout): readonly string[] {
  const { unit, map, devices } = layout;
  const { tenants } = host;
  const regions = devices.filter((_, i) => i % tenants === 0);
  const next = { pmem: 0, dynamic: 0 };
  return regions.flatMap(({ region, sizeBytes }) => {
    const creation = { unit, map, sizeBytes, tenants };
    const index = next[region.kind]++;
    return region.kind === 'dynamic'
      ? daxctlLines(index, creation)
      : ndctlLines(region, index, creation);
  });
}

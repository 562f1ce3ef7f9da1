import type { Geometry } from './geometry.ts';
import type { Host } from './host.ts';
import { type Layout, layOut, processMemory } from './layout.ts';

/** One way to give a host to several tenants. */
export interface Tenancy {
  readonly id: 'shared' | 'sliced' | 'separate';
  readonly title: string;
  readonly usableBytes: number;
  readonly lostBytes: number;
  /** What one process can map. */
  readonly mappedBytes: number;
  readonly processTableBytes: number;
  readonly tableBytes: number;
  readonly dramBytes: number;
  /** Leaf entries of one folio when every process has faulted all in. */
  readonly folioMappings: number;
}

function describe(
  id: Tenancy['id'],
  title: string,
  layout: Layout,
  process: Layout['process'],
  processes: number,
  folioMappings: number,
): Tenancy {
  const tableBytes = process.tableBytes * processes;
  return {
    id,
    title,
    usableBytes: layout.usableBytes,
    lostBytes: layout.lostBytes,
    mappedBytes: process.mappedBytes,
    processTableBytes: process.tableBytes,
    tableBytes,
    dramBytes: layout.dramBytes - layout.tableBytes + tableBytes,
    folioMappings,
  };
}

/**
 * A device per tenant against one device for all, mapped whole or by slices; none with one tenant.
 * Each tenant has as many processes.
 */
export function tenancies(host: Host, separate: Layout, geometry: Geometry): readonly Tenancy[] {
  const { tenants, processes } = host;
  if (tenants === 1) return [];
  const { unit, map } = separate;
  const shared = layOut({ ...host, tenants: 1 }, unit, map, geometry);
  const slices = shared.devices.map(
    ({ usableBytes }) => Math.floor(usableBytes / tenants / unit.bytes) * unit.bytes,
  );
  const each = Math.ceil(processes / tenants);
  const sliced = processMemory(slices, unit, geometry);
  return [
    describe('shared', 'one device, all map all', shared, shared.process, processes, processes),
    describe('sliced', 'one device, a slice each', shared, sliced, processes, each),
    describe('separate', 'a device per tenant', separate, separate.process, processes, each),
  ];
}

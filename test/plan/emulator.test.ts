// The planner's formulas against the emulator: what it plans is what the core allocates, to the byte.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { geometryOf, processTables } from '../../host/plan/geometry.ts';
import { parseHost } from '../../host/plan/host.ts';
import { layOut } from '../../host/plan/layout.ts';
import { memmapOf } from '../../host/plan/memmap.ts';
import {
  DEVICE_START_BYTES,
  type Device,
  dynamicDevice,
  namespaceDevice,
} from '../../host/syscall/device.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import type { MapName } from '../../host/syscall/namespace.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, GIB, MIB, PAGE_BYTES } from '../../host/units.ts';
import { OpStream } from '../../host/wasm/ops.ts';

const geometry = geometryOf('4K', 'x86-64');
const READ_WRITE = { read: true, write: true, exec: false };
const PROCESSES = 3;
/** Entries of a top table: a mapping that begins at one shares no table with another. */
const TOP_SPAN = 512n * BigInt(GIB);

/* Sizes that fill no table of any level, and so would show one too few or too many. */
const NAMESPACE_BYTES: Readonly<Record<AlignName, number>> = {
  '4K': 130 * MIB,
  '2M': 3 * GIB + 6 * MIB,
  '1G': 7 * GIB,
};

type Case = readonly [kernel: KernelId, align: AlignName, map: MapName];
const CASES: readonly Case[] = KERNEL_IDS.flatMap((kernel) =>
  ALIGN_NAMES.flatMap((align) =>
    (['mem', 'dev'] as const).map((map): Case => [kernel, align, map]),
  ),
);

function unitOf(align: AlignName) {
  return { name: align, bytes: ALIGNS[align] };
}

/** A booted kernel whose processes have all mapped the whole device and faulted all of it in. */
function faultedIn(kernel: KernelId, device: Device, address: bigint) {
  const system = new System({ kernel, kind: 'counted', device, processes: PROCESSES });
  const processes = Array.from({ length: PROCESSES }, () => {
    const process = system.createProcess();
    const mapped = mmap(process, {
      lengthBytes: BigInt(device.sizeBytes),
      protection: READ_WRITE,
      ...(address === 0n ? {} : { address, flags: { type: 'shared', fixed: 'replace' } }),
    });
    if (!mapped.ok) throw new Error(`mmap: ${mapped.errno}`);
    const stream = new OpStream();
    for (let at = 0; at < device.sizeBytes; at += device.unitBytes) {
      stream.push('touchWrite', mapped.value.slot, at / PAGE_BYTES);
    }
    expect(system.machine.run(stream, 'natural').failed).toBe(0);
    return { process, vma: mapped.value };
  });
  return { system, processes };
}

/** What the core keeps of struct pages for a device, in bytes. */
function recordBytes({ machine }: System): number {
  return machine.bank.recordsEnd - machine.bank.records;
}

describe('a namespace, every process with all of it faulted in', () => {
  test.each(CASES)('%s, %s, map=%s', (kernel, align, map) => {
    const sizeBytes = NAMESPACE_BYTES[align];
    const host = parseHost(
      {
        regions: [{ size: sizeBytes, start: DEVICE_START_BYTES, labels: false }],
        processes: PROCESSES,
      },
      'a test',
    );
    const plan = layOut(host, unitOf(align), map, geometry);
    const device = namespaceDevice(align, sizeBytes, map);
    expect(plan.usableBytes).toBe(device.sizeBytes);

    const { system, processes } = faultedIn(kernel, device, TOP_SPAN);
    for (const { process } of processes) {
      expect(system.machine.tableBytes(process.mm)).toBe(plan.process.tableBytes);
    }
    // The top tables are not in VmPTE.
    const live = system.machine.liveTables() * PAGE_BYTES;
    expect(live - PROCESSES * PAGE_BYTES).toBe(plan.tableBytes);

    // The core keeps struct pages of the data alone, not of the metadata before it.
    const { physBytes: startBytes, sizeBytes: spanBytes } = device;
    const pages = memmapOf({
      ...{ startBytes, spanBytes, unit: unitOf(align), map, geometry },
      metadataBytes: 0,
    });
    expect(recordBytes(system)).toBe(pages.dramBytes + pages.deviceBytes);
  });
});

describe('where the kernel itself chooses the address', () => {
  test.each(CASES)('%s, %s, map=%s: the tables that this address needs', (kernel, align, map) => {
    const device = namespaceDevice(align, NAMESPACE_BYTES[align], map);
    const unit = unitOf(align);
    const { system, processes } = faultedIn(kernel, device, 0n);
    const least = processTables(geometry, unit, device.sizeBytes).bytes;
    for (const { process, vma } of processes) {
      const real = system.machine.tableBytes(process.mm);
      expect(real).toBe(processTables(geometry, unit, device.sizeBytes, Number(vma.start)).bytes);
      // What a plan prints is the least; each level can take one table more.
      expect(real - least).toBeGreaterThanOrEqual(0);
      expect(real - least).toBeLessThanOrEqual(3 * PAGE_BYTES);
    }
  });
});

describe('a dynamic device: all of it is usable, all struct pages are kept', () => {
  test.each(ALIGN_NAMES)('%s', (align) => {
    const sizeBytes = ALIGNS[align] * (align === '4K' ? 4096 : 6);
    const host = parseHost(
      { regions: [{ kind: 'dynamic', size: sizeBytes, start: DEVICE_START_BYTES }] },
      'a test',
    );
    const plan = layOut(host, unitOf(align), 'mem', geometry);
    const device = dynamicDevice(align, sizeBytes);
    const { system } = faultedIn('refcount', device, TOP_SPAN);
    expect(plan.usableBytes).toBe(sizeBytes);
    expect(recordBytes(system)).toBe(plan.structPages.dramBytes);
    expect(plan.structPages.dedup).toBe(device.dedup);
  });
});

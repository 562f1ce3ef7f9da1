import type { KernelId } from '../kernel.ts';
import { access } from '../syscall/access.ts';
import type { Device } from '../syscall/device.ts';
import { mmap } from '../syscall/mmap.ts';
import type { Process } from '../syscall/process.ts';
import { System } from '../syscall/system.ts';
import type { Vma } from '../syscall/vma.ts';
import { PAGE_BYTES } from '../units.ts';
import type { Banks } from '../wasm/banks.ts';
import { makeBuild, STEPS_ALL } from '../wasm/made.ts';

/** A counted kernel, one process, and its one mapping. */
export interface Stage {
  readonly system: System;
  readonly process: Process;
  readonly vma: Vma;
}

export interface StageOptions {
  readonly kernel: KernelId;
  readonly device: Device;
  /** A build in place of the shipped one. */
  readonly wasm?: string | undefined;
  /** A bank whose first page lies `firstPage` pages before the device's. */
  readonly banks?: Banks;
  readonly firstPage?: number;
}

const READ_WRITE = { read: true, write: true, exec: false };

/** Boots a kernel and maps all of a device. */
export function setUp({ kernel, device, wasm, banks, firstPage = 0 }: StageOptions): Stage {
  const system = new System({
    kernel,
    kind: 'counted',
    device,
    ...(wasm ? { wasm } : {}),
    ...(banks ? { banks } : {}),
  });
  const process = system.createProcess();
  const mapped = mmap(process, {
    lengthBytes: BigInt(device.sizeBytes),
    offsetBytes: BigInt(firstPage * PAGE_BYTES),
    protection: READ_WRITE,
  });
  if (!mapped.ok) throw new Error(`mmap failed: ${mapped.errno}`);
  return { system, process, vma: mapped.value };
}

/** The first leaf mapped and touched anew, at the same place. */
export function mapAgain({ system, process, vma }: Stage): void {
  const lengthBytes = BigInt(system.device.unitBytes);
  const flags = { type: 'shared', fixed: 'replace' } as const;
  mmap(process, { address: vma.start, lengthBytes, protection: READ_WRITE, flags });
  access(process, vma.start, 'write');
}

/** A counted build of a refcounted kernel that maps a folio of any order. */
export function unguardedBuild(kernel: Exclude<KernelId, 'devmap'>): Promise<string> {
  return makeBuild({
    kernel,
    detail: 'full',
    steps: STEPS_ALL,
    percpu: 'plain',
    counted: true,
    guard: false,
  });
}

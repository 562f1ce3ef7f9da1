import { KERNEL_IDS, type KernelId } from '../kernel.ts';
import { access } from '../syscall/access.ts';
import { dynamicDevice } from '../syscall/device.ts';
import { mmap } from '../syscall/mmap.ts';
import { System } from '../syscall/system.ts';
import { ALIGNS, type AlignName, PAGE_BYTES } from '../units.ts';
import { walk } from '../wasm/walk.ts';

/** A huge mapping at a file offset that is no multiple of the unit, on one kernel. */
export interface OffsetRun {
  readonly kernel: KernelId;
  readonly mmap: string;
  readonly touch: string;
  /** The raw leaf; what is wrong with its address: nothing, or bits below the unit. */
  readonly leaf: string;
  readonly strayBits: string;
  /** Byte of the device that the mapping's first byte reaches, and that it was asked for. */
  readonly reachesByte: number;
  readonly askedByte: number;
  /** `index` that dax_set_mapping stored in the head, in 4 KiB pages. */
  readonly index: number;
  readonly warnings: readonly string[];
}

export interface OffsetReport {
  readonly align: AlignName;
  readonly offsetPages: number;
  readonly runs: readonly OffsetRun[];
}

const READ_WRITE = { read: true, write: true, exec: false };
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;

function run(kernel: KernelId, align: Exclude<AlignName, '4K'>, offsetPages: number): OffsetRun {
  const unitBytes = ALIGNS[align];
  const device = dynamicDevice(align, 4 * unitBytes);
  const system = new System({ kernel, kind: 'counted', device });
  const process = system.createProcess();
  const address = BigInt(16 * unitBytes);
  const offsetBytes = BigInt(offsetPages * PAGE_BYTES);
  const mapped = mmap(process, {
    address,
    lengthBytes: BigInt(unitBytes),
    offsetBytes,
    protection: READ_WRITE,
    flags: { type: 'shared', fixed: 'replace' },
  });
  const { signal = 'none' } = mapped.ok ? access(process, address, 'write') : {};
  const entry = walk(system.machine.bank, process.mm, address).leaf?.entry ?? 0n;
  const stray = entry & ADDRESS_MASK & (BigInt(unitBytes) - 1n);
  const phys = (entry & ADDRESS_MASK) - stray;
  return {
    kernel,
    mmap: mapped.ok ? 'ok' : mapped.errno,
    touch: signal,
    leaf: `0x${entry.toString(16)}`,
    strayBits: `0x${stray.toString(16)}`,
    reachesByte: Number(phys - BigInt(device.physBytes)),
    askedByte: Number(offsetBytes),
    index: Number(system.machine.page(0).index),
    warnings: system.machine.warnings(),
  };
}

/**
 * MAP_FIXED at a unit-aligned address with a file offset that is not: no check refuses it.
 *
 * Source: semantics 12.20.
 */
export function offsetReport(align: Exclude<AlignName, '4K'>, offsetPages: number): OffsetReport {
  return { align, offsetPages, runs: KERNEL_IDS.map((kernel) => run(kernel, align, offsetPages)) };
}

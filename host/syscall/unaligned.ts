import type { Process } from './process.ts';

/** Reports mappings in or beside [start, end] that a call has just left off the unit. */
export function reportUnaligned(process: Process, start: bigint, end: bigint): void {
  const { device, machine, bugs } = process.system;
  const unit = BigInt(device.unitBytes);
  for (const vma of process.overlapping(start - 1n, end + 1n)) {
    if (vma.kind !== 'device' || (vma.start % unit === 0n && vma.end % unit === 0n)) continue;
    bugs.push({
      code: 'unalignedMapping',
      kernel: machine.kernel,
      process: process.id,
      address: vma.start,
      count: 1,
      text: `0x${vma.start.toString(16)}-0x${vma.end.toString(16)} is off the ${device.align} unit: every new fault in it is SIGBUS`,
    });
  }
}

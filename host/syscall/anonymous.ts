import type { Process } from './process.ts';
import type { Vma } from './vma.ts';

/**
 * A mapping of other memory: a library, a stack, a reservation. It takes up address space, and
 * where `touched` its page tables are there; nothing else of it is emulated.
 */
export function mapAnonymous(process: Process, start: bigint, end: bigint, touched: boolean): Vma {
  const slot = process.system.takeSlot();
  const vma = { slot, start, end, pgoff: 0n, flags: 0, device: false };
  process.replace([], [vma]);
  if (touched) process.system.machine.core.needTables(process.mm, start);
  return vma;
}

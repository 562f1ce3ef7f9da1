import { noTable } from '../wasm/machine.ts';
import type { Process } from './process.ts';
import type { Vma } from './vma.ts';

/**
 * A mapping of other memory. `anonymous` is in use, so its first page table is there: a library, a
 * stack; `reserved` only takes up address space.
 *
 * Fails: E_MEMORY where no page table is left.
 */
export function mapAnonymous(
  process: Process,
  start: bigint,
  end: bigint,
  kind: Exclude<Vma['kind'], 'device'>,
  flags = 0,
): Vma {
  const slot = process.system.takeSlot();
  const vma = { slot, start, end, pgoff: start >> 12n, flags, kind };
  process.replace([], [vma]);
  if (kind === 'anonymous' && !process.system.machine.core.needTables(process.mm, start)) {
    process.replace([vma], []);
    throw noTable('a mapping');
  }
  return vma;
}

import * as abi from '../wasm/abi.ts';
import { noTable } from '../wasm/machine.ts';
import { reportBadRss } from './lostLeaf.ts';
import { unmapRange } from './munmap.ts';
import { Process } from './process.ts';

/**
 * fork(2): the mappings are copied, their entries are not (vma_needs_copy, semantics 8): the child
 * faults afresh and no counter moves.
 *
 * Fails: E_MEMORY where no page table is left, with nothing changed.
 */
export function fork(parent: Process): Process {
  const { system } = parent;
  const child = new Process(system, parent.mmapBase);
  const copied = parent.vmas
    .filter((vma) => !(vma.flags & abi.VM_DONTCOPY))
    .map((vma) => ({ ...vma, slot: system.takeSlot() }));
  child.hugeFaults = parent.hugeFaults;
  child.replace([], copied);
  for (const { kind, start } of copied) {
    if (kind === 'anonymous' && !system.machine.core.needTables(child.mm, start)) {
      exit(child);
      throw noTable('a process');
    }
  }
  return child;
}

/** exit_mmap: every mapping goes, page tables with them. */
export function exit(process: Process): void {
  const [first] = process.vmas;
  const last = process.vmas.at(-1);
  if (first && last) unmapRange(process, first.start, last.end);
  reportBadRss(process);
  process.system.tlb.forget(process);
  process.system.machine.freeMm(process.mm);
  process.system.processes.delete(process);
}

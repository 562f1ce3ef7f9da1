import { PAGE_BYTES } from '../units.ts';
import * as abi from '../wasm/abi.ts';
import type { Level } from '../wasm/walk.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';
import type { System } from './system.ts';
import { unmapMappingRange } from './unbind.ts';

/** SIGBUS with what its siginfo says. */
export interface PoisonSignal {
  readonly process: Process;
  /** MCEERR_AR: the task that hit the poison; MCEERR_AO: others that map it. */
  readonly code: 'MCEERR_AR' | 'MCEERR_AO';
  /** si_addr: where the folio's head is mapped. */
  readonly address: bigint;
  /** si_addr_lsb: 12, 21 or 30, by the leaf found. */
  readonly addressLsb: 12 | 21 | 30;
}

export interface MemoryFailure {
  /** Head of the poisoned folio: all of a huge unit. */
  readonly head: number;
  readonly signals: readonly PoisonSignal[];
  /** What was unmapped around it in every mapping; 0 where nobody had a leaf. */
  readonly unmappedBytes: number;
}

const SHIFTS: Partial<Record<Level, PoisonSignal['addressLsb']>> = { pte: 12, pmd: 21, pud: 30 };

/** One task's mappings of the head that have a leaf: add_to_kill, dev_pagemap_mapping_shift. */
function found(process: Process, index: bigint, current: Process | undefined): PoisonSignal[] {
  const { machine } = process.system;
  return process.vmas.flatMap((vma) => {
    const pages = (vma.end - vma.start) / BigInt(PAGE_BYTES);
    if (vma.kind !== 'device' || index < vma.pgoff || index >= vma.pgoff + pages) return [];
    const address = vma.start + (index - vma.pgoff) * BigInt(PAGE_BYTES);
    const { leaf } = machine.walk(process.mm, address);
    const addressLsb = leaf && SHIFTS[leaf.level];
    if (!addressLsb) return [];
    return [
      { process, code: process === current ? 'MCEERR_AR' : 'MCEERR_AO', address, addressLsb },
    ];
  });
}

/**
 * memory_failure of a device page: `current` is the task whose access hit the poison, where one did.
 * The page is not kept from later faults.
 *
 * Source: semantics 8; mm/memory-failure.c: memory_failure_dev_pagemap, mf_generic_kill_procs,
 * unmap_and_kill. Errors: EBUSY where no fault ever reached the page; ENXIO where the device has no
 * such page, or no driver is bound.
 */
export function memoryFailure(
  system: System,
  page: number,
  current?: Process,
): SyscallResult<MemoryFailure> {
  const { machine, device } = system;
  if (page < 0 || page >= device.sizeBytes / PAGE_BYTES) return fail('ENXIO');
  const status = machine.core.poison(page);
  if (status === abi.GONE) return fail('ENXIO');
  if (status === abi.NEVER_FAULTED) return fail('EBUSY');
  const { head, index } = machine.page(page);
  const signals = [...system.processes].flatMap((process) => found(process, index, current));
  const shift = Math.max(0, ...signals.map(({ addressLsb }) => addressLsb));
  if (shift === 0) return succeed({ head, signals, unmappedBytes: 0 });
  const pages = 2 ** (shift - 12);
  const first = Number(index) - (Number(index) % pages);
  unmapMappingRange(system, first, first + pages);
  return succeed({ head, signals, unmappedBytes: pages * PAGE_BYTES });
}

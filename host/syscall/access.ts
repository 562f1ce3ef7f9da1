import * as abi from '../wasm/abi.ts';
import { statusOf } from '../wasm/machine.ts';
import type { Process } from './process.ts';

/** A load, a store or an instruction fetch. */
export type AccessKind = 'read' | 'write' | 'exec';

/** What the program sees of an access; neither signal nor want of memory: it went through. */
export interface AccessResult {
  /** Absent where the access went through. */
  readonly signal?: 'SIGBUS' | 'SIGSEGV';
  /** si_code of the signal, without its prefix. */
  readonly code?: 'ADRERR' | 'ACCERR' | 'MAPERR';
  /** No page table could be had: no signal, the kernel tries again until the OOM killer made room. */
  readonly outOfMemory?: true;
}

const KINDS: Readonly<Record<AccessKind, number>> = {
  read: abi.ACCESS_READ,
  write: abi.ACCESS_WRITE,
  exec: abi.ACCESS_EXEC,
};

/**
 * A load, store or instruction fetch at `va`; through a translation that no flush ended, if there is one.
 *
 * Source: semantics 5.1; SIGBUS is BUS_ADRERR, SIGSEGV is MAPERR in a hole and ACCERR otherwise.
 */
export function access(process: Process, va: bigint, kind: AccessKind): AccessResult {
  if (process.system.tlb.serves(process, va, kind)) return {};
  const vma = process.vmaAt(va);
  if (!vma) return { signal: 'SIGSEGV', code: 'MAPERR' };
  // Other memory is only a place: what it permits is not emulated.
  if (vma.kind !== 'device') return {};
  const { core } = process.system.machine;
  const status = statusOf(core.touch(process.descriptor(vma), va, KINDS[kind]));
  if (status === abi.OK) return {};
  if (status === abi.SIGSEGV) return { signal: 'SIGSEGV', code: 'ACCERR' };
  if (status === abi.OOM) return { outOfMemory: true };
  return { signal: 'SIGBUS', code: 'ADRERR' };
}

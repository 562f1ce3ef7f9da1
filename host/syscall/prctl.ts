import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Process } from './process.ts';

/**
 * PR_SET_THP_DISABLE: `completely`, or (Linux 7.3) for mappings not advised with MADV_HUGEPAGE.
 *
 * Device-DAX mappings carry VM_HUGEPAGE, so the second form leaves them alone; under the first no huge
 * fault is tried, and on a 2M or 1G device every first touch is SIGBUS (semantics 5.1).
 */
export type ThpDisable = 'off' | 'completely' | 'exceptAdvised';

/** prctl(2) PR_SET_THP_DISABLE. Leaves that are present stay. */
export function setThpDisable(process: Process, what: ThpDisable): SyscallResult<void> {
  const { kernel } = process.system.machine;
  if (what === 'exceptAdvised' && kernel !== 'refcount') return fail('EINVAL');
  process.hugeFaults = what !== 'completely';
  return succeed(undefined);
}

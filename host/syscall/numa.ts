import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import { gup, release } from './gup.ts';
import { mayCut, piece } from './munmap.ts';
import type { Process } from './process.ts';
import { eachPart, hasHole, rangeEnd } from './range.ts';
import type { Vma } from './vma.ts';

export interface MemoryPolicy {
  readonly mode: 'default' | 'preferred' | 'bind' | 'interleave' | 'local';
  /** Nodes of the policy; the emulated machine has node 0 alone. */
  readonly nodes?: readonly number[];
}

/** The policy as numa_maps names it; undefined is the default. EINVAL: no node of it exists. */
function policyName({ mode, nodes = [] }: MemoryPolicy): SyscallResult<string | undefined> {
  if (mode === 'default') return nodes.length ? fail('EINVAL') : succeed(undefined);
  if (mode === 'local') return nodes.length ? fail('EINVAL') : succeed('local');
  return nodes.includes(0) ? succeed(`${mode}:0`) : fail('EINVAL');
}

/** mbind_range on one mapping: the part gets the policy; split only if that changes anything. */
function applyPolicy(
  process: Process,
  vma: Vma,
  from: bigint,
  to: bigint,
  policy: string | undefined,
): Errno | undefined {
  if (vma.policy === policy) return undefined;
  if (!mayCut(process, vma, from) || !mayCut(process, vma, to)) return 'EINVAL';
  const { policy: _old, ...part } = piece(process, vma, from, to);
  const rest = [
    ...(vma.start < from ? [piece(process, vma, vma.start, from)] : []),
    ...(vma.end > to ? [piece(process, vma, to, vma.end)] : []),
  ];
  process.replace([vma], [...rest, policy === undefined ? part : { ...part, policy }]);
  return undefined;
}

/**
 * mbind(2), with MPOL_MF_MOVE or without: DAX mappings are not migratable, so only the policy of the
 * mapping changes, and where it does the mapping may have to split (semantics 4.4, 8).
 */
export function mbind(
  process: Process,
  start: bigint,
  lengthBytes: bigint,
  policy: MemoryPolicy,
): SyscallResult<void> {
  if (start % 4096n) return fail('EINVAL');
  const end = rangeEnd(start, lengthBytes);
  const name = policyName(policy);
  if (!name.ok) return name;
  if (hasHole(process, start, end)) return fail('EFAULT');
  const errno = eachPart(process, start, end, (vma, from, to) =>
    applyPolicy(process, vma, from, to, name.value),
  );
  return errno ? fail(errno) : succeed(undefined);
}

/** get_mempolicy(2) of an address with MPOL_F_NODE: the node of its page, faulted in if need be. */
export function getMempolicyNode(process: Process, va: bigint): SyscallResult<number> {
  if (!process.vmaAt(va)) return fail('EFAULT');
  const request = { pin: false, write: false, longterm: false, mode: 'fast' } as const;
  const { pages, errno } = gup(process, va - (va % 4096n), 1, request);
  if (errno) return fail(errno);
  release(process, pages, false);
  return succeed(0);
}

/** move_pages(2) without nodes: the state of each page. Device pages have none (ENOENT). */
export function movePagesStatus(
  process: Process,
  addresses: readonly bigint[],
): readonly (Errno | number)[] {
  return addresses.map((va) => (process.vmaAt(va) ? 'ENOENT' : 'EFAULT'));
}

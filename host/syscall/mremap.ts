import { PAGE_BYTES } from '../units.ts';
import * as abi from '../wasm/abi.ts';
import { requireCongruent, requireOneSlot } from './congruent.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import { reportLostLeaves, reportMissingFlush } from './lostLeaf.ts';
import { chooseAddress } from './mmap.ts';
import { munmap, unmapRange } from './munmap.ts';
import { type Process, TASK_SIZE_4 } from './process.ts';
import { reportUnaligned } from './unaligned.ts';
import type { Vma } from './vma.ts';

export interface MremapRequest {
  readonly address: bigint;
  /** 0 makes a second, empty mapping of the same place in the device. */
  readonly oldBytes: bigint;
  readonly newBytes: bigint;
  readonly mayMove?: boolean;
  /** MREMAP_FIXED: where to. Its alignment is checked to 4 KiB only. */
  readonly fixed?: bigint;
  /** MREMAP_DONTUNMAP: the old mapping stays, empty. */
  readonly dontUnmap?: boolean;
}

/** Old place and new place of a move, lengths in bytes. */
interface Move {
  readonly from: bigint;
  readonly oldLength: bigint;
  readonly to: bigint;
  readonly newLength: bigint;
}

const PAGE = BigInt(PAGE_BYTES);
const PMD = 1n << 21n;

function wholePages(bytes: bigint): bigint {
  return ((bytes + PAGE - 1n) / PAGE) * PAGE;
}

/** What the arguments alone forbid. */
function badArguments(request: MremapRequest, oldLength: bigint, newLength: bigint): boolean {
  const { address, fixed, mayMove = false, dontUnmap = false } = request;
  if ((fixed !== undefined || dontUnmap) && !mayMove) return true;
  if (dontUnmap && oldLength !== newLength) return true;
  if (address % PAGE || newLength === 0n) return true;
  return false;
}

/** What a fixed place may not be. */
function badPlace(
  { address, fixed }: MremapRequest,
  oldLength: bigint,
  newLength: bigint,
): boolean {
  if (fixed === undefined) return false;
  if (fixed % PAGE || newLength > TASK_SIZE_4 || fixed > TASK_SIZE_4 - newLength) return true;
  return address + oldLength > fixed && fixed + newLength > address;
}

/** A gap for the mapping that starts at `from`, by the rule of mmap without a hint. */
function findPlace(process: Process, vma: Vma, from: bigint, length: bigint): bigint | undefined {
  if (vma.kind !== 'device') return process.findGap(length);
  return chooseAddress(process, length, vma.pgoff * PAGE + (from - vma.start));
}

/** try_realign_addr: both ends as far into a 2 MiB slot, with nothing before them in it. */
function startsEarlier(process: Process, { from, oldLength, to }: Move): bigint {
  const into = from % PMD;
  if (into === 0n || into !== to % PMD || oldLength < PMD - into) return 0n;
  const free = [from, to].every(
    (at) => process.requireVma(at).start === at && process.overlapping(at - into, at).length === 0,
  );
  return free ? into : 0n;
}

/** move_page_tables from one mapping to the other; not `moved`: no memory, and everything is back. */
function moveEntries(process: Process, move: Move) {
  const { core } = process.system.machine;
  const into = startsEarlier(process, move);
  const from = move.from - into;
  const to = move.to - into;
  const status = core.moveTables(process.mm, from, to, move.oldLength + into);
  const lost = reportLostLeaves(process);
  if (status === abi.OK) return { moved: true, lost };
  const done = core.movedBytes();
  if (done > into) core.moveTables(process.mm, move.to, move.from, done - into);
  return { moved: false, lost };
}

/** may_split as prep_move_vma asks it: of any end that is not the mapping's own, old size 0 included. */
function refusesSplit(process: Process, vma: Vma, from: bigint, end: bigint): boolean {
  if (vma.kind !== 'device') return false;
  const unit = BigInt(process.system.device.unitBytes);
  return (vma.start !== from && from % unit !== 0n) || (vma.end !== end && end % unit !== 0n);
}

/** Refuses what several banks cannot do, before anything is changed. Fails: E_BANK_SPAN. */
function requirePlace(process: Process, { fixed }: MremapRequest, move: Move): void {
  const { from, oldLength, newLength } = move;
  const vma = process.requireVma(from);
  if (vma.kind !== 'device') return;
  requireOneSlot(process, from, from + (oldLength < newLength ? oldLength : newLength));
  if (fixed === undefined) return;
  requireCongruent(process, fixed, fixed + newLength, vma.pgoff * PAGE + (from - vma.start));
}

/** move_vma: a new mapping, the entries moved, the old range unmapped. */
function moveMapping(
  process: Process,
  vma: Vma,
  move: Move,
  dontUnmap: boolean,
): SyscallResult<bigint> {
  const { from, oldLength, to, newLength } = move;
  if (refusesSplit(process, vma, from, from + oldLength)) return fail('EINVAL');
  const pgoff = vma.pgoff + (from - vma.start) / PAGE;
  const slot = process.system.takeSlot();
  process.replace([], [{ ...vma, slot, start: to, end: to + newLength, pgoff }]);
  const { moved, lost } = moveEntries(process, move);
  if (!moved) unmapRange(process, to, to + newLength);
  else if (!dontUnmap && oldLength > 0n) unmapRange(process, from, from + oldLength);
  reportMissingFlush(process, lost);
  if (moved) reportUnaligned(process, to, to + newLength);
  return moved ? succeed(to) : fail('ENOMEM');
}

/**
 * mremap_to: MREMAP_FIXED and MREMAP_DONTUNMAP. What is at the target goes first, and stays gone even
 * where the move is refused afterwards.
 */
function mremapTo(process: Process, request: MremapRequest, move: Move): SyscallResult<bigint> {
  const { from, newLength } = move;
  const crosses = (length: bigint): boolean => length > process.requireVma(from).end - from;
  const oldLength = move.oldLength > newLength ? newLength : move.oldLength;
  // Kernel: refcount (6.17 on) looks before it unmaps anything (check_prep_vma), the others after.
  if (process.system.machine.kernel === 'refcount' && crosses(oldLength)) return fail('EFAULT');
  requirePlace(process, request, move);
  if (request.fixed !== undefined) {
    const cleared = unmapRange(process, request.fixed, request.fixed + newLength);
    if (!cleared.ok) return cleared;
  }
  if (oldLength < move.oldLength) {
    const cut = munmap(process, from + newLength, move.oldLength - newLength);
    if (!cut.ok) return cut;
  }
  const vma = process.vmaAt(from);
  if (!vma || oldLength > vma.end - from) return fail('EFAULT');
  const to = request.fixed ?? findPlace(process, vma, from, newLength);
  if (to === undefined) return fail('ENOMEM');
  return moveMapping(process, vma, { ...move, oldLength, to }, request.dontUnmap ?? false);
}

/** In place where the mapping ends there and the room behind it is free; else it moves. */
function grow(
  process: Process,
  vma: Vma,
  request: MremapRequest,
  move: Move,
): SyscallResult<bigint> {
  const { from, oldLength, newLength } = move;
  if (oldLength > vma.end - from) return fail('EFAULT');
  const end = from + newLength;
  const free = end <= TASK_SIZE_4 && process.overlapping(vma.end, end).length === 0;
  if (oldLength === vma.end - from && free) {
    if (vma.kind === 'device') requireCongruent(process, vma.start, end, vma.pgoff * PAGE);
    process.replace([vma], [{ ...vma, end }]);
    process.giveSoftDirty(from, vma.flags);
    reportUnaligned(process, from, end);
    return succeed(from);
  }
  const to = request.mayMove ? findPlace(process, vma, from, newLength) : undefined;
  if (to === undefined) return fail('ENOMEM');
  requirePlace(process, request, move);
  return moveMapping(process, vma, { ...move, to }, false);
}

/**
 * mremap(2); answers the address. No count of any page changes where entries move, except that 1G leaves
 * cannot be moved and are lost, and that 2M leaves are dropped on the way to an unaligned address.
 * A range of several mappings is EFAULT in all kernels: what 6.17 brought moves none whose file has its
 * own get_unmapped_area (vma_multi_allowed), as device-DAX has.
 *
 * Source: semantics 8; mm/mremap.c: mremap, move_vma, move_page_tables.
 */
export function mremap(process: Process, request: MremapRequest): SyscallResult<bigint> {
  const { address, fixed, dontUnmap = false } = request;
  const oldLength = wholePages(request.oldBytes);
  const newLength = wholePages(request.newBytes);
  if (badArguments(request, oldLength, newLength)) return fail('EINVAL');
  const vma = process.vmaAt(address);
  const misplaced = badPlace(request, oldLength, newLength);
  // Kernel: before 6.17 the mapping is looked for before the place is looked at (mremap_to).
  if (misplaced && (vma || process.system.machine.kernel === 'refcount')) return fail('EINVAL');
  if (!vma) return fail('EFAULT');
  const move: Move = { from: address, oldLength, to: 0n, newLength };
  if (fixed !== undefined || dontUnmap) return mremapTo(process, request, move);
  if (oldLength < newLength) return grow(process, vma, request, move);
  if (oldLength === newLength) return succeed(address);
  const cut = munmap(process, address + newLength, oldLength - newLength);
  return cut.ok ? succeed(address) : cut;
}

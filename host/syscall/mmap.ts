import { PAGE_BYTES } from '../units.ts';
import * as abi from '../wasm/abi.ts';
import { chooseCongruent, requireCongruent } from './congruent.ts';
import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';
import { mayCut, unmapRange } from './munmap.ts';
import type { OpenMode } from './node.ts';
import { mapPopulate } from './populate.ts';
import { MMAP_MIN, type Process, TASK_SIZE_4 } from './process.ts';
import { type Protection, protectionFlags, type Vma } from './vma.ts';

/** Flags of mmap, as far as device-DAX looks at them. */
export interface MmapFlags {
  /** MAP_SHARED, MAP_SHARED_VALIDATE or MAP_PRIVATE; the last is EINVAL on device-DAX. */
  readonly type: 'shared' | 'sharedValidate' | 'private';
  /** MAP_FIXED, or MAP_FIXED_NOREPLACE. */
  readonly fixed?: 'replace' | 'noreplace';
  /** MAP_SYNC. */
  readonly sync?: boolean;
  /** MAP_HUGETLB. */
  readonly hugetlb?: boolean;
  /** MAP_POPULATE. */
  readonly populate?: boolean;
}

export interface MmapRequest {
  /** Hint, or with `fixed` the address; 0 lets the kernel choose. */
  readonly address?: bigint;
  readonly lengthBytes: bigint;
  readonly offsetBytes?: bigint;
  readonly protection: Protection;
  readonly flags?: MmapFlags;
  readonly mode?: OpenMode;
}

const PAGE = BigInt(PAGE_BYTES);
const SHARED: MmapFlags = { type: 'shared' };

/** do_mmap's checks before it looks for a place, in the order that matters (semantics 4.1). */
function genericError(request: MmapRequest, flags: MmapFlags, length: bigint): Errno | undefined {
  const { address = 0n, offsetBytes = 0n } = request;
  if (length === 0n) return 'EINVAL';
  if (offsetBytes % PAGE) return 'EINVAL';
  if (length > TASK_SIZE_4) return 'ENOMEM';
  if (flags.hugetlb) return 'EINVAL';
  if (flags.fixed && address % PAGE) return 'EINVAL';
  if (flags.fixed && address + length > TASK_SIZE_4) return 'ENOMEM';
  return undefined;
}

/** do_mmap's checks of the file, once there is a place. */
function fileError({ protection, mode = 'rw' }: MmapRequest, flags: MmapFlags): Errno | undefined {
  // Not among the flags that MAP_SHARED_VALIDATE knows (LEGACY_MAP_MASK).
  if (flags.type === 'sharedValidate' && flags.fixed === 'noreplace') return 'EOPNOTSUPP';
  if (mode === 'w') return 'EACCES';
  return flags.type !== 'private' && protection.write && mode === 'r' ? 'EACCES' : undefined;
}

/**
 * dax_get_unmapped_area: with no hint, VA = offset modulo the unit (semantics 4.3); with several banks
 * modulo what one owns.
 */
export function chooseAddress(
  process: Process,
  length: bigint,
  offset: bigint,
): bigint | undefined {
  if (process.system.banks.slices.bound) return chooseCongruent(process, length, offset);
  const unit = BigInt(process.system.device.unitBytes);
  const firstUnit = ((offset + unit - 1n) / unit) * unit;
  if (offset + length - firstUnit < unit) return process.findGap(length);
  const found = process.findGap(length + unit);
  return found === undefined ? process.findGap(length) : found + modulo(offset - found, unit);
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}

/** Where the mapping goes; a free hint is honoured, then perhaps refused by the driver. */
function placeMapping(process: Process, request: MmapRequest, length: bigint): bigint | undefined {
  const { address = 0n, offsetBytes = 0n, flags = SHARED } = request;
  if (flags.fixed) return address;
  const hint = address - (address % PAGE);
  if (hint === 0n) return chooseAddress(process, length, offsetBytes);
  const inRange = hint >= MMAP_MIN && hint + length <= TASK_SIZE_4;
  const free = inRange && process.overlapping(hint, hint + length).length === 0;
  if (free) return hint;
  return process.system.banks.slices.bound
    ? chooseCongruent(process, length, offsetBytes)
    : process.findGap(length);
}

/** check_vma as mmap meets it (semantics 4.2). */
function driverError(
  process: Process,
  flags: MmapFlags,
  start: bigint,
  end: bigint,
): Errno | undefined {
  if (!process.system.machine.alive) return 'ENXIO';
  if (flags.type === 'private') return 'EINVAL';
  const unit = BigInt(process.system.device.unitBytes);
  return start % unit || end % unit ? 'EINVAL' : undefined;
}

/** vm_flags of a new mapping: what the protection and the descriptor's mode permit (4.1, 4.2). */
function newFlags(protection: Protection, flags: MmapFlags, mode: OpenMode): number {
  const may = abi.VM_MAYREAD | abi.VM_MAYEXEC | abi.VM_MAYSHARE;
  const shared = mode === 'rw' ? abi.VM_SHARED | abi.VM_MAYWRITE : 0;
  const sync = flags.type === 'sharedValidate' && flags.sync ? abi.VM_SYNC : 0;
  const driver = abi.VM_HUGEPAGE | abi.VM_SOFTDIRTY;
  return protectionFlags(protection) | may | shared | sync | driver;
}

/**
 * mmap of the device node.
 *
 * Source: semantics 4.1 to 4.3. Nothing checks offset or length against the device's size: a touch
 * past the end is SIGBUS. Fails: E_BANK_SPAN at an address that several banks cannot hold it at.
 */
export function mmap(process: Process, request: MmapRequest): SyscallResult<Vma> {
  const { flags = SHARED, mode = 'rw', offsetBytes = 0n, protection } = request;
  const length = ((request.lengthBytes + PAGE - 1n) / PAGE) * PAGE;
  const refused = genericError(request, flags, length);
  if (refused) return fail(refused);
  const start = placeMapping(process, request, length);
  if (start === undefined) return fail('ENOMEM');
  const end = start + length;
  const inTheWay = process.overlapping(start, end);
  if (flags.fixed === 'noreplace' && inTheWay.length > 0) return fail('EEXIST');
  const file = fileError(request, flags);
  if (file) return fail(file);
  if (inTheWay.some((vma) => !mayCut(process, vma, start) || !mayCut(process, vma, end))) {
    return fail('EINVAL');
  }
  const driver = driverError(process, flags, start, end);
  if (!driver) requireCongruent(process, start, end, offsetBytes);
  // The driver is asked once what was there is gone, and gone it stays (mm/vma.c: __mmap_region).
  if (inTheWay.length > 0) unmapRange(process, start, end);
  if (driver) return fail(driver);
  const vma: Vma = {
    slot: process.system.takeSlot(),
    start,
    end,
    pgoff: offsetBytes / PAGE,
    flags: newFlags(protection, flags, mode),
    kind: 'device',
  };
  process.replace([], [vma]);
  process.giveSoftDirty(start, vma.flags);
  if (flags.populate) mapPopulate(process, start, end);
  return succeed(vma);
}

// Page faults: the generic walk (5.1), the driver (5.2), the inserts (5.3, 5.4), touches.
import { WRITE_NOTIFY_AFTER_CLEAR_REFS } from './choices.ts';
import {
  A,
  D,
  devicePageOf,
  freshEntry,
  makeDirty,
  makeWritten,
  NX,
  P,
  pageProt,
  physOf,
  RW,
} from './entry.ts';
import { counts, PAGE, PGD_SIZE, PMD_SIZE, PUD_SIZE, roundDown } from './kernel.ts';
import { folioAt, leafAt, vmaOf } from './leaf.ts';
import { VM, VM_ACCESS, type Vma } from './vma.ts';
import type { Process, World } from './world.ts';

export type Access = 'read' | 'write' | 'exec';
export type SignalCode = 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR';

export interface Touch {
  readonly signal: 'SIGSEGV' | 'SIGBUS' | null;
  readonly code: SignalCode | null;
  /** Minor faults of this touch. */
  readonly minorFaults: number;
  /** 4 KiB page of the device that was reached. */
  readonly devicePage: number | null;
}

export type FaultResult = 'done' | 'sigbus';
type HugeResult = FaultResult | 'fallback';

/** vm_page_prot. */
export function protOf(flags: number): bigint {
  const rights = {
    read: (flags & VM.READ) !== 0,
    write: (flags & VM.WRITE) !== 0,
    exec: (flags & VM.EXEC) !== 0,
  };
  const notify = WRITE_NOTIFY_AFTER_CLEAR_REFS && !(flags & VM.SOFTDIRTY);
  return pageProt(rights, rights.write && (flags & VM.SHARED) !== 0 && !notify);
}

/** check_vma (4.2); null if all is well. */
export function checkVma(world: World, vma: Vma): 'ENXIO' | 'EINVAL' | null {
  if (!world.serves(vma.file)) return 'ENXIO';
  if (!(vma.flags & VM.MAYSHARE)) return 'EINVAL';
  if (vma.start % world.unit !== 0n || vma.end % world.unit !== 0n) return 'EINVAL';
  return null;
}

function hugeAllowed(world: World, process: Process, vma: Vma): boolean {
  if (vma.flags & VM.NOHUGEPAGE) return false;
  if (process.thpDisabled === 'no') return true;
  if (process.thpDisabled === 'completely' || !counts(world.kernel)) return false;
  return (vma.flags & VM.HUGEPAGE) !== 0;
}

function insert(
  world: World,
  process: Process,
  vma: Vma,
  block: bigint,
  physBytes: bigint,
  write: boolean,
): FaultResult {
  const key = block / world.unit;
  const entry = process.leaves.get(key);
  if (entry !== undefined) {
    const same = physOf(world.size, entry) === physBytes;
    if (world.size !== '4K' && write && same) {
      process.leaves.set(key, makeWritten(entry, (vma.flags & VM.WRITE) !== 0));
    }
    return 'done';
  }
  if (counts(world.kernel)) {
    const folio = world.folioOf(Number((physBytes - world.physBytes) / PAGE));
    if (world.size === '4K' && folio.refcount === 0) return 'sigbus';
    folio.map();
    process.filePages += world.pagesPerUnit;
  }
  if (world.size === '4K') process.pteTables.add(block / PMD_SIZE);
  process.leaves.set(
    key,
    freshEntry(world.kernel, world.size, protOf(vma.flags), physBytes, write),
  );
  return 'done';
}

/** dev_dax_huge_fault (5.2). */
function hugeFault(
  world: World,
  process: Process,
  vma: Vma,
  va: bigint,
  order: number,
  write: boolean,
): HugeResult {
  if (checkVma(world, vma)) return 'sigbus';
  if (order < world.order) return 'sigbus';
  if (order > world.order) return 'fallback';
  const block = roundDown(va, world.unit);
  if (block < vma.start || block + world.unit > vma.end) return 'sigbus';
  const offset = vma.offset + (block - vma.start);
  if (offset + world.unit > world.deviceBytes) return 'sigbus';
  if (offset % world.unit !== 0n) {
    world.bugs.push('misaligned offset');
    return 'sigbus';
  }
  world.folioOf(Number(offset / PAGE)).setMapping(offset / PAGE);
  return insert(world, process, vma, block, world.physBytes + offset, write);
}

/** A fault on a leaf that is there (5.6). */
function faultPresent(
  world: World,
  process: Process,
  vma: Vma,
  va: bigint,
  entry: bigint,
  write: boolean,
): FaultResult {
  const key = va / world.unit;
  if (!write) return 'done';
  if (entry & RW) {
    process.leaves.set(key, makeDirty(entry | A));
    return 'done';
  }
  if (world.size !== '4K') {
    return hugeFault(world, process, vma, va, world.order, true) === 'done' ? 'done' : 'sigbus';
  }
  if (counts(world.kernel)) folioAt(world, entry).dirty = true;
  process.leaves.set(key, makeWritten(entry, true));
  return 'done';
}

function walkFault(
  world: World,
  process: Process,
  vma: Vma,
  va: bigint,
  write: boolean,
): FaultResult {
  const allowed = hugeAllowed(world, process, vma);
  const entry = leafAt(world, process, va);
  process.pudTables.add(va / PGD_SIZE);
  if (world.size === '1G' && entry !== undefined) {
    return faultPresent(world, process, vma, va, entry, write);
  }
  if (allowed && !process.pmdTables.has(va / PUD_SIZE)) {
    const result = hugeFault(world, process, vma, va, 18, write);
    if (result !== 'fallback') return result;
  }
  process.pmdTables.add(va / PUD_SIZE);
  if (world.size === '2M' && entry !== undefined) {
    return faultPresent(world, process, vma, va, entry, write);
  }
  if (allowed && !process.pteTables.has(va / PMD_SIZE)) {
    const result = hugeFault(world, process, vma, va, 9, write);
    if (result !== 'fallback') return result;
  }
  if (entry !== undefined) return faultPresent(world, process, vma, va, entry, write);
  return hugeFault(world, process, vma, va, 0, write) === 'done' ? 'done' : 'sigbus';
}

/** handle_mm_fault with its accounting: one minor fault each, none for SIGBUS. */
export function handleFault(
  world: World,
  process: Process,
  vma: Vma,
  va: bigint,
  write: boolean,
): FaultResult {
  const result = walkFault(world, process, vma, va, write);
  if (result === 'done') process.minorFaults += 1;
  return result;
}

function entryPermits(entry: bigint, kind: Access): boolean {
  if (!(entry & P)) return false;
  if (kind === 'write') return (entry & RW) !== 0n;
  return kind === 'read' || !(entry & NX);
}

function vmaPermits(vma: Vma, kind: Access): boolean {
  if (kind === 'write') return (vma.flags & VM.WRITE) !== 0;
  if (kind === 'exec') return (vma.flags & VM.EXEC) !== 0;
  return (vma.flags & VM_ACCESS) !== 0;
}

/** One byte touched by the process itself. */
export function access(world: World, process: Process, va: bigint, kind: Access): Touch {
  const before = process.minorFaults;
  const end = (signal: Touch['signal'], code: SignalCode | null, devicePage: number | null) => ({
    signal,
    code,
    minorFaults: process.minorFaults - before,
    devicePage,
  });
  for (let attempt = 0; attempt < 8; attempt++) {
    const entry = leafAt(world, process, va);
    if (entry !== undefined && entryPermits(entry, kind)) {
      process.leaves.set(va / world.unit, entry | A | (kind === 'write' ? D : 0n));
      return end(null, null, devicePageOf(world.size, entry, va, world.physBytes));
    }
    const vma = vmaOf(process, va);
    if (!vma) return end('SIGSEGV', 'SEGV_MAPERR', null);
    if (!vmaPermits(vma, kind)) return end('SIGSEGV', 'SEGV_ACCERR', null);
    if (handleFault(world, process, vma, va, kind === 'write') === 'sigbus') {
      return end('SIGBUS', 'BUS_ADRERR', null);
    }
  }
  throw new Error(`a touch of 0x${va.toString(16)} faults for ever`);
}

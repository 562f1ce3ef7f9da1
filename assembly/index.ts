/*
 * The core's exports: flat integers only. An operation's address is a VMA descriptor's address and
 * a virtual address; everything else is in the bank.
 */
import { touch } from './access';
import { allocTable, attachArena, detachArena, freeTable } from './arena';
import { checkMachine } from './check';
import { handleFault } from './fault';
import { attachGather } from './gather';
import { attachGup, beginPages, dirtyPages, gupFast, pagesGot, putPages, unpin } from './gup';
import { gupSlow, populateRange } from './gupSlow';
import { timeLaps } from './histogram';
import { ABI_VERSION, CONTROL, CTL_THREAD_REGIONS, REGION_BYTES } from './layout';
import { attachLedger } from './ledger';
import {
  clearReferencedRange, clearSoftDirtyRange, dropGiants, flushMm, mincoreRange, pagemapRange,
  smapsRange,
} from './look';
import { lostLeaves, moveTables, movedBytes } from './move';
import { attachPages, bindPages, clearStamps, folioOf, resetPages } from './page';
import { attachPat, bindPat } from './pat';
import { attachPerCpu, chargedPages } from './percpu';
import { attachPgmap, bindPgmap } from './pgmap';
import { protect } from './protect';
import { attachStorm, runBatched, runChained, runNatural } from './storm';
import { FULL } from './switches';
import { killDax, poison, runDax, scanHeld, unmapMapping, unmapPgmap } from './teardown';
import { needTables } from './walk';
import { dontneed, munmap } from './zap';

export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** A hash of layout.ts, status.ts and ledger.ts as this build was compiled from them. */
export function layoutHash(): i32 {
  return LAYOUT_HASH;
}

/** Which build this is: KERNEL, DETAIL, RECORDS, COUNT in one byte each. */
export function switches(): u32 {
  return KERNEL | (DETAIL << 8) | (RECORDS << 16) | (COUNT << 24);
}

/** Takes over a bank: reads the device from the control block, counts as `thread`. */
export function attach(thread: u32): void {
  const regions: usize = load<u32>(CONTROL, CTL_THREAD_REGIONS);
  const region = thread ? regions + (thread - 1) * REGION_BYTES : 0;
  attachLedger(thread);
  attachArena(thread);
  attachGather(region);
  attachGup(region);
  attachStorm(region);
  attachPages();
  if (DETAIL < FULL) return;
  attachPerCpu(thread);
  attachPat();
  attachPgmap();
}

/** A thread's work is done for now. */
export function detach(): void {
  detachArena();
}

/** Binds the device: struct pages, and what the kernel keeps of it elsewhere. */
export function bindDevice(): void {
  bindPages();
  if (DETAIL < FULL) return;
  bindPat();
  bindPgmap();
}

/** FNV-1a over the 64-bit words of [from, to): equal states of equal layouts have equal hashes. */
export function hashRange(from: usize, to: usize): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let at = from; at < to; at += 8) {
    hash = (hash ^ load<u64>(at)) * 0x100000001b3;
    hash ^= hash >> 32;
  }
  return hash;
}

export {
  allocTable, beginPages, chargedPages, checkMachine, clearReferencedRange, clearSoftDirtyRange,
  clearStamps, dirtyPages, dontneed, dropGiants, flushMm, folioOf, freeTable, gupFast, gupSlow,
  handleFault, killDax, lostLeaves, mincoreRange, moveTables, movedBytes, munmap, needTables,
  pagemapRange, pagesGot, poison, populateRange, protect, putPages, resetPages, runBatched,
  runChained, runDax, runNatural, scanHeld, smapsRange, timeLaps, touch, unmapMapping, unmapPgmap,
  unpin,
};

/*
 * Locks (semantics 5.7, 7.6), each with its class: a step is lock-prefixed only where the kernel's
 * own instruction is. Nothing of it is left in builds with DETAIL=pages.
 *
 *   lock              kind             take     release
 *   per-VMA, devmap   rwsem, read      RMW      RMW       an object of its own
 *   per-VMA, refcount vm_refcnt        RMW      RMW       in the VMA
 *   mmap_lock         rwsem            RMW      RMW       a downgrade is one RMW more
 *   PTE, PMD table    queued spinlock  RMW      store     split: one a table
 *   page_table_lock   queued spinlock  RMW      store     one an mm: PUD leaves, upper tables
 *   resource_lock     queued rwlock    RMW      RMW       one in all
 *   i_mmap_rwsem      rwsem, read      RMW      RMW       one a device: its dax inode's
 *   memtype_lock      queued spinlock  RMW      store     one in all
 *   rss counter       raw spinlock     RMW      store     one an mm
 */
import {
  ARENA, CONTROL, CTL_TABLE_LOCKS, GLOBALS, MM_MMAP_LOCK, MM_PAGE_TABLE_LOCK, MM_RSS_LOCK, VMAS,
  VMA_LOCKS, VMA_REFCNT,
} from './layout';
import {
  CAS_RETRY, I_MMAP_LOCK_READ, MEMTYPE_LOCK, MMAP_LOCK_READ, MMAP_LOCK_WRITE, PAGE_TABLE_LOCK,
  PMD_LOCK, PTE_LOCK, RESOURCE_LOCK, RMW_OTHER, VMA_LOCK, count,
} from './ledger';
import { DEVMAP, FULL } from './switches';

@inline const GLOBAL_RESOURCE_LOCK: usize = GLOBALS;
@inline const GLOBAL_MEMTYPE_LOCK: usize = GLOBALS + 64;
/* GLOBALS + 128 and + 192 are statistics: percpu.ts. */
@inline const DAX_I_MMAP_RWSEM: usize = GLOBALS + 256;

@inline function spin(at: usize): void {
  count(RMW_OTHER);
  while (atomic.cmpxchg<u32>(at, 0, 1) != 0) count(CAS_RETRY);
}

@inline function unspin(at: usize): void {
  store<u32>(at, 0);
}

/** One reader more, or one fewer. */
@inline function readers(at: usize, by: i32): void {
  count(RMW_OTHER);
  atomic.add<i32>(at, by);
}

@inline function vmaLock(vma: usize): usize {
  return KERNEL == DEVMAP ? VMA_LOCKS + (vma - VMAS) : vma + VMA_REFCNT;
}

@inline export function lockVma(vma: usize): void {
  if (DETAIL < FULL) return;
  count(VMA_LOCK);
  readers(vmaLock(vma), 1);
}

@inline export function unlockVma(vma: usize): void {
  if (DETAIL >= FULL) readers(vmaLock(vma), -1);
}

@inline export function lockMmapRead(mm: usize): void {
  if (DETAIL < FULL) return;
  count(MMAP_LOCK_READ);
  readers(mm + MM_MMAP_LOCK, 1);
}

@inline export function unlockMmapRead(mm: usize): void {
  if (DETAIL >= FULL) readers(mm + MM_MMAP_LOCK, -1);
}

/** For writing, then downgraded for reading: munmap (7.6). */
@inline export function lockMmapDowngraded(mm: usize): void {
  if (DETAIL < FULL) return;
  count(MMAP_LOCK_WRITE);
  spin(mm + MM_MMAP_LOCK);
  count(RMW_OTHER);
}

/** For writing. */
@inline export function lockMmapWrite(mm: usize): void {
  if (DETAIL < FULL) return;
  count(MMAP_LOCK_WRITE);
  spin(mm + MM_MMAP_LOCK);
}

@inline export function unlockMmapWrite(mm: usize): void {
  if (DETAIL >= FULL) readers(mm + MM_MMAP_LOCK, -1);
}

/** The split lock of the table that holds `slot`. */
@inline function tableLock(slot: usize): usize {
  return load<u32>(CONTROL, CTL_TABLE_LOCKS) + (((slot - ARENA) >> 12) << 6);
}

@inline export function lockPte(slot: usize): void {
  if (DETAIL < FULL) return;
  count(PTE_LOCK);
  spin(tableLock(slot));
}

@inline export function unlockPte(slot: usize): void {
  if (DETAIL >= FULL) unspin(tableLock(slot));
}

/** The lock over a huge leaf or the entry of a lower table: pmd_lock, or mm's for a PUD. */
@inline export function lockHuge(mm: usize, slot: usize, order: u32): void {
  if (DETAIL < FULL) return;
  if (order == 9) {
    count(PMD_LOCK);
    spin(tableLock(slot));
  } else {
    count(PAGE_TABLE_LOCK);
    spin(mm + MM_PAGE_TABLE_LOCK);
  }
}

@inline export function unlockHuge(mm: usize, slot: usize, order: u32): void {
  if (DETAIL >= FULL) unspin(order == 9 ? tableLock(slot) : mm + MM_PAGE_TABLE_LOCK);
}

@inline export function lockResources(): void {
  count(RESOURCE_LOCK);
  readers(GLOBAL_RESOURCE_LOCK, 1);
}

@inline export function unlockResources(): void {
  readers(GLOBAL_RESOURCE_LOCK, -1);
}

/** The dax inode's mapping, while its VMAs are gone through. */
@inline export function lockMapping(): void {
  if (DETAIL < FULL) return;
  count(I_MMAP_LOCK_READ);
  readers(DAX_I_MMAP_RWSEM, 1);
}

@inline export function unlockMapping(): void {
  if (DETAIL >= FULL) readers(DAX_I_MMAP_RWSEM, -1);
}

@inline export function lockMemtypes(): void {
  count(MEMTYPE_LOCK);
  spin(GLOBAL_MEMTYPE_LOCK);
}

@inline export function unlockMemtypes(): void {
  unspin(GLOBAL_MEMTYPE_LOCK);
}

@inline export function lockRss(mm: usize): void {
  spin(mm + MM_RSS_LOCK);
}

@inline export function unlockRss(mm: usize): void {
  unspin(mm + MM_RSS_LOCK);
}

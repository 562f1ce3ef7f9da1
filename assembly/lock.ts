/*
 * Locks (semantics 5.7, 7.6), each with its class: a step is lock-prefixed only where the kernel's
 * own instruction is. Nothing of them is left in builds with DETAIL=pages.
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
 *
 * A lock is two words: who has it, and how many threads sleep for it. One that is not free is tried
 * for a while, then slept for: the holder may need the very processor. A spinlock is released by a
 * plain store, which on x86-64 nothing before it passes. The look at the sleepers after it may come
 * too early to see one; so nobody sleeps for long.
 */
import {
  ARENA, CONTROL, CTL_TABLE_LOCKS, GLOBALS, MM_MMAP_LOCK, MM_PAGE_TABLE_LOCK, MM_RSS_LOCK, VMAS,
  VMA_LOCKS, VMA_REFCNT,
} from './layout';
import {
  I_MMAP_LOCK_READ, LOCK_WAIT, MEMTYPE_LOCK, MMAP_LOCK_READ, MMAP_LOCK_WRITE, PAGE_TABLE_LOCK,
  PMD_LOCK, PTE_LOCK, RESOURCE_LOCK, RMW_OTHER, VMA_LOCK, count,
} from './ledger';
import { DEVMAP, FULL } from './switches';

@inline const GLOBAL_RESOURCE_LOCK: usize = GLOBALS;
@inline const GLOBAL_MEMTYPE_LOCK: usize = GLOBALS + 64;
/* GLOBALS + 128 and + 192 are statistics: percpu.ts. */
@inline const DAX_I_MMAP_RWSEM: usize = GLOBALS + 256;

/** Where a lock's second word is: how many threads sleep for it. */
@inline const SLEEPERS: u32 = 4;
/** Looks at a lock that is not free before a thread sleeps: about a microsecond. */
@inline const LOOKS: u32 = 1000;
@inline const NAP_NS: i64 = 100_000;

/* A read-write lock's first word: readers, and above them */
@inline const WRITER: u32 = 1 << 31;
/** A writer waits: no new reader comes in. */
@inline const WRITER_WAITS: u32 = 1 << 30;

/** Waits for a word to be other than `seen`; `looks` says how often it was looked at already. */
export function awaitChange(at: usize, seen: u32, looks: u32): void {
  if (looks >= LOOKS) atomic.wait<i32>(at, seen, NAP_NS);
}

function sleepFor(lock: usize, seen: u32, looks: u32): void {
  if (looks < LOOKS) return;
  atomic.add<u32>(lock + SLEEPERS, 1);
  atomic.wait<i32>(lock, seen, NAP_NS);
  atomic.sub<u32>(lock + SLEEPERS, 1);
}

function wakeAll(lock: usize): void {
  atomic.notify(lock, -1);
}

@inline function wake(lock: usize): void {
  if (load<u32>(lock + SLEEPERS)) wakeAll(lock);
}

function acquireTaken(lock: usize): void {
  count(LOCK_WAIT);
  for (let looks: u32 = 0; ; looks++) {
    if (!atomic.load<u32>(lock) && !atomic.cmpxchg<u32>(lock, 0, 1)) return;
    sleepFor(lock, 1, looks);
  }
}

/** A lock that is none of the kernel's: not in the ledger. */
@inline export function lockQuietly(at: usize): void {
  if (atomic.cmpxchg<u32>(at, 0, 1) != 0) acquireTaken(at);
}

@inline export function unlockQuietly(at: usize): void {
  store<u32>(at, 0);
  wake(at);
}

@inline function spin(at: usize): void {
  count(RMW_OTHER);
  lockQuietly(at);
}

@inline function unspin(at: usize): void {
  unlockQuietly(at);
}

/** Closed to readers: out again, and in as soon as no writer has it or waits for it. */
function enterClosed(lock: usize): void {
  count(LOCK_WAIT);
  atomic.sub<u32>(lock, 1);
  wake(lock);
  for (let looks: u32 = 0; ; looks++) {
    const seen = atomic.load<u32>(lock);
    if (seen < WRITER_WAITS && atomic.cmpxchg<u32>(lock, seen, seen + 1) == seen) return;
    if (seen >= WRITER_WAITS) sleepFor(lock, seen, looks);
  }
}

/** down_read. */
@inline function lockRead(at: usize): void {
  count(RMW_OTHER);
  if (atomic.add<u32>(at, 1) >= WRITER_WAITS) enterClosed(at);
}

/** up_read. */
@inline function unlockRead(at: usize): void {
  count(RMW_OTHER);
  atomic.sub<u32>(at, 1);
  wake(at);
}

function writeTaken(lock: usize): void {
  count(LOCK_WAIT);
  for (let looks: u32 = 0; ; looks++) {
    const seen = atomic.load<u32>(lock);
    if ((seen & ~WRITER_WAITS) == 0) {
      if (atomic.cmpxchg<u32>(lock, seen, WRITER) == seen) return;
    } else if (seen < WRITER_WAITS) atomic.or<u32>(lock, WRITER_WAITS);
    else sleepFor(lock, seen, looks);
  }
}

/** down_write. */
@inline function lockWrite(at: usize): void {
  count(RMW_OTHER);
  if (atomic.cmpxchg<u32>(at, 0, WRITER) != 0) writeTaken(at);
}

/** downgrade_write: the writer is a reader now. */
@inline function downgrade(at: usize): void {
  count(RMW_OTHER);
  atomic.sub<u32>(at, WRITER - 1);
  wake(at);
}

@inline function vmaLock(vma: usize): usize {
  return KERNEL == DEVMAP ? VMA_LOCKS + (vma - VMAS) : vma + VMA_REFCNT;
}

@inline export function lockVma(vma: usize): void {
  if (DETAIL < FULL) return;
  count(VMA_LOCK);
  lockRead(vmaLock(vma));
}

@inline export function unlockVma(vma: usize): void {
  if (DETAIL >= FULL) unlockRead(vmaLock(vma));
}

@inline export function lockMmapRead(mm: usize): void {
  if (DETAIL < FULL) return;
  count(MMAP_LOCK_READ);
  lockRead(mm + MM_MMAP_LOCK);
}

@inline export function unlockMmapRead(mm: usize): void {
  if (DETAIL >= FULL) unlockRead(mm + MM_MMAP_LOCK);
}

/** For writing, then downgraded for reading: munmap (7.6). */
@inline export function lockMmapDowngraded(mm: usize): void {
  if (DETAIL < FULL) return;
  count(MMAP_LOCK_WRITE);
  lockWrite(mm + MM_MMAP_LOCK);
  downgrade(mm + MM_MMAP_LOCK);
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
  lockRead(GLOBAL_RESOURCE_LOCK);
}

@inline export function unlockResources(): void {
  unlockRead(GLOBAL_RESOURCE_LOCK);
}

/** The dax inode's mapping, while its VMAs are gone through. */
@inline export function lockMapping(): void {
  if (DETAIL < FULL) return;
  count(I_MMAP_LOCK_READ);
  lockRead(DAX_I_MMAP_RWSEM);
}

@inline export function unlockMapping(): void {
  if (DETAIL >= FULL) unlockRead(DAX_I_MMAP_RWSEM);
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

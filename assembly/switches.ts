/*
 * The switches a build is made of. The build passes each as `asc --use NAME=value`, so a bare
 * KERNEL, DETAIL, … in this folder is a compile-time constant and every test of one folds away.
 * Never `declare` them in a source file: asc would turn them into imports.
 *
 *   KERNEL   0 devmap         Linux 6.12: PTE bit 57, no reference per mapping
 *            1 refcount       Linux 7.3: one folio reference and one mapcount per leaf entry
 *            2 refcount-6.15  Linux 6.15: the same, but 2M and 1G leaves are marked SPECIAL
 *   DETAIL   0 pages          walk, entries, struct pages
 *            1 full           also locks, per-CPU statistics, memory types, the pgmap's look-up
 *   RECORDS  0 line           64 bytes a struct page, at the kernel's offsets: to measure
 *            1 packed         what of it can change: 9 bytes a 4K page, a line a folio: to scale
 *   COUNT    0 / 1            whether the event ledger and the core's own checks exist
 *   STEPS    bits             what of refcounting is done: none in devmap, all in refcount builds;
 *                             a ladder of builds takes the steps one by one
 *   GUARD    0 / 1            whether a huge leaf's insert refuses a folio of another order, as in
 *                             every refcounted kernel (semantics 1.3); 0 shows what it prevents
 *   PERCPU   0 plain          per-CPU state is a plain add, as the kernel's is
 *            1 atomic         it is lock-prefixed: what the verdict would be if it were
 *   HISTOGRAM 0 / 1           whether each operation of a stream is timed by itself (histogram.ts)
 */

@inline export const DEVMAP: i32 = 0;
@inline export const REFCOUNT: i32 = 1;
@inline export const REFCOUNT_6_15: i32 = 2;

@inline export const PACKED: bool = RECORDS != 0;

@inline export const PAGES: i32 = 0;
@inline export const FULL: i32 = 1;

/** A leaf holds a reference of its folio. */
@inline export const REFERENCES: bool = (STEPS & 1) != 0;
/** A leaf counts in its folio's map counts. */
@inline export const RMAP: bool = (STEPS & 2) != 0;
/** Mapped pages are charged to the mm and counted in the statistics. */
@inline export const STATISTICS: bool = (STEPS & 4) != 0;
/** A zapped leaf hands A and D on to its folio. */
@inline export const MARKS: bool = (STEPS & 8) != 0;
/** Zapped pages are gathered and let go after the flush, which dirty pages force. */
@inline export const GATHERS: bool = (STEPS & 16) != 0;
/** GUP takes a folio's pages in one step, and no pgmap reference. */
@inline export const FOLIO_GUP: bool = (STEPS & 32) != 0;
/** An insert does not look up the memory type. */
@inline export const NO_MEMTYPE: bool = (STEPS & 64) != 0;
/** A tail holds a mask for its own address, where it used to hold its head's (1.2). */
@inline export const MASK_TAILS: bool = KERNEL == REFCOUNT;
/** Whether zapping a leaf does anything beyond clearing it. */
@inline export const RELEASES: bool = REFERENCES || RMAP || STATISTICS || MARKS || GATHERS;
/** Whether consecutive faults find the table of their leaves once, not each again (run.ts). */
@inline export const CACHED_WALK: bool = DETAIL < FULL && !COUNT;

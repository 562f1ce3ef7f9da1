/*
 * The four switches a build is made of. The build passes each as `asc --use NAME=value`, so a bare
 * KERNEL, DETAIL, RECORDS or COUNT in this folder is a compile-time constant and every test of one
 * folds away. Never `declare` them in a source file: asc would turn them into imports.
 *
 *   KERNEL   0 devmap         Linux 6.12: PTE bit 57, no reference per mapping
 *            1 refcount       Linux 7.3: one folio reference and one mapcount per leaf entry
 *   DETAIL   0 pages          walk, entries, struct pages
 *            1 full           also locks, per-CPU statistics, memory types, the pgmap's look-up
 *   RECORDS  0 line           64 bytes a struct page, at the kernel's offsets
 *   COUNT    0 / 1            whether the event ledger and the core's own checks exist
 */

@inline export const DEVMAP: i32 = 0;
@inline export const REFCOUNT: i32 = 1;

@inline export const PAGES: i32 = 0;
@inline export const FULL: i32 = 1;

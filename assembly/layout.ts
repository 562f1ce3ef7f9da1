/*
 * Every offset and size in a bank. host/wasm/abi.ts is generated from this file, and its hash is
 * compiled into each build: a host and a core that disagree refuse each other.
 *
 *   bank (one shared WebAssembly.Memory, addresses are 32-bit)
 *   ┌ 0x0000_0000 ┬ never used, so that 0 is no address
 *   ├ CONTROL     ┤ 4 KiB: the device, the arena, the records
 *   ├ LEDGER      ┤ 16 blocks of 512 B: event counters, one block a thread
 *   ├ VMAS        ┤ 1024 × 64 B
 *   ├ MMS         ┤ 1024 × 64 B
 *   ├ GATHER      ┤ the mmu_gather batch: one u32 a queued page
 *   ├ PAGES       ┤ 8 MiB: the array a get or pin fills, one u64 pfn a page
 *   ├ OPS         ┤ 8 MiB: the op stream, one u64 an operation
 *   ├ VMA_LOCKS   ┤ 1024 × 64 B: devmap's per-VMA locks, objects of their own
 *   ├ RSS_LOCAL   ┤ 16 × 8 KiB: each thread's share of each mm's MM_FILEPAGES
 *   ├ PER_CPU     ┤ 16 × 64 B: each thread's statistics and SRCU counters
 *   ├ GLOBALS     ┤ 4 KiB: the kernel's own locks and counters, a line each
 *   ├ IOMEM       ┤ 4 KiB: the resource tree
 *   ├ MEMTYPES    ┤ 4 KiB: the memory-type tree
 *   ├ PGMAPS      ┤ 64 KiB: the xarray of pgmaps
 *   ├ MAGAZINES   ┤ 17 × 64 B: each thread's free page tables, then everybody's
 *   ├ CREW        ┤ 4 KiB: where threads wait for each other, and the clock of their histories
 *   ├ HISTOGRAM   ┤ 8 KiB and a word: latencies of single operations, where a build keeps them
 *   ├ ARENA       ┤ page tables, 4 KiB each; their address is their physical address
 *   ├ records     ┤ struct pages in the build's format, at CTL_RECORDS
 *   ├ table locks ┤ 64 B a page table, at CTL_TABLE_LOCKS: its struct page's split lock
 *   ├ stamps      ┤ counted builds only: when each line of the records was last touched
 *   └ regions     ┘ at CTL_THREAD_REGIONS: GATHER, PAGES and OPS of the threads but the first
 */

@inline export const ABI_VERSION: u32 = 3;

@inline export const CONTROL: u32 = 0x1000;
@inline export const LEDGER: u32 = 0x2000;
@inline export const LEDGER_BLOCK_BYTES: u32 = 512;
@inline export const THREADS_MAX: u32 = 16;
@inline export const VMAS: u32 = 0x4000;
@inline export const VMA_BYTES: u32 = 64;
@inline export const VMAS_MAX: u32 = 1024;
@inline export const MMS: u32 = 0x14000;
@inline export const MM_BYTES: u32 = 64;
@inline export const MMS_MAX: u32 = 1024;
@inline export const GATHER: u32 = 0x24000;
@inline export const PAGES: u32 = 0x30000;
@inline export const PAGES_MAX: u32 = 1048576;
@inline export const OPS: u32 = 0x830000;
@inline export const OPS_MAX: u32 = 1048576;
@inline export const VMA_LOCKS: u32 = 0x1030000;
@inline export const RSS_LOCAL: u32 = 0x1040000;
@inline export const PER_CPU: u32 = 0x1060000;
@inline export const PER_CPU_BYTES: u32 = 64;
@inline export const GLOBALS: u32 = 0x1061000;
@inline export const IOMEM: u32 = 0x1062000;
@inline export const MEMTYPES: u32 = 0x1063000;
@inline export const PGMAPS: u32 = 0x1064000;
@inline export const PGMAPS_END: u32 = 0x1074000;
@inline export const MAGAZINES: u32 = 0x1074000;
@inline export const MAGAZINE_BYTES: u32 = 64;
/** Everybody's free page tables: a magazine behind those of the threads. */
@inline export const POOL: u32 = 0x1074400;
@inline export const CREW: u32 = 0x1075000;
@inline export const CREW_END: u32 = 0x1076000;
@inline export const HISTOGRAM_BUCKETS: u32 = 0x10F0000;
@inline export const ARENA: u32 = 0x1100000;

/*
 * Control block, offsets from CONTROL
 *   ┌ 0 physical address of the device's first data byte (u64) ┬ 8 pages (u32) ┬ 12 order ┐
 *   ├ 16 alive ┬ 20 records ┬ 24 compound shift ┬ 28 tail mask ┬ 32 stamps ┬ 36 table locks ┤
 *   ├ 40 ranges ┬ 44 counts put to 0 ┬ 48 the last such record ┬ 52 pages put after unbind ┤
 *   ├ 56 leaf order ┬ 60 first compound                                          ┤
 *   ├ 64 arena top ┬ 68 arena end ┬ 72 threads ┬ 76 regions ┬ 80 fail after ┬ 84 start       ┤
 *   ├ 88 what went wrong: WARN_* bits                                            ┤
 *   ├ 128 always zero (u64): what a chained operation adds to its address        ┤
 *   ├ 192 seam: a call that other banks have parts of, seam.ts                    ┤
 *   ├ 256 the ranges of the bank's part of the device, 16 B each: range.ts       ┤
 *   ├ 512 the ranges of the whole device, 16 B each ┬ 768 how many                ┤
 *   └ 1024 a ledger block that nobody reads: ledger.ts                           ┘
 */
@inline export const CTL_PHYS: u32 = 0;
@inline export const CTL_PAGES: u32 = 8;
@inline export const CTL_ORDER: u32 = 12;
@inline export const CTL_ALIVE: u32 = 16;
@inline export const CTL_RECORDS: u32 = 20;
/** log2 of the bytes of records one folio keeps. */
@inline export const CTL_COMPOUND_SHIFT: u32 = 24;
/** 63 where tail struct pages are shared (vmemmap deduplicated), else all ones. */
@inline export const CTL_TAIL_MASK: u32 = 28;
/** Where the stamps begin and the records end; counted builds alone have stamps. */
@inline export const CTL_STAMPS: u32 = 32;
@inline export const CTL_TABLE_LOCKS: u32 = 36;
/** How many physical ranges the device has. */
@inline export const CTL_RANGES: u32 = 40;
/** Puts that took a count to 0 (free_zone_device_folio), and the record of the last. */
@inline export const CTL_ZERO_PUTS: u32 = 44;
@inline export const CTL_ZERO_PUT_AT: u32 = 48;
/** Pages that somebody put or unpinned while no driver was bound: each is a use after free. */
@inline export const CTL_LATE_PAGES: u32 = 52;
/** log2 of the pages of a leaf: the folios' order too, unless nobody made compound pages (1.4). */
@inline export const CTL_LEAF_ORDER: u32 = 56;
/** The page that the first compound page begins at: 0, unless the range is misaligned (1.3). */
@inline export const CTL_FIRST_COMPOUND: u32 = 60;
@inline export const CTL_ARENA_TOP: u32 = 64;
@inline export const CTL_ARENA_END: u32 = 68;
/** Threads at work; with one (or 0) nothing of the arena is locked and its magazine has no cap. */
@inline export const CTL_THREADS: u32 = 72;
/** Where the regions of the threads but the first begin. */
@inline export const CTL_THREAD_REGIONS: u32 = 76;
/** Table allocations left before one fails; -1 never fails. For tests of out-of-memory. */
@inline export const CTL_ARENA_FAIL_AFTER: u32 = 80;
/** Where this boot's tables begin: at ARENA, or above it where a run draws its own place. */
@inline export const CTL_ARENA_START: u32 = 84;
@inline export const CTL_WARNINGS: u32 = 88;
@inline export const CTL_ZERO: u32 = 128;
@inline export const CTL_RANGE_TABLE: u32 = 256;
@inline export const RANGE_BYTES: u32 = 16;
@inline export const RANGES_MAX: u32 = 16;
/** What binding the device registers, the whole of it: first byte, and the byte behind the last. */
@inline export const CTL_DEVICE_TABLE: u32 = 512;
@inline export const CTL_DEVICE_RANGES: u32 = 768;
@inline export const CTL_ASIDE: u32 = 1024;

/*
 * Seam (32 B, at CTL_SEAM): how a call's part in this bank meets its parts in others
 *   ┌ 0 SEAM_* bits, the host's ┬ 4 pages gathered so far ┬ 8 a flush is due ┬ 12 pgmap held ┐
 * The rest is the core's, and the host carries it from one bank to the next.
 */
@inline export const CTL_SEAM: u32 = 192;
@inline export const SEAM_GATHERED: u32 = 196;
@inline export const SEAM_FLUSH: u32 = 200;
@inline export const SEAM_PGMAP: u32 = 204;
@inline export const SEAM_CARRIED_BYTES: u32 = 12;
/** Another bank had an earlier part of this call, which took its lock; another has a later one. */
@inline export const SEAM_BEGUN: u32 = 1;
@inline export const SEAM_GOES_ON: u32 = 2;
/** The same of the gather: a call over several mappings has one each. */
@inline export const SEAM_GATHER_BEGUN: u32 = 4;
@inline export const SEAM_GATHER_GOES_ON: u32 = 8;

/*
 * Region of a thread but the first, which has its own three at fixed addresses
 *   ┌ 0 GATHER ┬ 64 KiB PAGES ┬ 64 KiB + 8 MiB OPS ┐
 */
@inline export const REGION_GATHER: u32 = 0;
@inline export const REGION_PAGES: u32 = 0x10000;
@inline export const REGION_OPS: u32 = 0x810000;
@inline export const REGION_BYTES: u32 = 0x1010000;

/*
 * Magazine: a thread's free page tables, a list through their first words
 *   ┌ 0 lock ┬ 8 first ┬ 12 how many ┬ 16 tables this thread took less those it gave back (i32) ┐
 * The last thread's number has the pool behind it, of which only the lock and the list are used.
 */
@inline export const MAG_LOCK: u32 = 0;
@inline export const MAG_FIRST: u32 = 8;
@inline export const MAG_TABLES: u32 = 12;
@inline export const MAG_LIVE: u32 = 16;

/*
 * The crew's words
 *   ┌ 0 arrivals at the barrier ┬ 64 the clock that histories are stamped by ┐
 */
@inline export const CREW_ARRIVED: u32 = 0;
@inline export const CREW_CLOCK: u32 = 64;

/** WARN_ON_ONCE of the kernel, a bit each: vmf_insert_folio_pmd or _pud met another order (1.3). */
@inline export const WARN_ORDER: u32 = 1;
/** try_get_folio met a count below 0 (6.2). */
@inline export const WARN_NEGATIVE: u32 = 2;
/** try_grab_folio met a count that is not above 0 (6.2). */
@inline export const WARN_NOT_POSITIVE: u32 = 4;
/** No WARN of the kernel, which does not notice: a huge leaf for an unaligned offset (12.20). */
@inline export const WARN_UNALIGNED_OFFSET: u32 = 8;

/*
 * mm_struct
 *   ┌ 0 top page table ┬ 4 mm id ┬ 8 MM_FILEPAGES (i64) ┬ 16 page tables ┬ 20 levels ┐
 *   ├ 24 mmap_lock ┬ 32 page_table_lock ┬ 40 the rss counter's lock (8 bytes each: lock.ts)  ┤
 */
@inline export const MM_TOP: u32 = 0;
@inline export const MM_ID: u32 = 4;
@inline export const MM_FILEPAGES: u32 = 8;
/** PTE, PMD and PUD tables, without the top one: VmPTE ÷ 4096. */
@inline export const MM_TABLES: u32 = 16;
@inline export const MM_LEVELS: u32 = 20;
@inline export const MM_MMAP_LOCK: u32 = 24;
@inline export const MM_PAGE_TABLE_LOCK: u32 = 32;
@inline export const MM_RSS_LOCK: u32 = 40;

/*
 * vm_area_struct
 *   ┌ 0 start ┬ 8 end ┬ 16 page offset (u64 each) ┬ 24 vm_page_prot (u64) ┐
 *   ├ 32 flags ┬ 36 mm ┬ 40 floor ┬ 48 ceiling (u64 each) ┬ 56 refcnt     ┤
 * floor and ceiling are where the neighbouring mappings end and begin (0: none): free_pgtables'
 * bounds.
 */
@inline export const VMA_START: u32 = 0;
@inline export const VMA_END: u32 = 8;
@inline export const VMA_PGOFF: u32 = 16;
@inline export const VMA_PROT: u32 = 24;
@inline export const VMA_FLAGS: u32 = 32;
@inline export const VMA_MM: u32 = 36;
@inline export const VMA_FLOOR: u32 = 40;
@inline export const VMA_CEILING: u32 = 48;
/** vm_refcnt: the refcount kernel's per-VMA lock. */
@inline export const VMA_REFCNT: u32 = 56;

/*
 * Assumed configuration of the kernels, where it decides what is lock-prefixed: an x86-64
 * distribution kernel on a host of 16 CPUs.
 */
/** percpu_counter_batch: max(32, 2 × CPUs). A larger change takes the counter's lock. */
@inline export const RSS_BATCH: i32 = 32;
/** Per-CPU statistics spill to two global counters above this (calculate_normal_threshold). */
@inline export const VMSTAT_THRESHOLD: i32 = 125;

/** vm_flags, the kernel's own bits: those that the core reads, and those that the host keeps. */
@inline export const VM_READ: u32 = 1;
@inline export const VM_WRITE: u32 = 2;
@inline export const VM_EXEC: u32 = 4;
@inline export const VM_SHARED: u32 = 8;
@inline export const VM_MAYREAD: u32 = 0x10;
@inline export const VM_MAYWRITE: u32 = 0x20;
@inline export const VM_MAYEXEC: u32 = 0x40;
@inline export const VM_MAYSHARE: u32 = 0x80;
@inline export const VM_SEQ_READ: u32 = 0x8000;
@inline export const VM_RAND_READ: u32 = 0x10000;
@inline export const VM_DONTCOPY: u32 = 0x20000;
@inline export const VM_SYNC: u32 = 0x800000;
@inline export const VM_DONTDUMP: u32 = 0x4000000;
@inline export const VM_SOFTDIRTY: u32 = 0x8000000;
@inline export const VM_HUGEPAGE: u32 = 0x20000000;
@inline export const VM_NOHUGEPAGE: u32 = 0x40000000;

/** What smapsRange sums, one u64 each from PAGES on: bytes; Pss in 1/4096 bytes. */
@inline export const SMAPS_RSS: u32 = 0;
@inline export const SMAPS_PSS: u32 = 1;
@inline export const SMAPS_SHARED_CLEAN: u32 = 2;
@inline export const SMAPS_SHARED_DIRTY: u32 = 3;
@inline export const SMAPS_PRIVATE_CLEAN: u32 = 4;
@inline export const SMAPS_PRIVATE_DIRTY: u32 = 5;
@inline export const SMAPS_REFERENCED: u32 = 6;
@inline export const SMAPS_SUMS: u32 = 7;

/*
 * struct page (semantics 1.1), 64 bytes, one cache line; every page has
 *   ┌ 0 flags ┬ 8 pgmap, or bit 0 and the way to the head ┬ 16 zone_device_data ┬ 24 mapping ┐
 *   ├ 32 index ┬ 40 private ┬ 48 _mapcount ┬ 52 _refcount ┬ 56 memcg_data                   ┤
 * and the second page of a folio also (devmap / refcount kernel)
 *   ├ 0 order (8 bits) ┬ 16 _large_mapcount ┬ 20/24 _entire_mapcount ┬ 24/20 _nr_pages_mapped ┤
 *   └ 28 _pincount ┬ 32/56 _nr_pages ┬ -/32 _mm_id_mapcount[2] ┬ -/40 _mm_ids              ┘
 */
@inline export const PAGE_BYTES: u32 = 64;
@inline export const PG_FLAGS: u32 = 0;
@inline export const PG_WORD1: u32 = 8;
@inline export const PG_MAPPING: u32 = 24;
@inline export const PG_INDEX: u32 = 32;
@inline export const PG_MAPCOUNT: u32 = 48;
@inline export const PG_REFCOUNT: u32 = 52;
/** Page[1]'s fields, as offsets from the head's record. */
@inline export const FOLIO_ORDER: u32 = 64;
@inline export const FOLIO_LARGE_MAPCOUNT: u32 = 80;
@inline export const FOLIO_PINCOUNT: u32 = 92;
@inline export const FOLIO_ENTIRE_MAPCOUNT_DEVMAP: u32 = 84;
@inline export const FOLIO_ENTIRE_MAPCOUNT_REFCOUNT: u32 = 88;
@inline export const FOLIO_NR_PAGES_MAPPED_DEVMAP: u32 = 88;
@inline export const FOLIO_NR_PAGES_MAPPED_REFCOUNT: u32 = 84;
@inline export const FOLIO_NR_PAGES_DEVMAP: u32 = 96;
@inline export const FOLIO_NR_PAGES_REFCOUNT: u32 = 120;
@inline export const FOLIO_MM_ID_MAPCOUNT0: u32 = 96;
@inline export const FOLIO_MM_ID_MAPCOUNT1: u32 = 100;
@inline export const FOLIO_MM_IDS: u32 = 104;

/*
 * RECORDS=packed: what of a struct page can change. Mapping and head follow from the page's number,
 * and so does index where folios are single pages; tails never change, so there are none.
 *   of a device of single pages: the counters of every page, then a flag byte of every page
 *   ┌ 0 _mapcount ┬ 4 _refcount ┐
 *   of a device of larger folios: a line each
 *   ┌ 0 _mapcount ┬ 4 _refcount ┬ 8 _large_mapcount ┬ 12 _entire_mapcount ┬ 16 _nr_pages_mapped ┐
 *   ├ 20 _pincount ┬ 24 _mm_id_mapcount[2] ┬ 32 _mm_ids ┬ 40 index ┬ 48 flag byte              ┘
 */
@inline export const PACKED_PAGE_SHIFT: u32 = 3;
@inline export const PACKED_FOLIO_SHIFT: u32 = 6;
@inline export const PACKED_MAPCOUNT: u32 = 0;
@inline export const PACKED_REFCOUNT: u32 = 4;
@inline export const PACKED_LARGE_MAPCOUNT: u32 = 8;
@inline export const PACKED_ENTIRE_MAPCOUNT: u32 = 12;
@inline export const PACKED_NR_PAGES_MAPPED: u32 = 16;
@inline export const PACKED_PINCOUNT: u32 = 20;
@inline export const PACKED_MM_ID_MAPCOUNT0: u32 = 24;
@inline export const PACKED_MM_ID_MAPCOUNT1: u32 = 28;
@inline export const PACKED_MM_IDS: u32 = 32;
@inline export const PACKED_INDEX: u32 = 40;
@inline export const PACKED_FLAGS: u32 = 48;

/** Bits of the flag byte: the page flags that can change, and whether dax_set_mapping was here. */
@inline export const PACKED_LOCKED_BIT: u32 = 0;
@inline export const PACKED_REFERENCED_BIT: u32 = 1;
@inline export const PACKED_DIRTY_BIT: u32 = 2;
@inline export const PACKED_WORKINGSET_BIT: u32 = 3;
@inline export const PACKED_LRU_REFS_SHIFT: u32 = 4;
@inline export const PACKED_HWPOISON_BIT: u32 = 6;
@inline export const PACKED_MAPPING_BIT: u32 = 7;

@inline export const ENTIRELY_MAPPED: i32 = 0x800000;
@inline export const GUP_PIN_COUNTING_BIAS: i32 = 1024;

/*
 * What scanHeld found, in PAGES: units in a row that are all held alike
 *   ┌ 0 first unit ┬ 4 units ┬ 8 references of each ┬ 12 pins of each ┐
 */
@inline export const HELD_BYTES: u32 = 16;
@inline export const HELD_MAX: u32 = 524288;

/** Page flag bits (semantics 1.1). */
@inline export const PG_LOCKED_BIT: u32 = 0;
@inline export const PG_REFERENCED_BIT: u32 = 2;
@inline export const PG_DIRTY_BIT: u32 = 4;
@inline export const PG_HEAD_BIT: u32 = 6;
@inline export const PG_WORKINGSET_BIT: u32 = 9;
@inline export const PG_RESERVED_BIT: u32 = 13;
/** By the order of each kernel's own list (include/linux/page-flags.h); not seen. */
@inline export const PG_HWPOISON_BIT_DEVMAP: u32 = 20;
@inline export const PG_HWPOISON_BIT_REFCOUNT: u32 = 21;
@inline export const LRU_REFS_SHIFT: u32 = 25;
/** Zone, node and section links, as the recorded kernels have them. */
@inline export const PG_ZONE_BITS: u64 = 0x27ffffc0000000;

/*
 * Operation: one u64
 *   bits 0..31   4 KiB page, counted from the VMA's start (UNPIN, PUT: from the device's start)
 *   bits 32..51  how many, less one
 *   bits 52..58  VMA slot
 *   bits 59..63  what
 */
@inline export const OP_COUNT_SHIFT: u32 = 32;
@inline export const OP_COUNT_MASK: u32 = 0xFFFFF;
@inline export const OP_VMA_SHIFT: u32 = 52;
@inline export const OP_VMA_MASK: u32 = 0x7F;
@inline export const OP_CODE_SHIFT: u32 = 59;

/** A page fault exception for a read, on so many consecutive units. */
@inline export const OP_FAULT_READ: u32 = 0;
@inline export const OP_FAULT_WRITE: u32 = 1;
/** A load or store by the program, on so many consecutive 4 KiB pages: faults where it must. */
@inline export const OP_TOUCH_READ: u32 = 2;
@inline export const OP_TOUCH_WRITE: u32 = 3;
/** MADV_DONTNEED of so many units. */
@inline export const OP_DONTNEED: u32 = 4;
/** munmap of so many units: zap, then free the page tables. */
@inline export const OP_MUNMAP: u32 = 5;
/**
 * get_user_pages_fast of so many pages: references, pins; for reading, for writing. What GUP-fast
 * leaves is the slow path's.
 */
@inline export const OP_GET_READ: u32 = 6;
@inline export const OP_GET_WRITE: u32 = 7;
@inline export const OP_PIN_READ: u32 = 8;
@inline export const OP_PIN_WRITE: u32 = 9;
/** Give back so many references or pins of consecutive device pages. */
@inline export const OP_PUT: u32 = 10;
@inline export const OP_UNPIN: u32 = 11;
/** get_user_pages of so many pages: under mmap_lock at once. */
@inline export const OP_GET_SLOW_READ: u32 = 12;
@inline export const OP_GET_SLOW_WRITE: u32 = 13;
@inline export const OP_PIN_SLOW_READ: u32 = 14;
@inline export const OP_PIN_SLOW_WRITE: u32 = 15;
/** Pins with FOLL_LONGTERM, fast first and under mmap_lock at once. */
@inline export const OP_PIN_LONGTERM_READ: u32 = 16;
@inline export const OP_PIN_LONGTERM_WRITE: u32 = 17;
@inline export const OP_PIN_LONGTERM_SLOW_READ: u32 = 18;
@inline export const OP_PIN_LONGTERM_SLOW_WRITE: u32 = 19;
/** MADV_POPULATE_READ, MADV_POPULATE_WRITE of so many units. */
@inline export const OP_POPULATE_READ: u32 = 20;
@inline export const OP_POPULATE_WRITE: u32 = 21;
/** Gives the leaves of so many units the page protection their VMA has now: mprotect's walk. */
@inline export const OP_PROTECT: u32 = 22;

/*
 * HISTOGRAM_BUCKETS: how many operations took how long, one u64 a bucket, then the longest
 *   values below 64 ns have a bucket each; from there on an octave has 32, so a bucket is at most
 *   1/32 of its least value wide; 2^36 ns and more fall into the last
 */
@inline export const HISTOGRAM_SUB_BITS: u32 = 5;
@inline export const HISTOGRAM_LENGTH: u32 = 1024;
/** Nanoseconds of the longest operation, a f64 behind the buckets. */
@inline export const HISTOGRAM_MAX: u32 = 8192;

/** Flags of a get or pin (FOLL_*). */
@inline export const GUP_WRITE: u32 = 1;
@inline export const GUP_PIN: u32 = 2;
@inline export const GUP_LONGTERM: u32 = 4;
/** Go on after the pages already in PAGES: what GUP-fast left over. */
@inline export const GUP_APPEND: u32 = 8;

/** Kinds of access by the program. */
@inline export const ACCESS_READ: u32 = 0;
@inline export const ACCESS_WRITE: u32 = 1;
@inline export const ACCESS_EXEC: u32 = 2;

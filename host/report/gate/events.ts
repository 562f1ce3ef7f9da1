import type { EventName } from '../../wasm/machine.ts';
import { EVENT_ROWS } from '../storm.ts';

/* Titles of what the storm table does not show. */
const MORE_TITLES: Readonly<Record<string, string>> = {
  iMmapLockRead: 'i_mmap_rwsem, to read',
  dirtyLost: '2M leaves whose D mprotect lost (kernel bug)',
  pmdRecheck: 'PMD entries read again',
  pgmapPut: 'pgmap references dropped',
  hugeFaultFallback: 'huge_fault calls that fell back',
  faultSpurious: 'faults on a present leaf',
  faultSigbus: 'faults that ended in SIGBUS',
  faultOom: 'faults without memory',
  gupStop: 'GUP-fast stops',
  gupWalk: 'GUP slow walks',
  split: 'huge leaves dropped for a part',
  casRetry: 'compare-and-swap retries',
  lockWait: 'locks waited for',
  failed: 'operations that failed',
  operations: 'operations',
  tableBytes: 'page-table bytes alive',
  wasmBytes: '.wasm bytes',
  wasmExports: '.wasm exports',
};

/** An event as a table names it. */
export function eventTitle(event: string): string {
  return EVENT_ROWS.find(([name]) => name === event)?.[1] ?? MORE_TITLES[event] ?? event;
}

/** Where an event happens: in the emulator's core, and in the kernel it mirrors. */
interface EventSource {
  readonly core: string;
  /** In one operation where it differs by operation, else under `any`. */
  readonly kernel: Readonly<Record<string, string>>;
}

const RMAP_ADD = '__folio_add_rmap in folio_add_file_rmap_pte/pmd/pud';
const RMAP_REMOVE = '__folio_remove_rmap in folio_remove_rmap_pte/pmd/pud';

/* Source: semantics 5, 6, 7 and 11; functions of Linux 6.12 (devmap) and 7.3 (refcount). */
const SOURCES: Readonly<Partial<Record<EventName | 'failed' | 'tableBytes', EventSource>>> = {
  ptRead: {
    core: 'walk.ts readEntry',
    kernel: {
      fault: '__handle_mm_fault: p4d/pud/pmd/pte_offset, once per pass (a 4K fault passes twice)',
      pin: 'gup_fast_pgd_range and below',
      munmap: 'unmap_page_range and below, free_pgtables',
      any: 'the walk of the page tables',
    },
  },
  ptRecheck: {
    core: 'gup.ts',
    kernel: { any: 'gup_fast_pte_range, gup_fast_pmd_leaf: the leaf re-read after the grab' },
  },
  pmdRecheck: {
    core: 'gup.ts',
    kernel: { any: 'gup_fast_pte_range: the PMD re-read beside each PTE' },
  },
  ptWrite: {
    core: 'walk.ts writeEntry, zap.ts clearEntry',
    kernel: {
      fault: 'insert_pfn / insert_page_into_pte_locked, insert_pmd, insert_pud; pmd_install',
      munmap: 'ptep/pmdp/pudp_huge_get_and_clear; free_pte_range, free_pmd_range',
      any: 'set_pte and its kin',
    },
  },
  tableAlloc: {
    core: 'arena.ts allocTable',
    kernel: { any: '__pte_alloc, __pmd_alloc, __pud_alloc; __do_fault preallocates one at 4K' },
  },
  tableFree: {
    core: 'arena.ts freeTable',
    kernel: { any: 'free_pgtables; of a fault: the preallocated table that was not needed' },
  },
  rmwRefcount: {
    core: 'ref.ts',
    kernel: {
      fault: 'folio_get in insert_page_into_pte_locked (4K), insert_pmd, insert_pud',
      pin: 'try_grab_folio_fast (try_get_folio); devmap: once a 4K page in gup_fast_devmap_leaf',
      unpin: 'gup_put_folio',
      munmap: 'free_pages_and_swap_cache -> folio_put, after the TLB flush',
    },
  },
  rmwMapcount: {
    core: 'ref.ts',
    kernel: {
      fault: `${RMAP_ADD}: _mapcount`,
      munmap: `${RMAP_REMOVE}: _mapcount`,
      any: 'rmap of an order-0 folio',
    },
  },
  rmwEntireMapcount: {
    core: 'ref.ts',
    kernel: {
      fault: `${RMAP_ADD}: _entire_mapcount`,
      munmap: `${RMAP_REMOVE}: _entire_mapcount`,
      any: 'rmap of a large folio',
    },
  },
  rmwNrPagesMapped: {
    core: 'ref.ts',
    kernel: {
      fault: `${RMAP_ADD}: first entire mapping`,
      munmap: `${RMAP_REMOVE}: last entire mapping`,
      any: 'rmap of a large folio',
    },
  },
  rmwMmIds: {
    core: 'ref.ts',
    kernel: { any: 'folio_add_large_mapcount / folio_sub_large_mapcount: the _mm_ids bit lock' },
  },
  rmwPincount: {
    core: 'ref.ts',
    kernel: {
      pin: 'try_grab_folio_fast: _pincount',
      unpin: 'gup_put_folio: _pincount',
      any: 'FOLL_PIN of a large folio',
    },
  },
  rmwFlags: {
    core: 'ref.ts',
    kernel: {
      pin: 'folio_set_referenced in gup_fast_pte_range and the leaf functions',
      munmap: 'folio_mark_dirty, folio_mark_accessed in zap_present_folio_ptes, zap_huge_pmd',
      any: 'folio flags',
    },
  },
  lineTouched: {
    core: 'ledger.ts touched',
    kernel: { any: 'distinct 64-byte struct-page lines read in one operation' },
  },
  lineDirtied: {
    core: 'ledger.ts dirtied',
    kernel: { any: 'distinct 64-byte struct-page lines written in one operation' },
  },
  setMapping: {
    core: 'page.ts setMapping',
    kernel: { any: 'dax_set_mapping in dev_dax_huge_fault' },
  },
  pgmapGet: {
    core: 'pgmap.ts',
    kernel: { any: 'get_dev_pagemap in gup_fast_pte_range, gup_fast_devmap_leaf' },
  },
  pgmapPut: {
    core: 'pgmap.ts',
    kernel: { any: 'put_dev_pagemap at the end of the leaf or table' },
  },
  pgmapNode: { core: 'pgmap.ts', kernel: { any: 'get_dev_pagemap: xa_load of pgmap_array' } },
  patNode: {
    core: 'pat.ts',
    kernel: { any: 'track_pfn_insert -> lookup_memtype: iomem_resource walk and memtype rb-tree' },
  },
  tlbFlush: { core: 'zap.ts flushTlb', kernel: { any: 'tlb_flush_mmu_tlbonly' } },
  tlbFlushForced: {
    core: 'zap.ts',
    kernel: { any: 'zap_pte_range: force_flush of dirty pages under the PTE lock' },
  },
  faultMinor: {
    core: 'fault.ts',
    kernel: { any: 'mm_account_fault: PERF_COUNT_SW_PAGE_FAULTS_MIN' },
  },
  hugeFault: { core: 'fault.ts', kernel: { any: 'dev_dax_huge_fault' } },
  hugeFaultFallback: { core: 'fault.ts', kernel: { any: 'dev_dax_huge_fault: VM_FAULT_FALLBACK' } },
  faultRetry: {
    core: 'fault.ts',
    kernel: { any: 'vmf_can_call_fault: VM_FAULT_RETRY, again under mmap_lock' },
  },
  faultSpurious: { core: 'fault.ts', kernel: { any: 'insert of a leaf that is there already' } },
  faultSigbus: { core: 'fault.ts', kernel: { any: 'VM_FAULT_SIGBUS' } },
  faultOom: { core: 'fault.ts', kernel: { any: 'VM_FAULT_OOM' } },
  leafSet: { core: 'fault.ts', kernel: { any: 'the leaf entry that a fault writes' } },
  leafClear: { core: 'zap.ts', kernel: { any: 'zap_present_ptes, zap_huge_pmd, zap_huge_pud' } },
  gupPage: { core: 'gup.ts', kernel: { any: 'pages that gup_fast_fallback reports' } },
  gupStop: {
    core: 'gup.ts gupFast',
    kernel: { any: 'gup_fast_fallback: what the fast path left' },
  },
  casRetry: { core: 'ref.ts', kernel: { any: 'compare-and-swap loops; 0 on one thread' } },
  gupWalk: { core: 'gupSlow.ts', kernel: { any: 'follow_page_mask in __get_user_pages' } },
  split: { core: 'zap.ts', kernel: { any: '__split_huge_pmd, __split_huge_pud' } },
  leafLost: { core: 'move.ts lose', kernel: { any: 'pud_clear_bad in get_old_pud' } },
  dirtyLost: { core: 'protect.ts protectLeaf', kernel: { any: 'change_huge_pmd: pmd_modify' } },
  mtimeUpdate: {
    core: 'fault.ts writeProtectedPte',
    kernel: { any: 'file_update_time in fault_dirty_shared_page' },
  },
  vmaLock: { core: 'lock.ts', kernel: { any: 'lock_vma_under_rcu' } },
  mmapLockRead: { core: 'lock.ts', kernel: { any: 'lock_mm_and_find_vma: mmap_lock, to read' } },
  mmapLockWrite: { core: 'lock.ts', kernel: { any: '__vm_munmap: mmap_lock, to write' } },
  iMmapLockRead: {
    core: 'lock.ts',
    kernel: { any: 'i_mmap_lock_read in unmap_mapping_range' },
  },
  pteLock: { core: 'lock.ts', kernel: { any: 'get_locked_pte, pte_offset_map_lock' } },
  pmdLock: { core: 'lock.ts', kernel: { any: 'pmd_lock' } },
  pageTableLock: { core: 'lock.ts', kernel: { any: 'pud_lock: mm->page_table_lock' } },
  resourceLock: { core: 'lock.ts', kernel: { any: 'track_pfn_insert: resource_lock' } },
  memtypeLock: { core: 'lock.ts', kernel: { any: 'lookup_memtype: memtype_lock' } },
  rssAdd: { core: 'percpu.ts', kernel: { any: 'add_mm_counter, inc_mm_counter' } },
  rssSpill: { core: 'percpu.ts', kernel: { any: 'percpu_counter_add_batch over its batch' } },
  vmstatAdd: {
    core: 'percpu.ts',
    kernel: { any: '__lruvec_stat_mod_folio: NR_FILE_MAPPED, NR_FILE_PMDMAPPED' },
  },
  vmstatSpill: { core: 'percpu.ts', kernel: { any: '__mod_node_page_state over its threshold' } },
  lockWait: { core: 'lock.ts', kernel: { any: 'queued_spin_lock_slowpath, rwsem slow paths' } },
  rmwOther: { core: 'lock.ts, percpu.ts', kernel: { any: 'locks, and counters that spilled' } },
  failed: { core: 'storm.ts', kernel: { any: 'operations that did not end in OK' } },
  tableBytes: { core: 'arena.ts', kernel: { any: 'mm_pgtables_bytes and the PGD' } },
};

/** The core's file and the kernel's function behind an event of an operation; undefined: none. */
export function eventSource(event: string, operation: string): string | undefined {
  const source = SOURCES[event as EventName];
  if (!source) return undefined;
  const { any } = source.kernel;
  // A trace's operations are faults.
  const own = source.kernel[operation === 'replay' ? 'fault' : operation];
  const kernel = own ?? any ?? Object.values(source.kernel).join('; ');
  return `${kernel} [assembly/${source.core}]`;
}

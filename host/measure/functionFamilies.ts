import { COMPARED, type ComparedKernel } from '../kernel.ts';
import type { HotPair } from './hotFunctions.ts';

/** What a kernel function is there for, first match wins; from its name and its source. */
const FAMILIES: readonly (readonly [family: string, pattern: RegExp])[] = [
  [
    'fault entry',
    /^(exc_page_fault|error_entry|do_user_addr_fault|access_error|handle_mm_fault|do_fault|count_memcg_events)$/,
  ],
  ['device-DAX driver', /^(dev_dax_huge_fault|__check_vma)$/],
  [
    'VMA look-up',
    /^(mt_find|mas_|lock_vma_under_rcu|check_vma_flags|vma_|userfaultfd_wp|__thp_vma_)/,
  ],
  ['PAT and memory type', /^(find_next_iomem_res|walk_system_ram_range|interval_subtree_search)$/],
  ['pgmap', /^(get_dev_pagemap|xas_load|xa_load|follow_devmap_pmd|gup_fast_devmap_leaf)$/],
  [
    'statistics',
    /^(_*mod_(node_page|memcg_lruvec)_state|lruvec_stat_mod_folio|__lruvec_stat_mod_folio|__folio_mod_stat|percpu_counter_add_batch)$/,
  ],
  [
    'struct page and rmap',
    /^(folio|tlb_flush_rmap|__tlb_remove|free_pages_and_swap|free_unref|__free_frozen|free_tail|try_g|gup_put_folio|unpin_|noop_dirty|vm_normal_page|lru_|gup_fast_folio_allowed|get_pfnblock|__nr_to_section|collect_longterm)/,
  ],
  ['GUP calls', /^(is_valid_gup_args|pin_user_pages_fast|__gup_longterm_locked)$/],
  ['the recording module', /^(dp_ioctl|gup_one)$/],
  ['locks and RCU', /^(_raw_spin|__rcu_|__pmd_trans_huge_lock|up_read|down_read)/],
  [
    'page-table walk',
    /^(__handle_mm_fault|_*pte_|_*pmd_|walk_to_pmd|insert_|vmf_insert|unmap_page_range|__zap_vma_range|zap_huge_pmd|free_pgd_range|arch_check_zapped|gup_fast_fallback|__get_user_pages|follow_page_pte|__pkru)/,
  ],
];

/** The last family: whatever none of the others claims. */
const OTHER = 'other';

const FUNCTION_FAMILIES: readonly string[] = [...FAMILIES.map(([name]) => name), OTHER];

export function functionFamily(name: string): string {
  return FAMILIES.find(([, pattern]) => pattern.test(name))?.[0] ?? OTHER;
}

export type PerKernel = Readonly<Record<ComparedKernel, number | undefined>>;

export interface FunctionRow {
  readonly name: string;
  /** Instructions; undefined where it is not among that kernel's fourteen largest. */
  readonly instructions: PerKernel;
}

export interface FamilySplit {
  readonly family: string;
  /** Of its functions together; undefined where none is among that kernel's fourteen largest. */
  readonly instructions: PerKernel;
  readonly functions: readonly FunctionRow[];
}

/** Both kernels' instructions of one operation, by family and function; what is not known, too. */
export interface Explanation {
  readonly op: string;
  readonly align: string;
  readonly families: readonly FamilySplit[];
  /** The program's own instructions. */
  readonly user: Readonly<Record<ComparedKernel, number>>;
  /** Not among the fourteen largest functions: recorded in the total alone. */
  readonly rest: Readonly<Record<ComparedKernel, number>>;
  readonly total: Readonly<Record<ComparedKernel, number>>;
  /** The smallest of the fourteen: the most that a function without a number can have. */
  readonly smallest: Readonly<Record<ComparedKernel, number>>;
  /** refcount ÷ devmap of the totals. */
  readonly ratio: number;
}

function eachKernel<T>(of: (kernel: ComparedKernel) => T): Readonly<Record<ComparedKernel, T>> {
  const entries = COMPARED.map((kernel) => [kernel, of(kernel)] as const);
  return Object.fromEntries(entries) as Record<ComparedKernel, T>;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const each of values) total += each;
  return total;
}

/** Largest on either kernel first. */
function weight({ instructions }: FunctionRow): number {
  return Math.max(...COMPARED.map((kernel) => instructions[kernel] ?? 0));
}

/** Lines up one operation's splits on both kernels. */
export function explain(pair: HotPair): Explanation {
  const names = new Set(COMPARED.flatMap((kernel) => [...pair[kernel].functions.keys()]));
  const rows = [...names].map((name): FunctionRow => {
    return { name, instructions: eachKernel((kernel) => pair[kernel].functions.get(name)) };
  });
  const families = FUNCTION_FAMILIES.map((family): FamilySplit => {
    const functions = rows
      .filter(({ name }) => functionFamily(name) === family)
      .sort((a, b) => weight(b) - weight(a));
    const instructions = eachKernel((kernel) => {
      const known = functions.flatMap((row) => row.instructions[kernel] ?? []);
      return known.length > 0 ? sum(known) : undefined;
    });
    return { family, instructions, functions };
  });
  const total = eachKernel((kernel) => pair[kernel].total);
  return {
    op: pair.devmap.op,
    align: pair.devmap.align,
    families: families.filter(({ functions }) => functions.length > 0),
    user: eachKernel((kernel) => pair[kernel].user),
    rest: eachKernel((kernel) => {
      const { functions, user } = pair[kernel];
      return total[kernel] - user - sum(functions.values());
    }),
    total,
    smallest: eachKernel((kernel) => Math.min(...pair[kernel].functions.values())),
    ratio: total.refcount / total.devmap,
  };
}

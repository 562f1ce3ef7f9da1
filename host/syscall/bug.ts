import type { KernelId } from '../kernel.ts';

/**
 * Bugs of the emulated kernels that the emulator reproduces:
 * - `badPud`: a walk that expects tables took a 1G leaf for a corrupt entry and zeroed it
 *   (mm/pgtable-generic.c: pud_clear_bad)
 * - `missingFlush`: an entry went away with no TLB flush; accesses through the old translation go on
 * - `leakedReference`: a lost leaf's reference and map count stay on its folio for ever
 * - `badRssCounter`: an mm ends with pages still charged (kernel/fork.c: check_mm)
 * - `lostDirty`: mprotect made a dirty 2M leaf clean (6.12.95: arch/x86, pmd_modify masks D out)
 * - `unalignedMapping`: a mapping was left off the unit, which nothing checks where mprotect moves a
 *   boundary by a merge or mremap moves or grows: every new fault in it is SIGBUS
 * - `useAfterFree`: a struct page was used after the device it belonged to was unbound
 * - `unbalancedPut`: a put took the count of a page that nobody held to 0
 *   (mm/memremap.c: free_zone_device_folio)
 */
export type KernelBugCode =
  | 'badPud'
  | 'missingFlush'
  | 'leakedReference'
  | 'badRssCounter'
  | 'lostDirty'
  | 'unalignedMapping'
  | 'useAfterFree'
  | 'unbalancedPut';

/** One thing that went wrong in the emulated kernel, as the real one's log would have it. */
export interface KernelBug {
  /** Which of them. */
  readonly code: KernelBugCode;
  /** The emulated kernel that has it. */
  readonly kernel: KernelId;
  /** Number of the process it happened in. */
  readonly process?: number;
  /** Virtual address, where it is about one. */
  readonly address?: bigint;
  /** 4 KiB page of the device, where it is about one. */
  readonly devicePage?: number;
  /** How many: leaves, references, or 4 KiB pages. */
  readonly count: number;
  /** The same as one line. */
  readonly text: string;
}

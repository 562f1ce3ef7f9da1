// Points where the semantics page is silent, short or (rarely) doubted: one constant each, so that
// a finding about real kernels changes one line. CHOICES.md gives the reasons.

/** 1: munmap or mprotect whose second split is refused leaves the first, aligned split behind. */
export const FAILED_SPLIT_LEAVES_FIRST = false;

/** 2: MAP_FIXED refused by the driver has already unmapped what was there. */
export const REFUSED_OVERLAY_LEAVES_GAP = true;

/** 3: 4K devices too search for len + align, which leaves 4 KiB free below each mapping. */
export const SEARCH_4K_WITH_SLACK = true;

/** 4: after clear_refs 4 a writable shared VMA wants write-notify: new entries are read-only. */
export const WRITE_NOTIFY_AFTER_CLEAR_REFS = true;

/** 5: a zap in a VMA with VM_RAND_READ or VM_SEQ_READ does not mark the folio accessed. */
export const ADVISED_VMA_HAS_NO_RECENCY = true;

/** 6: clear_refs 2 (anonymous pages only) skips file VMAs and so spares 1G leaves. */
export const CLEAR_REFS_2_SKIPS_FILES = true;

/** 7: clear_refs 1 and 3 clear PG_referenced of 2M folios in A too. */
export const CLEAR_REFS_CLEARS_REFERENCED_IN_A = true;

/** 8: smaps counts a page Referenced by PG_referenced too, not by the A bit alone. */
export const SMAPS_REFERENCED_BY_FLAG = true;

/** 9: a slow write grab of a 4K page sets PG_dirty only if the entry is not dirty already. */
export const TOUCH_SPARES_DIRTY_ENTRY = true;

/** 10: a slow read grab sets A in a huge entry. */
export const READ_TOUCH_SETS_ACCESSED = true;

/** 11: populate over a 1G leaf in A stops (-EEXIST) before it touches the entry. */
export const POPULATE_TOUCHES_1G_IN_A = false;

/** 12: entries moved with their whole table by mremap get no SOFT_DIRTY. */
export const TABLE_MOVE_SPARES_SOFT_DIRTY = true;

/** 13: a boundary moved by madvise alone removes a 1G leaf (mprotect's own walk always does). */
export const MOVED_BOUNDARY_DROPS_1G = false;

/** 14: B: DONTNEED frees an emptied PTE table only where its range covers the whole 2M slot. */
export const RECLAIM_NEEDS_WHOLE_SLOT = true;

/** 15: MAP_SHARED_VALIDATE does not know MAP_FIXED_NOREPLACE (-EOPNOTSUPP). */
export const VALIDATE_REFUSES_NOREPLACE = true;

/** 16: merging VMAs keeps VM_SOFTDIRTY if any of them had it, in B. */
export const SOFTDIRTY_STICKS_IN_B = true;

/** 17: B checks an mremap's old range before it unmaps the destination. */
export const MREMAP_CHECKS_FIRST_IN_B = true;

/** 18: MAP_LOCKED mappings do not merge with neighbours when they are made. */
export const LOCKED_DOES_NOT_MERGE = true;

/** 19: files opened and mapped before an unbind serve again once the same device is bound again. */
export const REBIND_REVIVES_FILES = true;

/** 20: B looks at mremap's place (overlap, alignment, range) before it looks for the mapping. */
export const MREMAP_CHECKS_PLACE_FIRST_IN_B = true;

/** 21: mprotect to a mapping that wants write-notify makes entries writable that were written. */
export const MPROTECT_UPGRADES_WRITTEN = true;

// One process: its mappings, its leaves by the address of their unit, and which page tables exist.
import type { Mapping } from './mapping.ts';

const SPANS = { pte: 21n, pmd: 30n, pud: 39n } as const;
type Table = keyof typeof SPANS;

export class Space {
  mappings: readonly Mapping[] = [];
  /** Leaf entries by the virtual address that their unit begins at. */
  readonly leaves = new Map<bigint, bigint>();
  readonly #tables: Readonly<Record<Table, Set<bigint>>> = {
    pte: new Set(),
    pmd: new Set(),
    pud: new Set(),
  };

  at(va: bigint): Mapping | undefined {
    return this.mappings.find((each) => each.start <= va && va < each.end);
  }

  overlapping(start: bigint, end: bigint): readonly Mapping[] {
    return this.mappings.filter((each) => each.start < end && start < each.end);
  }

  need(table: Table, va: bigint): void {
    this.#tables[table].add(va >> SPANS[table]);
  }

  /** Bytes of PTE, PMD and PUD tables (5.5). */
  get tableBytes(): number {
    const { pte, pmd, pud } = this.#tables;
    return (pte.size + pmd.size + pud.size) * 4096;
  }

  /** A table that was emptied over all it spans goes at once. */
  drop(table: Table, va: bigint): void {
    this.#tables[table].delete(va >> SPANS[table]);
  }

  /** free_pgtables: a table goes when no neighbouring mapping reaches into what it spans. */
  freeTables(start: bigint, end: bigint, floor: bigint, ceiling: bigint | undefined): void {
    for (const table of ['pte', 'pmd', 'pud'] as const) {
      for (const slot of this.#tables[table]) {
        const from = slot << SPANS[table];
        const to = (slot + 1n) << SPANS[table];
        const hit = from < end && start < to;
        if (hit && from >= floor && (ceiling === undefined || to <= ceiling)) {
          this.#tables[table].delete(slot);
        }
      }
    }
  }
}

import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

export type Level = 'pgd' | 'p4d' | 'pud' | 'pmd' | 'pte';

/** One step of a page-table walk. */
export interface WalkStep {
  readonly level: Level;
  /** Physical address of the table, and which of its 512 entries. */
  readonly table: number;
  readonly slot: number;
  readonly entry: bigint;
  readonly kind: 'none' | 'table' | 'leaf';
}

/** Where the hardware's walk of a virtual address ends. */
export interface Walk {
  readonly steps: readonly WalkStep[];
  /** The last step, where it is a leaf. */
  readonly leaf?: WalkStep;
}

const LEVELS: readonly (readonly [Level, number])[] = [
  ['pgd', 48],
  ['p4d', 39],
  ['pud', 30],
  ['pmd', 21],
  ['pte', 12],
];
/** With four levels the P4D is the PGD. */
const FOUR_LEVELS: typeof LEVELS = [['pgd', 39], ...LEVELS.slice(2)];

const PSE = 1n << 7n;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;

function kindOf(level: Level, entry: bigint): WalkStep['kind'] {
  if (entry === 0n) return 'none';
  return level === 'pte' || entry & PSE ? 'leaf' : 'table';
}

/** Walks the page tables of the mm at `mm` without changing anything. */
export function walk(bank: Bank, mm: number, va: bigint): Walk {
  const steps: WalkStep[] = [];
  let table = bank.u32(mm + abi.MM_TOP);
  for (const [level, shift] of bank.u32(mm + abi.MM_LEVELS) === 5 ? LEVELS : FOUR_LEVELS) {
    const slot = Number((va >> BigInt(shift)) & 511n);
    const entry = bank.u64(table + slot * 8);
    const step = { level, table, slot, entry, kind: kindOf(level, entry) };
    steps.push(step);
    if (step.kind === 'leaf') return { steps, leaf: step };
    if (step.kind === 'none') break;
    table = Number(entry & ADDRESS_MASK);
  }
  return { steps };
}

const FLAGS: readonly (readonly [bigint, string])[] = [
  [0n, 'P'],
  [1n, 'RW'],
  [2n, 'US'],
  [3n, 'PWT'],
  [4n, 'PCD'],
  [5n, 'A'],
  [6n, 'D'],
  [7n, 'PSE'],
  [8n, 'G'],
  [9n, 'SPECIAL'],
  [10n, 'UFFD'],
  [11n, 'SOFT_DIRTY'],
  [57n, 'DEVMAP'],
  [58n, 'SAVED_DIRTY'],
  [63n, 'NX'],
];

/** Names of the bits set in an entry (semantics 3.2), low to high. */
export function entryFlags(entry: bigint): readonly string[] {
  return FLAGS.filter(([bit]) => (entry >> bit) & 1n).map(([, name]) => name);
}

/** Physical address in a leaf entry of the given level. */
export function leafPhys(step: WalkStep): bigint {
  const shift = step.level === 'pud' ? 30n : step.level === 'pmd' ? 21n : 12n;
  return ((step.entry & ADDRESS_MASK) >> shift) << shift;
}

import type { KernelId } from '../kernel.ts';
import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

/** A field of every struct page: its place in the 64 bytes (semantics 1.1). */
export interface StructPageField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: 4 | 8;
}

export const STRUCT_PAGE_FIELDS: readonly StructPageField[] = [
  { name: 'flags', offset: abi.PG_FLAGS, bytes: 8 },
  { name: 'pgmap', offset: abi.PG_WORD1, bytes: 8 },
  { name: 'zone_device_data', offset: 16, bytes: 8 },
  { name: 'mapping', offset: abi.PG_MAPPING, bytes: 8 },
  { name: 'index', offset: abi.PG_INDEX, bytes: 8 },
  { name: 'private', offset: 40, bytes: 8 },
  { name: '_mapcount', offset: abi.PG_MAPCOUNT, bytes: 4 },
  { name: '_refcount', offset: abi.PG_REFCOUNT, bytes: 4 },
  { name: 'memcg_data', offset: 56, bytes: 8 },
];

/** 32-bit words of a struct page, and the one that holds the low half of `index`. */
export const WORDS = abi.PAGE_BYTES / 4;
export const INDEX_WORD = abi.PG_INDEX / 4;

/** What a folio keeps in its second struct page, by that page's 32-bit words. */
export function folioWords(kernel: KernelId): ReadonlyMap<number, string> {
  const word = (offset: number): number => (offset - abi.PAGE_BYTES) / 4;
  const large = [word(abi.FOLIO_LARGE_MAPCOUNT), '_large_mapcount'] as const;
  const pins = [word(abi.FOLIO_PINCOUNT), '_pincount'] as const;
  if (kernel === 'devmap') {
    return new Map([
      large,
      pins,
      [word(abi.FOLIO_ENTIRE_MAPCOUNT_DEVMAP), '_entire_mapcount'],
      [word(abi.FOLIO_NR_PAGES_MAPPED_DEVMAP), '_nr_pages_mapped'],
    ]);
  }
  return new Map([
    large,
    pins,
    [word(abi.FOLIO_ENTIRE_MAPCOUNT_REFCOUNT), '_entire_mapcount'],
    [word(abi.FOLIO_NR_PAGES_MAPPED_REFCOUNT), '_nr_pages_mapped'],
    [word(abi.FOLIO_MM_ID_MAPCOUNT0), '_mm_id_mapcount[0]'],
    [word(abi.FOLIO_MM_ID_MAPCOUNT1), '_mm_id_mapcount[1]'],
    [word(abi.FOLIO_MM_IDS), '_mm_ids[0]'],
    [word(abi.FOLIO_MM_IDS) + 1, '_mm_ids[1]'],
  ]);
}

/** Every struct page of a bank as it is now, in 32-bit words, WORDS a page; shared tails once. */
export function snapshot(bank: Bank): Uint32Array {
  const words = (bank.recordsEnd - bank.records) / 4;
  return new Uint32Array(bank.memory.buffer, bank.records, words).slice();
}

/** A field of one page in a snapshot, as the kernel would print it: counts signed, words in hex. */
export function fieldText(image: Uint32Array, page: number, field: StructPageField): string {
  const at = page * WORDS + field.offset / 4;
  const low = image[at] as number;
  if (field.bytes === 4) return String(low | 0);
  const value = (BigInt(image[at + 1] as number) << 32n) | BigInt(low);
  return field.name === 'index' && value <= 0xffffffn ? String(value) : `0x${value.toString(16)}`;
}

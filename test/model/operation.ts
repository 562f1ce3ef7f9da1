// A fuzzed operation is six small numbers; what they mean depends on the state they meet, so that
// every list of them is a history, and every shorter list is one too.
import type { Mapping } from './reference/mapping.ts';

export type Op = readonly [kind: number, who: number, a: number, b: number, c: number, d: number];

export const KINDS = [
  'mmap',
  'munmap',
  'access',
  'access',
  'access',
  'dontneed',
  'mprotect',
  'gup',
  'gup',
  'release',
  'fork',
  'exit',
  'populate',
] as const;
export type Kind = (typeof KINDS)[number];

export const FIELD_MAX = 64;

export function kindOf([kind]: Op): Kind {
  return KINDS[kind % KINDS.length] as Kind;
}

export function pick<T>(list: readonly T[], at: number): T {
  return list[at % list.length] as T;
}

export const RIGHTS = [
  { read: true, write: true, exec: false },
  { read: true, write: true, exec: false },
  { read: true, write: false, exec: false },
  { read: false, write: false, exec: false },
  { read: true, write: true, exec: true },
  { read: false, write: true, exec: false },
] as const;

/** An address in or around a mapping: whole units, a page or half a unit off, before and behind. */
export function placeIn(mapping: Mapping | undefined, unit: bigint, a: number, b: number): bigint {
  const start = mapping?.start ?? 0x7fff_0000_0000n;
  const units = mapping ? (mapping.end - mapping.start) / unit + 2n : 4n;
  const off = pick([0n, 0n, 0n, 0n, 4096n, unit / 2n, unit - 4096n], b);
  const page = off - (off % 4096n);
  return start + (BigInt(a) % units) * unit + page - (a === 63 ? unit : 0n);
}

/** A length: units, and sometimes a page or half a unit. */
export function lengthOf(unit: bigint, c: number): bigint {
  const odd = pick([0n, 0n, 0n, 0n, 0n, 4096n, unit / 2n, -4096n], Math.floor(c / 8));
  const length = BigInt((c % 4) + 1) * unit + odd;
  return length > 0n ? length - (length % 4096n) : unit;
}

import { DaxError } from './error.ts';

/** Bytes of a KiB. */
export const KIB = 1024;
/** Bytes of a MiB. */
export const MIB = 1024 * KIB;
/** Bytes of a GiB. */
export const GIB = 1024 * MIB;
/** Bytes of a TiB. */
export const TIB = 1024 * GIB;

/** x86-64 base page. */
export const PAGE_BYTES = 4 * KIB;

const UNITS: Readonly<Record<string, number>> = { '': 1, K: KIB, M: MIB, G: GIB, T: TIB };

/** 4K, 2M and 1G in bytes: the unit sizes a device-DAX device can have on x86-64. */
export const ALIGNS = { '4K': 4 * KIB, '2M': 2 * MIB, '1G': GIB } as const;
/** A unit size by name: `4K`, `2M` or `1G`. */
export type AlignName = keyof typeof ALIGNS;
export const ALIGN_NAMES = Object.keys(ALIGNS) as readonly AlignName[];

/**
 * Bytes of a size as people write it: `4096`, `64K`, `2MiB`, `1.5GiB`, `1TiB`. K, M, G, T are powers
 * of 1024.
 *
 * Fails: E_SIZE_SYNTAX for anything else, for fractions of a byte and above 2^52.
 */
export function parseSize(text: string, what = 'size'): number {
  const found = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  const scale = UNITS[found?.[2]?.toUpperCase() ?? 'none'];
  const bytes = found && scale ? Number(found[1]) * scale : Number.NaN;
  if (!Number.isInteger(bytes) || bytes > 2 ** 52) {
    throw new DaxError(
      'E_SIZE_SYNTAX',
      `${what} '${text}' is not a size of whole bytes up to 4096TiB`,
      'write it like 4096, 64K, 2MiB, 1.5GiB or 1TiB',
    );
  }
  return bytes;
}

/**
 * The unit size a user names.
 *
 * Fails: E_ALIGN unless it is 4K, 2M or 1G.
 */
export function parseAlign(text: string): AlignName {
  const bytes = parseSize(text, 'align');
  const name = ALIGN_NAMES.find((each) => ALIGNS[each] === bytes);
  if (name) return name;
  throw new DaxError(
    'E_ALIGN',
    `align '${text}' is not a device-DAX unit of x86-64`,
    'use --align 4K, 2M or 1G',
  );
}

/** `1.5 GiB`; at most three significant decimals, the largest unit that keeps it above 1. */
export function formatBytes(bytes: number): string {
  for (const [unit, scale] of [
    ['TiB', TIB],
    ['GiB', GIB],
    ['MiB', MIB],
    ['KiB', KIB],
  ] as const) {
    if (bytes >= scale) return `${Number((bytes / scale).toPrecision(5))} ${unit}`;
  }
  return `${bytes} B`;
}

/** `12,345`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

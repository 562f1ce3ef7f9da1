/*
 * The physical ranges a device is made of: one, or several where a dynamic device was cut from what
 * was free (semantics 2.6). Device pages count on from range to range; physical addresses do not.
 *
 * range (16 B, at CTL_RANGE_TABLE)
 *   ┌ 0 physical address of its first byte (u64) ┬ 8 its first device page ┬ 12 its pages ┐
 */
import {
  CONTROL, CTL_DEVICE_RANGES, CTL_DEVICE_TABLE, CTL_RANGES, CTL_RANGE_TABLE, RANGE_BYTES,
} from './layout';

@inline export const RANGE_PHYS: u32 = 0;
@inline export const RANGE_PAGE: u32 = 8;
@inline export const RANGE_PAGES: u32 = 12;

@inline export function rangeCount(): u32 {
  return load<u32>(CONTROL, CTL_RANGES);
}

@inline export function rangeAt(index: u32): usize {
  return CONTROL + CTL_RANGE_TABLE + index * RANGE_BYTES;
}

/** How many ranges the whole device has, of which this bank may have a part. */
@inline export function deviceRanges(): u32 {
  return load<u32>(CONTROL, CTL_DEVICE_RANGES);
}

/** Physical address that a range of the whole device begins at. */
@inline export function deviceStart(index: u32): u64 {
  return load<u64>(CONTROL + CTL_DEVICE_TABLE + index * RANGE_BYTES);
}

/** Physical address behind it. */
@inline export function deviceEnd(index: u32): u64 {
  return load<u64>(CONTROL + CTL_DEVICE_TABLE + index * RANGE_BYTES, 8);
}

/** The range that holds a device page, or 0. */
function rangeOfPage(page: u64): usize {
  for (let i: u32 = 0; i < rangeCount(); i++) {
    const range = rangeAt(i);
    const first = load<u32>(range, RANGE_PAGE);
    if (page >= first && page - first < load<u32>(range, RANGE_PAGES)) return range;
  }
  return 0;
}

/** Physical address of a device page, by the loop of dax_pgoff_to_phys. */
export function physInRanges(page: u32): u64 {
  const range = rangeOfPage(page);
  if (!range) unreachable();
  return load<u64>(range, RANGE_PHYS) + (<u64>(page - load<u32>(range, RANGE_PAGE)) << 12);
}

/** Device page at a physical address, or one past every device where no range has it. */
export function pageInRanges(phys: u64): u32 {
  return pageInRangesFrom(0, phys);
}

/** In the `i`th range or one behind it. Calls itself, so is not inlined where it is rare. */
function pageInRangesFrom(i: u32, phys: u64): u32 {
  if (i == rangeCount()) return u32.MAX_VALUE;
  const range = rangeAt(i);
  const offset = (phys - load<u64>(range, RANGE_PHYS)) >> 12;
  return offset < load<u32>(range, RANGE_PAGES)
    ? load<u32>(range, RANGE_PAGE) + <u32>offset
    : pageInRangesFrom(i + 1, phys);
}

/** Whether a range holds so many pages from `page` on: a request across its end fails (5.2). */
export function inOneOfRanges(page: u64, pages: u64): bool {
  const range = rangeOfPage(page);
  if (!range) return false;
  return page + pages <= <u64>load<u32>(range, RANGE_PAGE) + load<u32>(range, RANGE_PAGES);
}

// A process's mappings as a list, with the rules of semantics 4.4 for cutting and joining them.
import { PAGE, type Rights } from './entry.ts';

export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** Device offset in pages. */
  readonly offset: bigint;
  readonly rights: Rights;
  /** The descriptor it was mapped through may write. */
  readonly mayWrite: boolean;
}

function sameRights(a: Rights, b: Rights): boolean {
  return a.read === b.read && a.write === b.write && a.exec === b.exec;
}

export function joins(low: Mapping, high: Mapping): boolean {
  const adjacent = low.end === high.start;
  const onwards = low.offset + (low.end - low.start) / PAGE === high.offset;
  return (
    adjacent && onwards && low.mayWrite === high.mayWrite && sameRights(low.rights, high.rights)
  );
}

/** The part of a mapping in [from, to), or nothing. */
export function part(mapping: Mapping, from: bigint, to: bigint): Mapping | undefined {
  const start = mapping.start > from ? mapping.start : from;
  const end = mapping.end < to ? mapping.end : to;
  if (start >= end) return undefined;
  return { ...mapping, start, end, offset: mapping.offset + (start - mapping.start) / PAGE };
}

/** A sorted list with every pair that may be one made one. */
export function tidy(mappings: readonly Mapping[]): readonly Mapping[] {
  const sorted = [...mappings].sort((a, b) => (a.start < b.start ? -1 : 1));
  const joined: Mapping[] = [];
  for (const next of sorted) {
    const last = joined.at(-1);
    if (last && joins(last, next)) joined[joined.length - 1] = { ...last, end: next.end };
    else joined.push(next);
  }
  return joined;
}

/** Everything of the list outside [from, to). */
export function without(
  mappings: readonly Mapping[],
  from: bigint,
  to: bigint,
): readonly Mapping[] {
  const forever = 1n << 60n;
  return mappings.flatMap((each) =>
    [part(each, 0n, from) ?? [], part(each, to, forever) ?? []].flat(),
  );
}

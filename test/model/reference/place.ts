// Where a new mapping goes: semantics 4.3.
import { PAGE, type Rights } from './entry.ts';
import type { Space } from './space.ts';

export interface MmapCall {
  readonly address: bigint;
  readonly length: bigint;
  readonly offset: bigint;
  readonly rights: Rights;
  readonly shared: boolean;
  readonly fixed: 'no' | 'replace' | 'noreplace';
  readonly mode: 'r' | 'w' | 'rw';
  readonly populate: boolean;
}

const TOP = 0x7fff_f7ff_f000n;
/** Where the user's half of the address space ends. */
export const TASK_SIZE = 0x7fff_ffff_f000n;

export function up(value: bigint, to: bigint): bigint {
  return ((value + to - 1n) / to) * to;
}

function mod(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}

/** Top-down: the highest place below everything above it. */
function gap(space: Space, length: bigint): bigint {
  let top = TOP;
  for (const each of [...space.mappings].reverse()) {
    if (each.end <= top - length) break;
    if (each.start < top) top = each.start;
  }
  return top - length;
}

/** The address a mapping gets; `unit` is the device's. */
export function place(space: Space, call: MmapCall, length: bigint, unit: bigint): bigint {
  if (call.fixed !== 'no') return call.address;
  const hint = call.address - (call.address % PAGE);
  if (hint > 0n) {
    const free = hint + length <= TASK_SIZE && space.overlapping(hint, hint + length).length === 0;
    return free ? hint : gap(space, length);
  }
  const firstUnit = up(call.offset, unit);
  if (call.offset + length < firstUnit + unit) return gap(space, length);
  const roomy = gap(space, length + unit);
  return roomy + mod(call.offset - roomy, unit);
}

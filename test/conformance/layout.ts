// Where the recorded program's lowest library began: address-space randomisation drew it anew for
// every run, and what page tables a mapping shares depends on it. The recordings tell it.
import { ALIGNS } from '../../host/units.ts';
import type { Json, Recording } from './records.ts';

const GIB = 1n << 30n;
const HUGE = 1n << 21n;
/** A draw like any other, for recordings that tell nothing. */
const ANY_TOP = 0x7f95_410c_f000n;

function field(recording: Recording, step: string, name: string): Json | undefined {
  const found = recording.steps.find(
    (each) => each.scenario === 'mmap_args' && each.step === step && name in each.fields,
  );
  return found?.fields[name];
}

/** Start of the range in the first "unaligned vma" line of the kernel's log: a mapping of 4 KiB. */
function loggedTop(recording: Recording): bigint | undefined {
  const lines = recording.steps.flatMap(({ fields }) => JSON.stringify(fields['dmesg'] ?? ''));
  for (const line of lines) {
    const found = /unaligned vma \(0x([0-9a-f]+) - 0x([0-9a-f]+)/.exec(line);
    if (!found) continue;
    const [start, end] = [BigInt(`0x${found[1]}`), BigInt(`0x${found[2]}`)];
    if (end - start === 4096n) return end;
  }
  return undefined;
}

/**
 * The address that reserve() gave: an anonymous mapping's page offset is its address, and it was put
 * one unit further on; or from a difference to MAP_FAILED.
 */
function reservedAt(recording: Recording): bigint | undefined {
  const pgoff = field(recording, 'overlay_anon_unit1', 'vm_pgoff');
  if (typeof pgoff === 'number') return BigInt(pgoff) * 4096n - BigInt(ALIGNS[recording.align]);
  const delta = field(recording, 'hint_plus4k', 'delta');
  return typeof delta === 'number' && delta < -4096 ? -1n - BigInt(delta) : undefined;
}

/** Where reserve() puts so many units below a top: Guest.reserve's arithmetic. */
function reserveBelow(top: bigint, unit: bigint, units = 8n): bigint {
  const align = unit > HUGE ? unit : HUGE;
  const size = units * unit + 2n * align;
  const huge = size % HUGE === 0n;
  const gap = top - size - (huge ? HUGE : 0n);
  const start = huge ? (gap / HUGE + 1n) * HUGE : gap;
  return ((start + align - 1n) / align) * align;
}

/**
 * The top of the gap that mmap fills, as exactly as the recording tells: from the kernel's log, else
 * from the address chosen for one unit (modulo 1 GiB) and the reserved one.
 */
export function mmapTopOf(recording: Recording): bigint {
  const top = topModuloGib(recording);
  // mremap's result is an address in full: eight units into sixteen reserved ones.
  const moved = recording.steps.find(({ step }) => step === 'move_aligned_new')?.fields['rc'];
  if (typeof moved !== 'number' || moved < 0) return top;
  const unit = BigInt(ALIGNS[recording.align]);
  const shift = BigInt(moved) - (reserveBelow(top, unit, 16n) + 8n * unit);
  return shift % GIB === 0n ? top + shift : top;
}

function topModuloGib(recording: Recording): bigint {
  const logged = loggedTop(recording);
  if (logged !== undefined) return logged;
  const chosen = field(recording, 'kernel_chosen', 'addr_mod_1g');
  if (typeof chosen !== 'number') return ANY_TOP;
  const unit = BigInt(ALIGNS[recording.align]);
  const reserved = reservedAt(recording);
  // The chosen address is the top less two units, rounded up to the unit: what lies between is free.
  const above = unit > 4096n ? unit + unit / 2n : 2n * unit;
  const near = ((reserved ?? ANY_TOP) / GIB) * GIB + BigInt(chosen) + above;
  const tops = Array.from({ length: 32 }, (_, i) => near + BigInt(i) * GIB);
  return tops.find((top) => reserveBelow(top, unit) === reserved) ?? near;
}

/**
 * Steps before which another program's turn, or want of room, emptied the TLB. It matters where the
 * kernel left out a flush, and was the run's draw: the step's outcome tells.
 */
export function tlbEmptied({ steps }: Recording): ReadonlySet<string> {
  const find = (scenario: string, step: string) =>
    steps.find((each) => each.scenario === scenario && each.step === step)?.fields;
  const emptied = new Set<string>();
  // The A bit came back: a walk set it.
  const flags = find('observer', 'clear_refs_1_read')?.['flags'];
  if (Array.isArray(flags) && flags.includes('A')) emptied.add('observer/clear_refs_1_read');
  // The touch of an address whose leaf was lost took a fault.
  const grown = find('mremap', 'grown_unit2');
  if (grown?.['level'] === 'pud') emptied.add('mremap/grown_unit2');
  // A second leaf was lost, so it had been faulted in anew.
  const log = JSON.stringify(find('mremap_unaligned', 'dmesg')?.['dmesg'] ?? '');
  if (log.split('bad pud').length > 2) emptied.add('mremap_unaligned/move_unit0_unaligned_dst');
  return emptied;
}

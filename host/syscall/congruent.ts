import { DaxError } from '../error.ts';
import { formatBytes } from '../units.ts';
import { SLOT_BYTES } from '../wasm/slices.ts';
import { MMAP_MIN, type Process } from './process.ts';

const SLOT = BigInt(SLOT_BYTES);
const PAGE = 4096n;

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/** How far into its slot an offset of the device is mapped. */
function placeInSlot({ system }: Process, offset: bigint): bigint {
  return (offset + BigInt(system.banks.slices.leadBytes)) % SLOT;
}

/** Whether a slot of the range has page tables of another bank, which it would have to share. */
function meetsAnotherBank(process: Process, start: bigint, end: bigint, offset: bigint): boolean {
  const { machine, banks } = process.system;
  for (let at = start; at < end; at = (at / SLOT + 1n) * SLOT) {
    const slot = (at / SLOT) * SLOT;
    const others = process
      .overlapping(slot, slot + SLOT)
      .filter((vma) => vma.kind !== 'reserved' && (vma.start < start || vma.end > end));
    const bank = banks.slices.bankOf(Number((offset + at - start) / PAGE));
    if (others.length > 0 && machine.bankAt(process.mm, slot) !== bank) return true;
  }
  return false;
}

/**
 * The highest free place for a mapping of device bytes from `offset` on, congruent to the slots;
 * undefined where there is none.
 */
export function chooseCongruent(
  process: Process,
  length: bigint,
  offset: bigint,
): bigint | undefined {
  const into = placeInSlot(process, offset);
  const highest = process.mmapBase - length - into;
  if (highest < 0n) return undefined;
  for (let at = (highest / SLOT) * SLOT + into; at >= MMAP_MIN; at -= SLOT) {
    const free = process.overlapping(at, at + length).length === 0;
    if (free && !meetsAnotherBank(process, at, at + length, offset)) return at;
  }
  return undefined;
}

/**
 * Refuses a mapping that the banks cannot hold: one that is not congruent to their slots, or that lies
 * in a slot with the page tables of another bank. One bank holds any mapping.
 *
 * Fails: E_BANK_SPAN, naming a place that is free.
 */
export function requireCongruent(
  process: Process,
  start: bigint,
  end: bigint,
  offset: bigint,
): void {
  if (!process.system.banks.several) return;
  const into = placeInSlot(process, offset);
  const congruent = start % SLOT === into;
  if (congruent && !meetsAnotherBank(process, start, end, offset)) return;
  const found = chooseCongruent(process, end - start, offset);
  const use = found === undefined ? 'unmap something first' : `use address ${hex(found)}`;
  throw new DaxError(
    'E_BANK_SPAN',
    congruent
      ? `a mapping at ${hex(start)} shares 512 GiB of addresses with one that another bank holds`
      : `address ${hex(start)} of device offset ${formatBytes(Number(offset))}: a device of several banks is mapped so that address and offset are equal modulo 512 GiB`,
    `${use}, or no address at all`,
  );
}

/** Refuses to move page tables of several banks at once. Fails: E_BANK_SPAN. */
export function requireOneSlot(process: Process, from: bigint, end: bigint): void {
  if (!process.system.banks.several || end <= from) return;
  if (from / SLOT === (end - 1n) / SLOT) return;
  throw new DaxError(
    'E_BANK_SPAN',
    `mremap of ${hex(from)}-${hex(end)} would move page tables of several banks`,
    `move it in parts that end at multiples of 512 GiB, the first at ${hex((from / SLOT + 1n) * SLOT)}`,
  );
}

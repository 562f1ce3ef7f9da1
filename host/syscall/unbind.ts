import { eventsBetween, type HeldUnits } from '../wasm/machine.ts';
import { fail, type SyscallResult, succeed } from './errno.ts';
import type { Holding } from './holdings.ts';
import type { System } from './system.ts';
import type { Vma } from './vma.ts';

/** What an unbind found and left. */
export interface UnbindReport {
  /** Mappings of the device that it went through. They stay, empty. */
  readonly vmas: number;
  /** Leaf entries cleared, and TLB flushes made; 0 in a timed build, which counts nothing. */
  readonly leaves: number;
  /** TLB flushes made; 0 in a timed build. */
  readonly flushes: number;
  /** References and pins still out, by unit, from the struct pages' own counts. */
  readonly held: readonly HeldUnits[];
  /** 4 KiB pages of it: got, and pinned. */
  readonly gets: number;
  /** 4 KiB pages still pinned. */
  readonly pins: number;
  /** Whose they are, as far as get_user_pages calls tell; a storm's op stream has no names. */
  readonly holders: readonly Holding[];
}

/** The dax inode's interval tree: every mapping of the device, by the file offset it begins at. */
function mappingVmas({ processes }: System): readonly Vma[] {
  const vmas = [...processes].flatMap((process) => process.vmas);
  return vmas.filter(({ kind }) => kind === 'device').sort((a, b) => Number(a.pgoff - b.pgoff));
}

/** unmap_mapping_range of the file's pages [first, end): every mapping, an mmu_gather each (7.5). */
export function unmapMappingRange(system: System, first: number, end: number): number {
  const vmas = mappingVmas(system);
  const slots = vmas.map(({ slot }) => slot);
  system.machine.unmapMapping(slots, first, end);
  return vmas.length;
}

function heldPages(held: readonly HeldUnits[], kind: 'gets' | 'pins'): number {
  return held.reduce((sum, run) => sum + run.units * run[kind], 0);
}

/**
 * Unbinds the driver, mapped and pinned as the device may be: ALIVE cleared, faults waited for, every
 * mapping emptied, the pgmap's own references dropped. Neither kernel waits for page references or
 * pins: they are left pointing at struct pages that are gone.
 *
 * Source: semantics 9.3; drivers/dax/bus.c: kill_dev_dax; mm/memremap.c: memunmap_pages.
 * Errors: ENODEV where no driver is bound.
 */
export function unbind(system: System): SyscallResult<UnbindReport> {
  const { machine, holdings } = system;
  if (!machine.alive) return fail('ENODEV');
  const before = machine.events();
  machine.core.killDax();
  // Whoever waits for SRCU gives others their turn: no translation outlives it.
  system.tlb.flush();
  const vmas = unmapMappingRange(system, 0, Number.MAX_SAFE_INTEGER);
  const { leafClear, tlbFlush } = eventsBetween(before, machine.events());
  const held = machine.held();
  machine.core.unmapPgmap();
  const holders = holdings.current;
  holdings.expire();
  const gets = heldPages(held, 'gets');
  const pins = heldPages(held, 'pins');
  return succeed({ vmas, leaves: leafClear, flushes: tlbFlush, held, gets, pins, holders });
}

/**
 * Binds the driver again: every struct page afresh, at 1, no flags, no mapping. Mappings that lived
 * through the unbind fault again, for they are of the same inode.
 *
 * Source: semantics 9.3; drivers/dax/device.c: dev_dax_probe, whose last step is run_dax.
 * Errors: EBUSY where a driver is bound.
 */
export function rebind(system: System): SyscallResult<void> {
  if (system.machine.alive) return fail('EBUSY');
  system.machine.rebind();
  return succeed(undefined);
}

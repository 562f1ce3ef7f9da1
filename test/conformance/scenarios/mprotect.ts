// mprotect: whole, in part, refused, and the merge that moves a boundary into a unit.
import { type Guest, NONE, RO, RW } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

function wholeMapping(g: Guest, p: bigint): void {
  const all = g.units(4);
  g.mprotect(p, all, RO);
  g.obs('to_r', p);
  g.read(p);
  g.obs('read', p);
  g.touch(p);
  g.obs('write_denied', p);
  g.mprotect(p, all, RW);
  g.obs('to_rw', p);
  g.touch(p);
  g.obs('write', p);
  g.mprotect(p, all, NONE);
  g.obs('to_none', p);
  g.read(p);
  g.obs('read_none', p);
  g.mprotect(p, all, RW);
  g.obs('back_rw', p);
  g.read(p);
  g.obs('read_back', p);
  g.touch(p);
  g.obs('write_back', p);
}

function parts(g: Guest, p: bigint): void {
  const second = p + g.unit;
  const third = p + g.units(2);
  g.mprotect(second, g.unit, RO);
  g.obs('unit1_r', second, g.units(1));
  g.obs('unit0_still', p);
  g.touch(second);
  g.obs('unit1_write_denied', second, g.units(1));
  if (g.unit > 4096n) {
    g.mprotect(third + 4096n, 4096n, RO);
    g.obs('unaligned_4k', third, g.units(2));
    g.mprotect(third, g.unit / 2n, RO);
    g.obs('unaligned_half', third, g.units(2));
    g.touch(third);
    g.obs('unaligned_write_after', third, g.units(2));
  }
  g.mprotect(second, g.unit, RW);
  g.obs('unit1_rw_merge', second, g.units(1));
}

function absorbed(g: Guest): void {
  const p = g.dmap(g.units(4));
  const at = (units: number): bigint => p + g.units(units);
  const half = g.unit / 2n;
  for (let i = 0; i < 4; i++) g.touch(at(i));
  g.mprotect(p, half, RO);
  g.obs('fresh_head_half', p);
  g.mprotect(at(3) + half, half, RO);
  g.obs('fresh_tail_half', at(3), g.units(3));
  g.mprotect(p, g.unit, RO);
  g.obs('fresh_unit0_r', p);
  g.mprotect(at(1), half, RO);
  g.obs('absorb_half_into_prev', at(1), g.units(1));
  const next = g.vma(at(1) + half);
  g.note('absorb_boundary', {
    next_vma_start_mod_align: Number((next?.start ?? 0n) % g.unit),
    next_vma_len_mod_align: Number(((next?.end ?? 0n) - (next?.start ?? 0n)) % g.unit),
  });
  g.read(at(1));
  g.obs('absorb_read_lower', at(1), g.units(1));
  g.touch(at(1) + half);
  g.obs('absorb_write_upper', at(1) + half, g.units(1) + half);
  g.touch(at(2));
  g.obs('absorb_write_unit2', at(2), g.units(2));
  g.munmap(at(1), g.unit);
  g.obs('absorb_munmap_unit1', at(1), g.units(1));
  g.munmap(p, g.units(4));
  g.obs('absorb_munmap_all', p);
}

const mprotect: Scenario = (g) => {
  const p = g.dmap(g.units(4));
  for (let i = 0; i < 4; i++) g.touch(p + g.units(i));
  g.clear();
  g.obs('mapped', p);
  wholeMapping(g, p);
  parts(g, p);
  g.munmap(p, g.units(4));
  g.obs('munmap', p);
  if (g.unit > 4096n) absorbed(g);
};

export const MPROTECT_SCENARIOS: Readonly<Record<string, Scenario>> = { mprotect };

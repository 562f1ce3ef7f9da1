// munmap whole and in part, populate, and the arguments of mmap.
import type { MmapFlags } from '../../../host/syscall/mmap.ts';
import { type Guest, RW } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';
import { mmapArguments } from './mmapArguments.ts';

function touchUnits(g: Guest, p: bigint): void {
  for (let i = 0; i < 4; i++) g.touch(p + g.units(i));
}

const munmapAll: Scenario = (g) => {
  const p = g.dmap(g.units(4));
  for (let i = 0; i < 4; i++) {
    g.touch(p + g.units(i));
    g.obs(`write_unit${i}`, p + g.units(i), g.units(i));
  }
  g.munmap(p, g.units(4));
  g.obs('munmap_all', p);
  for (let i = 0; i < 4; i++) g.obs(`after_unit${i}`, p + g.units(i), g.units(i));
  g.touch(p);
  g.obs('touch_after', p);
};

const partialMunmap: Scenario = (g) => {
  let p = g.dmap(g.units(4));
  touchUnits(g, p);
  const at = (unit: number): bigint => p + g.units(unit);
  const look = (step: string, unit: number): void => g.obs(step, at(unit), g.units(unit));
  g.munmap(at(1), g.unit);
  look('munmap_unit1', 1);
  look('unit0_after', 0);
  look('unit2_after', 2);
  g.read(at(1));
  look('touch_hole', 1);
  g.munmap(p, g.unit);
  look('munmap_unit0', 0);
  g.munmap(at(3), g.unit);
  look('munmap_unit3_tail', 3);
  look('unit2_after2', 2);
  g.munmap(at(2), g.unit);
  look('munmap_unit2', 2);
  if (g.unit === 4096n) return;
  p = g.dmap(g.units(4));
  touchUnits(g, p);
  g.munmap(p + 4096n, 4096n);
  look('unaligned_4k_at_4k', 0);
  g.munmap(p, 4096n);
  look('unaligned_head_4k', 0);
  g.munmap(at(4) - 4096n, 4096n);
  look('unaligned_tail_4k', 3);
  g.munmap(p + g.unit / 2n, g.unit);
  look('unaligned_half_shift', 0);
  g.munmap(p + g.unit / 2n, g.units(4));
  look('unaligned_start_past_end', 0);
  g.munmap(p - 4096n, 4096n + g.unit);
  look('start_before_aligned_end', 0);
  look('start_before_unit1', 1);
  g.munmap(at(1), g.units(3) + 4096n);
  look('aligned_start_past_end', 1);
};

const POPULATE: MmapFlags = { type: 'shared', populate: true };

const locked: Scenario = (g) => {
  const p = g.dmap(g.units(2));
  g.mlock(p, g.units(2));
  g.obs('mlock', p);
  g.obs('mlock_unit1', p + g.unit, g.units(1));
  g.touch(p);
  g.obs('write', p);
  g.munlock(p, g.units(2));
  g.obs('munlock', p);
  g.munmap(p, g.units(2));
  const q = g.map(g.units(2), RW, 0n, { flags: POPULATE });
  g.obs('map_populate', q);
  if (q !== undefined) {
    g.obs('map_populate_unit1', q + g.unit, g.units(1));
    g.munmap(q, g.units(2));
  }
  // MAP_LOCKED populates too.
  const r = g.map(g.units(2), RW, 0n, { flags: POPULATE });
  g.obs('map_locked', r);
  if (r !== undefined) g.munmap(r, g.units(2));
};

export const MAPPING_SCENARIOS: Readonly<Record<string, Scenario>> = {
  munmap: munmapAll,
  partial_munmap: partialMunmap,
  locked,
  mmap_args: mmapArguments,
};

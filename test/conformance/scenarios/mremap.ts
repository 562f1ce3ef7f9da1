// mremap: moved, cut, grown, doubled, left behind empty; and to a place off the unit.
import type { Guest } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

const HUGE = 0x200000n;

/** Mapped at a place of the program's own choice. */
function mapFixed(g: Guest, at: bigint, units: number): bigint {
  const p = g.mapAt(at, g.units(units));
  if (p === undefined) throw new Error(`mmap failed: ${g.call.errno}`);
  return p;
}

function reserveUnits(g: Guest): bigint {
  return g.reserve(g.units(16), g.unit > HUGE ? g.unit : HUGE);
}

/** Moved to an aligned place, cut to two units, grown in place. */
function moveAndResize(g: Guest, r: bigint): bigint {
  let p = mapFixed(g, r, 4);
  g.mapBase = p;
  for (let i = 0; i < 4; i++) g.touch(p + g.units(i));
  g.clear();
  g.obs('mapped', p);
  const moved = g.mremap(p, g.units(4), g.units(4), { mayMove: true, fixed: r + g.units(8) });
  g.obs('move_aligned_new', moved);
  g.obs('move_aligned_old', p);
  if (moved !== undefined) {
    g.touch(moved);
    g.obs('move_touch_new', moved);
    p = moved;
  }
  g.mremap(p, g.units(4), g.units(2));
  g.obs('shrink_4_to_2', p);
  g.obs('shrunk_unit2', p + g.units(2), g.units(2));
  if (g.unit > 4096n) {
    g.mremap(p, g.units(2), g.unit + 4096n);
    g.obs('shrink_unaligned', p);
  }
  g.mremap(p, g.units(2), g.units(3));
  g.obs('grow_inplace_2_to_3', p);
  return p;
}

const mremap: Scenario = (g) => {
  const r = reserveUnits(g);
  const p = moveAndResize(g, r);
  const grown = g.mremap(p, g.units(2), g.units(3), { mayMove: true });
  g.obs('grow_maymove_2_to_3', grown ?? p);
  if (grown !== undefined) {
    g.note('grow_moved_to', { mod_align: Number(grown % g.unit) });
    g.othersRan('grown_unit2');
    g.touch(grown + g.units(2));
    g.obs('grown_unit2', grown + g.units(2), g.units(2));
  }
  const q = mapFixed(g, r, 2);
  g.touch(q);
  g.touch(q + g.unit);
  const twice = g.mremap(q, 0n, g.units(2), { mayMove: true });
  g.obs('old_size_0_dup', twice);
  if (twice !== undefined) {
    g.mapBase = twice;
    g.touch(twice);
    g.obs('dup_touch', twice);
    g.note('dup_addr', { mod_align: Number(twice % g.unit) });
  }
  const left = g.mremap(q, g.units(2), g.units(2), { mayMove: true, dontUnmap: true });
  g.obs('dontunmap', left ?? q);
  const to = { mayMove: true, fixed: r + g.units(12) };
  const second = g.mremap(q + g.unit, g.unit, g.unit, to);
  g.obs('move_second_unit', second ?? q + g.unit, g.units(1));
};

const mremapUnaligned: Scenario = (g) => {
  const r = reserveUnits(g);
  if (g.unit === 4096n) return;
  const askew = { mayMove: true, fixed: r + g.units(4) + 4096n };
  let f = mapFixed(g, r, 2);
  g.touch(f);
  const moved = g.mremap(f, g.units(2), g.units(2), askew);
  g.obs('move_unaligned_dst', moved ?? f);
  if (moved !== undefined) {
    f = moved;
    g.mapBase = f;
    g.touch(f);
    g.obs('move_unaligned_touch', f);
    g.touch(f + g.unit);
    g.obs('move_unaligned_touch_unit1', f + g.unit, g.units(1));
  }
  g.munmap(f, g.units(2));
  f = mapFixed(g, r, 2);
  g.othersRan('move_unit0_unaligned_dst');
  g.touch(f);
  const again = g.mremap(f, g.unit, g.unit, askew);
  g.obs('move_unit0_unaligned_dst', again ?? f);
  g.munmap(r, g.units(2));
};

export const MREMAP_SCENARIOS: Readonly<Record<string, Scenario>> = {
  mremap,
  mremap_unaligned: mremapUnaligned,
};

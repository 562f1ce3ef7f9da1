// get_user_pages in every kind, and pins across other calls.
import type { GupRequest } from '../../../host/syscall/gup.ts';
import { type Guest, NONE, RO, RW } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

const KINDS = [
  ['get_fast', false, 'fast'],
  ['pin_fast', true, 'fast'],
  ['get_slow', false, 'slow'],
  ['pin_slow', true, 'slow'],
  ['get_fast_only', false, 'fastOnly'],
] as const;
const FLAGS = [
  ['r', false, false],
  ['w', true, false],
  ['rL', false, true],
  ['wL', true, true],
] as const;
const BEFORE = ['none', 'read', 'write'] as const;

const PIN_W: GupRequest = { pin: true, write: true, longterm: false, mode: 'fast' };
const PIN_R: GupRequest = { ...PIN_W, write: false };
const PIN_WL: GupRequest = { ...PIN_W, longterm: true };
const GET_R: GupRequest = { ...PIN_R, pin: false };
const GET_W: GupRequest = { ...PIN_W, pin: false };

function oneGup(
  g: Guest,
  request: GupRequest,
  before: (typeof BEFORE)[number],
  munmapFirst: boolean,
) {
  const p = g.dmap(g.unit);
  if (before !== 'none') g.touch(p, before);
  g.clear();
  if (before !== 'none') g.obs('before', p);
  g.gup(0, g.unit > 4096n ? p + 4096n : p, 1, request);
  g.obs('gup', p);
  if (munmapFirst) {
    g.munmap(p, g.unit);
    g.obs('munmap');
    g.put(0);
    g.obs('put');
  } else {
    g.put(0);
    g.obs('put', p);
    g.munmap(p, g.unit);
    g.obs('munmap');
  }
}

const everyKind: Scenario = (g) => {
  g.lite = true;
  for (const [kind, pin, mode] of KINDS) {
    for (const [letters, write, longterm] of FLAGS) {
      if (longterm && !pin) continue;
      for (const before of BEFORE) {
        if (before === 'read' && !write) continue;
        for (const order of ['put-first', 'munmap-first'] as const) {
          if (order === 'munmap-first' && before !== 'write') continue;
          g.run.scenario = `gup_${kind}_${letters}_pre-${before}_${order}`;
          oneGup(g, { pin, write, longterm, mode }, before, order === 'munmap-first');
        }
      }
    }
  }
  g.lite = g.run.lite;
};

/** Runs of whole units, and of single pages on top of each other. */
function runsOfUnits(g: Guest, p: bigint, n: number): void {
  for (let i = 0; i < 3; i++) g.touch(p + g.units(i));
  g.gup(0, p, 1, PIN_W);
  g.obs('pin1', p);
  g.gup(1, p, 1, PIN_W);
  g.obs('pin1_again', p);
  g.gup(2, p, 1, GET_R);
  g.obs('get1_too', p);
  for (const slot of [0, 1, 2]) g.put(slot);
  g.obs('all_put', p);
  g.gup(0, p, 3 * n, PIN_WL);
  g.obs('pin_3units_longterm', p);
  g.obs('unit1', p + g.unit, g.units(1));
  g.obs('unit2', p + g.units(2), g.units(2));
  g.put(0);
  g.obs('unpin_bulk', p);
  g.gup(0, p, 3 * n, PIN_W);
  g.obs('pin_3units', p);
  g.obs('unit2_b', p + g.units(2), g.units(2));
  g.put(0);
  g.obs('unpin_single', p);
  g.gup(0, p, 3 * n, GET_W);
  g.obs('get_3units', p);
  g.put(0);
  g.obs('put_3units', p);
  g.gup(0, p, 3 * n, { ...GET_W, mode: 'slow' });
  g.obs('get_slow_3units', p);
  g.put(0);
  g.obs('put_slow_3units', p);
  g.gup(0, p, 3 * n + 1, PIN_W);
  g.obs('pin_past_vma_end', p);
  g.put(0);
  if (g.unit > 4096n) {
    for (let i = 0; i < 4; i++) {
      const at = p + 4096n * BigInt(i);
      g.gup(i, at, 2, PIN_W);
      g.obs(`pin2_at_page${i}`, at);
    }
    for (let i = 0; i < 4; i++) g.put(i);
    g.obs('pins_put', p);
  }
}

function holesAndProtections(g: Guest, p: bigint, n: number): void {
  g.munmap(p + g.units(1), g.unit);
  g.gup(0, p, 3 * n, PIN_W);
  g.obs('pin_across_hole', p);
  g.put(0);
  g.obs('put_hole', p);
  g.munmap(p, g.units(3));
  g.gup(0, p, 1, PIN_W);
  g.obs('pin_unmapped_va');
  let q = g.dmap(g.unit, RO);
  g.gup(0, q, 1, PIN_W);
  g.obs('pinw_ro_vma', q);
  g.gup(0, q, 1, PIN_R);
  g.obs('pinr_ro_vma', q);
  g.put(0);
  g.obs('put_ro', q);
  g.munmap(q, g.unit);
  q = g.dmap(g.unit, NONE);
  g.gup(0, q, 1, PIN_R);
  g.obs('pinr_none_vma', q);
  g.munmap(q, g.unit);
  q = g.dmap(g.unit, RO);
  g.read(q);
  g.gup(0, q, 1, { ...PIN_R, longterm: true });
  g.obs('pin_rL_ro_vma', q);
  g.put(0);
  g.munmap(q, g.unit);
}

function acrossOtherCalls(g: Guest): void {
  let p = g.dmap(g.units(2));
  g.touch(p);
  g.gup(0, p, 1, PIN_WL);
  g.obs('pinned', p);
  g.dontneed(p, g.unit);
  g.obs('pinned_dontneed', p);
  g.touch(p);
  g.obs('pinned_retouch', p);
  g.mprotect(p, g.units(2), RO);
  g.obs('pinned_mprotect_r', p);
  g.mprotect(p, g.units(2), RW);
  g.munmap(p, g.units(2));
  g.obs('pinned_munmap');
  g.clear();
  g.obs('pinned_fd_closed');
  p = g.dmap(g.unit);
  g.touch(p);
  g.obs('pinned_remapped', p);
  g.munmap(p, g.unit);
  g.clear();
  g.obs('pinned_remapped_gone');
  g.put(0);
  g.obs('put_last');
}

const multi: Scenario = (g) => {
  const p = g.dmap(g.units(3));
  g.lite = true;
  const n = Number(g.unit / 4096n);
  runsOfUnits(g, p, n);
  holesAndProtections(g, p, n);
  acrossOtherCalls(g);
  g.lite = g.run.lite;
};

export const GUP_SCENARIOS: Readonly<Record<string, Scenario>> = {
  gup: everyKind,
  gup_multi: multi,
};

// The program that unbinds the driver while the device is mapped, got or pinned, and binds it again.
import type { GupRequest } from '../../../host/syscall/gup.ts';
import { type Guest, RW } from '../guest.ts';

const PIN: GupRequest = { pin: true, write: true, longterm: true, mode: 'fast' };
const GET: GupRequest = { pin: false, write: true, longterm: false, mode: 'fast' };

interface UnbindCase {
  readonly name: string;
  readonly holds?: readonly GupRequest[];
  readonly munmapFirst?: boolean;
  readonly unfaulted?: boolean;
}

const CASES: readonly UnbindCase[] = [
  { name: 'unbind_idle_mapping', unfaulted: true },
  { name: 'unbind_mapped' },
  { name: 'unbind_after_munmap', munmapFirst: true },
  { name: 'unbind_pin_mapped', holds: [PIN] },
  { name: 'unbind_2pins_mapped', holds: [PIN, PIN] },
  { name: 'unbind_get_mapped', holds: [GET] },
  { name: 'unbind_pin_munmapped', holds: [PIN], munmapFirst: true },
  { name: 'unbind_get_munmapped', holds: [GET], munmapFirst: true },
];

/** What the program's two units look like, then how they are held. */
function prepare(g: Guest, { holds = [], munmapFirst, unfaulted }: UnbindCase): bigint {
  g.open();
  const p = g.dmap(g.units(2), RW);
  if (!unfaulted) {
    g.touch(p);
    g.touch(p + g.unit);
  }
  g.clear();
  g.obs(unfaulted ? 'mapped_unfaulted' : 'mapped', p);
  holds.forEach((request, slot) => {
    g.gup(slot, p, 1, request);
    g.obs('gup', p);
  });
  if (munmapFirst) {
    g.munmap(p, g.units(2));
    g.obs('munmap');
  }
  return p;
}

/** The mapping stayed, empty: touches, a mapping through the old descriptor, another open. */
function lookAround(g: Guest, p: bigint): void {
  g.obs('after_unbind', p);
  g.read(p);
  g.obs('read_after_unbind', p);
  g.touch(p);
  g.obs('write_after_unbind', p);
  g.read(p + g.unit);
  g.obs('read_unit1_after_unbind', p + g.unit, g.unit);
  g.map(g.unit);
  g.obs('mmap_old_fd_after_unbind', undefined, -1);
  const second = g.open();
  g.obs('open_after_unbind', undefined, -1);
  if (second) g.close();
}

function rebound(g: Guest): void {
  g.rebind();
  g.clear();
  g.open();
  const p = g.dmap(g.unit);
  g.touch(p);
  g.obs('after_rebind_write', p);
  g.munmap(p, g.unit);
  g.clear();
  g.obs('after_rebind_munmap');
  g.close();
}

/** Runs every case in one process, as the program does. */
export function unbindProgram(g: Guest): void {
  for (const each of CASES) {
    g.run.scenario = each.name;
    const p = prepare(g, each);
    g.unbind();
    g.clear();
    if (each.munmapFirst) g.obs('after_unbind');
    else lookAround(g, p);
    (each.holds ?? []).forEach((_, slot) => {
      g.forget(slot);
      g.obs('forget', undefined, -1);
    });
    if (!each.munmapFirst) {
      g.munmap(p, g.units(2));
      g.obs('munmap_after', p, -1);
    }
    g.close();
    rebound(g);
  }
}

// Whether looking at a mapping changes it: each look through /proc, then what the module sees.
import { readNumaMaps } from '../../../host/proc/numaMaps.ts';
import { readPagemap } from '../../../host/proc/pagemap.ts';
import { readSmaps } from '../../../host/proc/smaps.ts';
import { type ClearRefs, clearRefs } from '../../../host/syscall/clearRefs.ts';
import { succeed } from '../../../host/syscall/errno.ts';
import { mincore } from '../../../host/syscall/mincore.ts';
import type { Guest } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

/** One byte written to /proc/self/clear_refs. */
function writeClearRefs(g: Guest, what: ClearRefs): void {
  g.returning(() => {
    const written = clearRefs(g.process, what);
    return written.ok ? succeed(1) : written;
  });
}

const observer: Scenario = (g) => {
  const p = g.dmap(g.units(2));
  const lite = g.lite;
  g.lite = true;
  g.touch(p);
  g.obs('write', p);
  g.obs('second_look', p);
  g.lite = false;
  g.obs('look_with_smaps_and_pagemap', p);
  g.lite = true;
  g.obs('after_smaps_and_pagemap', p);
  g.touch(p);
  g.obs('touch', p);
  readPagemap(g.process, p, 1);
  g.clear();
  g.obs('after_pagemap', p);
  g.touch(p);
  readSmaps(g.process);
  g.clear();
  g.obs('after_smaps', p);
  g.touch(p);
  g.done(() => mincore(g.process, p, 4096n));
  g.obs('after_mincore', p);
  g.touch(p);
  readNumaMaps(g.process);
  g.clear();
  g.obs('after_numa_maps', p);
  g.touch(p);
  writeClearRefs(g, 1);
  g.obs('after_clear_refs_1', p);
  g.othersRan('clear_refs_1_read');
  g.read(p);
  g.obs('clear_refs_1_read', p);
  writeClearRefs(g, 4);
  g.obs('after_clear_refs_4', p);
  g.touch(p);
  g.obs('clear_refs_4_write', p);
  g.munmap(p, g.units(2));
  g.lite = lite;
};

export const OBSERVER_SCENARIOS: Readonly<Record<string, Scenario>> = { observer };

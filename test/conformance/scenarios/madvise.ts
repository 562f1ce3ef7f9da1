// Every advice on a fresh, written mapping; then DONTNEED and flags on parts of units.
import type { Advice } from '../../../host/syscall/madvise.ts';
import type { Scenario } from '../scenarios.ts';

const ALL: readonly (readonly [name: string, advice: Advice])[] = [
  ['normal', 'normal'],
  ['random', 'random'],
  ['sequential', 'sequential'],
  ['willneed', 'willneed'],
  ['free', 'free'],
  ['remove', 'remove'],
  ['hugepage', 'hugepage'],
  ['nohugepage', 'nohugepage'],
  ['mergeable', 'mergeable'],
  ['cold', 'cold'],
  ['pageout', 'pageout'],
  ['wipeonfork', 'wipeonfork'],
  ['dontdump', 'dontdump'],
  ['populate_read', 'populateRead'],
  ['populate_write', 'populateWrite'],
  ['collapse', 'collapse'],
  ['dontneed_locked', 'dontneedLocked'],
  ['dontneed', 'dontneed'],
];

const madvise: Scenario = (g) => {
  for (const [name, advice] of ALL) {
    const p = g.dmap(g.units(2));
    g.touch(p);
    g.madvise(p, g.units(2), advice);
    g.obs(name, p);
    if (name.startsWith('populate')) g.obs(`${name}_unit1`, p + g.unit, g.units(1));
    g.touch(p);
    g.obs(`${name}_then_write`, p);
    g.munmap(p, g.units(2));
  }
  const p = g.dmap(g.units(4));
  for (let i = 0; i < 4; i++) g.touch(p + g.units(i));
  g.dontneed(p + g.unit, g.unit);
  g.obs('dontneed_unit1', p + g.unit, g.units(1));
  g.obs('dontneed_unit0_kept', p);
  if (g.unit > 4096n) {
    g.dontneed(p, 4096n);
    g.obs('dontneed_4k_of_unit0', p);
    g.obs('dontneed_4k_unit0_lastpage', p + g.unit - 4096n, g.unit - 4096n);
    g.read(p + g.unit - 4096n);
    g.obs('after_touch_lastpage', p);
    g.dontneed(p + g.units(2) + g.unit / 2n, g.unit);
    g.obs('dontneed_half_2', p + g.units(2), g.units(2));
    g.obs('dontneed_half_3', p + g.units(3), g.units(3));
    g.madvise(p + 4096n, g.unit / 2n, 'hugepage');
    g.obs('hugepage_unaligned', p);
    g.madvise(p + 4096n, g.unit / 2n, 'dontdump');
    g.obs('dontdump_unaligned', p);
  }
  g.munmap(p, g.units(4));
};

export const MADVISE_SCENARIOS: Readonly<Record<string, Scenario>> = { madvise };

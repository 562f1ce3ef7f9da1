// Several processes.
import { type Guest, RO } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

const LONGTERM_PIN = { pin: true, write: true, longterm: true, mode: 'fast' } as const;
const FAST_PIN = { ...LONGTERM_PIN, longterm: false } as const;

const fork: Scenario = (g) => {
  const p = g.dmap(g.units(2));
  g.touch(p);
  g.obs('parent_write', p);
  const children: Guest[] = [];
  for (let i = 0; i < 4; i++) {
    const child = g.fork(`child${i}`);
    children.push(child);
    child.clear();
    child.obs('child_start', p);
    child.read(p);
    child.obs('child_read', p);
    child.touch(p);
    child.obs('child_write', p);
    child.touch(p + g.unit);
    child.obs('child_write_unit1', p + g.unit, g.units(1));
    g.clear();
    g.obs(`parent_after_child${i}`, p);
  }
  children.forEach((child, i) => {
    g.wait(child, `child${i}_exit`);
    g.clear();
    g.obs(`child${i}_exit`, p);
  });
  g.munmap(p, g.units(2));
  g.obs('munmap', p);
};

const forkReadOnly: Scenario = (g) => {
  const p = g.dmap(g.units(2), RO);
  g.read(p);
  g.obs('parent_read', p);
  const first = g.fork('child0');
  first.clear();
  first.obs('child_start', p);
  first.read(p);
  first.obs('child_read', p);
  first.munmap(p, g.units(2));
  first.obs('child_munmap', p);
  g.wait(first, 'child_exit');
  g.clear();
  g.obs('parent_after', p);
  g.madvise(p, g.units(2), 'dontfork');
  g.obs('dontfork', p);
  const second = g.fork('child1');
  second.clear();
  second.obs('child_start', p);
  second.read(p);
  second.obs('child_read', p);
  g.wait(second, 'child1_exit');
};

const forkAfterPin: Scenario = (g) => {
  let p = g.dmap(g.units(2));
  g.touch(p);
  g.gup(0, p, 1, LONGTERM_PIN);
  g.obs('pin', p);
  const child = g.fork('child0');
  child.clear();
  child.obs('child_start', p);
  child.touch(p);
  child.obs('child_write', p);
  child.gup(1, p, 1, FAST_PIN);
  child.obs('child_pin', p);
  child.put(1);
  child.obs('child_unpin', p);
  g.wait(child, 'child_exit');
  g.clear();
  g.obs('parent_after', p);
  g.touch(p);
  g.obs('parent_write', p);
  g.put(0);
  g.obs('unpin', p);
  g.munmap(p, g.units(2));
  g.clear();
  g.obs('end');
  const pinner = g.fork('child1');
  p = pinner.dmap(g.unit);
  pinner.touch(p);
  pinner.gup(0, p, 1, LONGTERM_PIN);
  pinner.obs('child_pin_and_exit', p);
  g.wait(pinner, 'child1_exit');
  g.clear();
  g.obs('pin_outlives_process');
  g.put(0);
  g.obs('unpin_after_process');
};

export const FORK_SCENARIOS: Readonly<Record<string, Scenario>> = {
  fork,
  fork_ro: forkReadOnly,
  fork_after_pin: forkAfterPin,
};

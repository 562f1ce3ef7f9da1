// Faults, repeats and several mappings.

import { NONE, RO, RW } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

const initial: Scenario = (g) => {
  g.clear();
  g.obs('unit0_page0', undefined, 0);
  g.obs('unit0_page1', undefined, 4096);
  g.obs('unit0_lastpage', undefined, g.unit - 4096n);
  g.obs('unit1_page0', undefined, g.units(1));
  g.obs('last_page', undefined, g.run.deviceBytes - 4096n);
};

const readFault: Scenario = (g) => {
  const p = g.dmap(g.units(4));
  g.obs('mmap', p);
  g.read(p);
  g.obs('read_unit0', p);
  g.read(p + 64n);
  g.obs('read_unit0_again', p);
  g.read(p + g.unit - 4096n);
  g.obs('read_unit0_lastpage', p + g.unit - 4096n, g.unit - 4096n);
  g.read(p + g.unit + 4096n);
  g.obs('read_unit1_page1', p + g.unit + 4096n, g.unit + 4096n);
  g.obs('unit0_tailpage_view', p + 4096n, 4096);
  g.read(p + g.units(3));
  g.obs('read_unit3', p + g.units(3), g.units(3));
  g.munmap(p, g.units(4));
  g.obs('munmap', p);
};

const writeFault: Scenario = (g) => {
  const p = g.dmap(g.units(4));
  g.touch(p + 5000n);
  g.obs('write_unit0_off5000', p);
  g.touch(p);
  g.obs('write_unit0_again', p);
  const middle = g.units(2) + g.unit / 2n;
  g.touch(p + middle);
  g.obs('write_unit2_mid', p + middle, middle);
  g.munmap(p, g.units(4));
  g.obs('munmap', p);
};

const readThenWrite: Scenario = (g) => {
  const p = g.dmap(g.units(2));
  g.read(p);
  g.obs('read', p);
  g.touch(p);
  g.obs('write_after_read', p);
  g.touch(p);
  g.obs('write_again', p);
  g.read(p);
  g.obs('read_again', p);
  g.munmap(p, g.units(2));
  g.obs('munmap', p);
};

const roMap: Scenario = (g) => {
  const p = g.dmap(g.units(2), RO);
  g.obs('mmap_ro', p);
  g.read(p);
  g.obs('read', p);
  g.touch(p);
  g.obs('write_in_ro', p);
  g.mprotect(p, g.units(2), RW);
  g.obs('mprotect_rw', p);
  g.touch(p);
  g.obs('write_after_mprotect', p);
  g.munmap(p, g.units(2));
  g.obs('munmap', p);
  g.mapThrough('r', g.unit, RW);
  g.obs('rofd_mmap_rw');
  let q = g.mapThrough('r', g.unit, RO);
  g.obs('rofd_mmap_ro', q);
  if (q !== undefined) {
    g.mapBase = q;
    g.mprotect(q, g.unit, RW);
    g.obs('rofd_mprotect_rw', q);
    g.read(q);
    g.obs('rofd_read', q);
    g.munmap(q, g.unit);
  }
  g.mapThrough('w', g.unit, { read: false, write: true, exec: false });
  g.obs('wofd_mmap_w');
  for (const [name, protection, step] of PROTECTIONS) {
    q = g.map(g.unit, protection);
    g.obs(`mmap_${name}`, q);
    if (q === undefined) continue;
    g.mapBase = q;
    g.touch(q, step === 'rwx_write' ? 'write' : 'read');
    g.obs(step, q);
    g.munmap(q, g.unit);
  }
};

const PROTECTIONS = [
  ['wonly', { read: false, write: true, exec: false }, 'wonly_read'],
  ['none', NONE, 'none_read'],
  ['rwx', { read: true, write: true, exec: true }, 'rwx_write'],
] as const;

const repeat: Scenario = (g) => {
  const p = g.dmap(g.unit);
  for (let i = 0; i < 3; i++) {
    g.touch(p);
    g.obs(`write_${i}`, p);
    g.dontneed(p, g.unit);
    g.obs(`dontneed_${i}`, p);
  }
  g.read(p);
  g.obs('read_after', p);
  g.munmap(p, g.unit);
  g.obs('munmap', p);
};

const multiMap: Scenario = (g) => {
  const maps: bigint[] = [];
  for (let i = 0; i < 8; i++) {
    const p = g.dmap(g.unit);
    maps.push(p);
    g.touch(p);
    g.obs(`map${i}_write`, p);
  }
  maps.forEach((p, i) => {
    g.munmap(p, g.unit);
    g.obs(`munmap${i}`);
  });
  const q = g.dmap(g.units(3));
  const r = g.dmap(g.units(3), RW, g.units(1));
  g.touch(q + g.unit);
  g.read(r);
  g.obs('overlap_q_unit1', q + g.unit, g.units(1));
  g.obs('overlap_r_unit1', r, g.units(1));
  g.munmap(q, g.units(3));
  g.munmap(r, g.units(3));
};

const multiPages: Scenario = (g) => {
  const p = g.dmap(g.units(2));
  for (let i = 0; i < 4; i++) {
    const at = BigInt(i) * 4096n;
    g.touch(p + at);
    g.obs(`write_page${i}`, p + at, at);
  }
  g.munmap(p, g.units(2));
  g.obs('munmap');
};

export const FAULT_SCENARIOS: Readonly<Record<string, Scenario>> = {
  initial,
  read_fault: readFault,
  write_fault: writeFault,
  read_then_write: readThenWrite,
  ro_map: roMap,
  repeat,
  multi_map: multiMap,
  multi_pages: multiPages,
};

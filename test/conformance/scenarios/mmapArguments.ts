// mmap's arguments: types, lengths, offsets, ends, hints, fixed places, overlays.
import type { MmapFlags } from '../../../host/syscall/mmap.ts';
import { type Guest, RO, RW } from '../guest.ts';

type Protection = typeof RW;

/** A mapping with these flags, looked at, and unmapped again if there is one. */
function tryMap(g: Guest, step: string, flags: MmapFlags, protection: Protection = RW): void {
  const p = g.map(g.unit, protection, 0n, { flags });
  g.obs(step, p);
  if (p !== undefined) g.munmap(p, g.unit);
}

function types(g: Guest): void {
  tryMap(g, 'map_private', { type: 'private' });
  tryMap(g, 'map_private_ro', { type: 'private' }, RO);
  // Neither type: the kernel refuses it before it looks at anything else.
  g.call = { rc: -1, errno: 'EINVAL' };
  g.obs('map_notype');
  tryMap(g, 'map_shared_validate', { type: 'sharedValidate' });
  const p = g.map(g.unit, RW, 0n, { flags: { type: 'sharedValidate', sync: true } });
  g.obs('map_sync', p);
  if (p !== undefined) {
    g.mapBase = p;
    g.touch(p);
    g.obs('map_sync_write', p);
    g.munmap(p, g.unit);
  }
  g.map(g.unit, RW, 0n, { flags: { type: 'shared', hugetlb: true } });
  g.obs('map_hugetlb');
}

function lengths(g: Guest): void {
  g.map(0n);
  g.obs('len_0');
  const cases = [
    ['len_1', 1n, ['len_1_touch']],
    ['len_4k', 4096n, ['len_4k_touch']],
    ['len_unit_plus_4k', g.unit + 4096n, ['len_unit_plus_4k_touch0', 'len_unit_plus_4k_touch1']],
    [
      'len_2unit_minus_4k',
      g.units(2) - 4096n,
      ['len_2unit_minus_4k_touch0', 'len_2unit_minus_4k_touch1'],
    ],
  ] as const;
  for (const [step, length, touches] of cases) {
    const p = g.map(length);
    g.obs(step, p);
    if (p === undefined) continue;
    g.mapBase = p;
    touches.forEach((name, i) => {
      g.touch(p + g.units(i));
      g.obs(name, p + g.units(i), g.units(i));
    });
    g.munmap(p, length < 4096n ? 4096n : length);
  }
}

function offsetName(g: Guest, offset: bigint): string {
  const rest = offset % g.unit;
  const half = g.unit / 2n;
  const name = rest === 0n ? 'u' : rest === half ? '+half' : rest === 4096n ? '+4k' : '+unit-4k';
  return `off_${offset / g.unit}${name}`;
}

function offsets(g: Guest): void {
  const all = [4096n, g.unit / 2n, g.unit - 4096n, g.unit + 4096n, g.units(1), g.units(3)];
  for (const offset of all) {
    if (offset % 4096n) continue;
    const p = g.map(g.units(2), RW, offset);
    const step = offsetName(g, offset);
    g.obs(step, p, offset < g.run.deviceBytes ? offset : 0n);
    if (p === undefined) continue;
    g.mapBase = p;
    g.note(step, { addr_mod_align: Number(p % g.unit), addr_mod_2m: Number(p % 0x200000n) });
    g.touch(p);
    g.obs(`${step}_touch`, p, offset);
    g.touch(p + g.unit);
    g.obs(`${step}_touch1`, p + g.unit, offset + g.unit);
    g.munmap(p, g.units(2));
  }
  g.map(g.unit, RW, 100n);
  g.obs('off_100_bytes');
}

/** A mapping at an offset, touched at the places given, each looked at. */
function mapAndTouch(
  g: Guest,
  step: string,
  length: bigint,
  offset: bigint,
  touches: readonly (readonly [
    name: string,
    at: bigint,
    kind: 'read' | 'write',
    look: bigint,
    devoff: bigint,
  ])[],
): void {
  const p = g.map(length, RW, offset);
  g.obs(step, p, offset < g.run.deviceBytes ? offset : -1n);
  if (p === undefined) return;
  g.mapBase = p;
  for (const [name, at, kind, look, devoff] of touches) {
    g.touch(p + at, kind);
    g.obs(name, p + look, devoff);
  }
  g.munmap(p, length);
}

function ends(g: Guest): void {
  const size = g.run.deviceBytes;
  const { unit } = g;
  mapAndTouch(g, 'last_unit', unit, size - unit, [
    ['last_unit_touch', unit - 1n, 'write', unit - 4096n, size - 4096n],
  ]);
  mapAndTouch(g, 'last_unit_plus1', g.units(2), size - unit, [
    ['last_unit_plus1_touch0', 0n, 'write', 0n, size - unit],
    ['last_unit_plus1_read1', unit, 'read', unit, -1n],
    ['last_unit_plus1_write1', unit + 4095n, 'write', unit, -1n],
  ]);
  mapAndTouch(g, 'off_eq_size', unit, size, [['off_eq_size_touch', 0n, 'read', 0n, -1n]]);
  mapAndTouch(g, 'off_far', unit, size + g.units(100), [['off_far_touch', 0n, 'read', 0n, -1n]]);
  mapAndTouch(g, 'whole_device', size, 0n, [
    ['whole_device_last', size - 1n, 'write', size - 4096n, size - 4096n],
  ]);
  mapAndTouch(g, 'whole_plus_unit', size + unit, 0n, []);
}

function chosenAddresses(g: Guest): void {
  for (let i = 0; i < 3; i++) {
    const p = g.map(g.units(1 + i)) ?? 0n;
    g.note('kernel_chosen', {
      addr_mod_align: Number(p % g.unit),
      addr_mod_2m: Number(p % 0x200000n),
      addr_mod_1g: Number(p % 0x40000000n),
    });
    g.munmap(p, g.units(1 + i));
  }
}

const FAILED = 0xffff_ffff_ffff_ffffn;

function hints(g: Guest, r: bigint): void {
  let p = g.mapAt(r, g.units(2), 0n, 'hint');
  g.note('hint_aligned', {
    honoured: p === r ? 1 : 0,
    addr_mod_align: Number((p ?? FAILED) % g.unit),
  });
  if (p !== undefined) {
    g.mapBase = p;
    g.touch(p);
    g.obs('hint_aligned_touch', p);
    g.munmap(p, g.units(2));
  }
  p = g.mapAt(r + 4096n, g.units(2), 0n, 'hint');
  g.note('hint_plus4k', {
    honoured: p === r + 4096n ? 1 : 0,
    delta: Number((p ?? -1n) - r),
    addr_mod_align: Number((p ?? FAILED) % g.unit),
    rc: g.call.rc,
    ...(g.call.errno ? { errno: g.call.errno } : {}),
  });
  if (p !== undefined) {
    g.mapBase = p;
    g.touch(p);
    g.obs('hint_plus4k_touch', p);
    g.munmap(p, g.units(2));
  }
  p = g.mapAt(r + 123n, g.units(2), 0n, 'hint');
  g.note('hint_plus123', {
    delta: Number((p ?? -1n) - r),
    addr_mod_align: Number((p ?? FAILED) % g.unit),
  });
  if (p !== undefined) g.munmap(p, g.units(2));
}

function fixedPlaces(g: Guest, r: bigint): void {
  let p = g.mapAt(r + 4096n, g.units(2));
  g.obs('fixed_plus4k', p);
  if (p !== undefined) {
    g.mapBase = p;
    g.read(p);
    g.obs('fixed_plus4k_read', p);
    g.touch(p + g.unit - 8192n);
    g.obs('fixed_plus4k_write_late', p + g.unit - 8192n);
    g.touch(p + g.unit);
    g.obs('fixed_plus4k_unit1', p + g.unit, g.units(1));
    g.munmap(p, g.units(2));
  }
  p = g.mapAt(r, g.units(2), 0n, 'noreplace');
  g.obs('fixed_noreplace', p);
  if (p !== undefined) g.munmap(p, g.units(2));
  p = g.mapAt(r + g.unit, g.units(2), g.units(2));
  if (p === undefined) return;
  g.mapBase = p;
  g.touch(p);
  g.obs('fixed_unit1_off2', p, g.units(2));
}

function overlays(g: Guest, r: bigint): void {
  const p = g.mapAt(r, g.units(4));
  if (p === undefined) throw new Error('the overlay mapping failed');
  g.mapBase = p;
  for (let i = 0; i < 4; i++) g.touch(p + g.units(i));
  g.mapAnonymousAt(p + g.unit, g.unit);
  g.obs('overlay_anon_unit1', p + g.unit, g.units(1));
  if (g.unit > 4096n) {
    g.mapAnonymousAt(p + g.units(2) + 4096n, 4096n);
    g.obs('overlay_anon_unaligned', p + g.units(2), g.units(2));
    g.touch(p + g.units(2));
    g.obs('overlay_anon_unaligned_touch', p + g.units(2), g.units(2));
  }
  g.mapAt(p + g.units(3), g.unit);
  g.obs('overlay_dax_unit3_off0', p + g.units(3), g.units(3));
  g.touch(p + g.units(3));
  g.obs('overlay_dax_unit3_off0_touch', p + g.units(3));
}

export function mmapArguments(g: Guest): void {
  types(g);
  lengths(g);
  offsets(g);
  ends(g);
  chosenAddresses(g);
  const r = g.reserve(g.units(8), g.unit > 0x200000n ? g.unit : 0x200000n);
  g.munmap(r, g.units(8));
  hints(g, r);
  fixedPlaces(g, r);
  overlays(g, r);
}

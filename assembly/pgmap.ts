/*
 * References on the whole device, which the devmap kernel takes in get_user_pages
 * (mm/memremap.c: get_dev_pagemap): the pgmap is found in an xarray, its reference is per CPU.
 *
 * xarray node: 64 slots of 4 B. 0: nothing; HERE: the pgmap; else the node below.
 */
import { CONTROL, CTL_ALIVE, PGMAPS, PGMAPS_END, SEAM_PGMAP } from './layout';
import { PGMAP_GET, PGMAP_NODE, PGMAP_PUT, count } from './ledger';
import { beyondFirstRange, physOf } from './page';
import { countPgmap } from './percpu';
import { deviceEnd, deviceRanges, deviceStart } from './range';
import { begins, ends } from './seam';
import { FULL } from './switches';

@inline const NODE_BYTES: u32 = 256;
@inline const SLOT_BITS: u32 = 6;
@inline const HERE: u32 = 1;

let nodes: u32 = 0;
let rootShift: u32 = 0;

function newNode(): usize {
  const at: usize = PGMAPS + nodes * NODE_BYTES;
  if (at + NODE_BYTES > PGMAPS_END) unreachable();
  nodes += 1;
  memory.fill(at, 0, NODE_BYTES);
  return at;
}

/** Stores the pgmap at [from, end) below `node`, whose slots each span 2^shift page numbers. */
function storeRange(node: usize, base: u64, shift: u32, from: u64, end: u64): void {
  for (let i: u32 = 0; i < 1 << SLOT_BITS; i++) {
    const first = base + (<u64>i << shift);
    const next = first + ((<u64>1) << shift);
    if (next <= from || first >= end) continue;
    const slot = node + (<usize>i << 2);
    if (first >= from && next <= end) store<u32>(slot, HERE);
    else {
      // Another range may have come this way before.
      let below: usize = load<u32>(slot);
      if (!below) below = newNode();
      store<u32>(slot, <u32>below);
      storeRange(below, first, shift - SLOT_BITS, from, end);
    }
  }
}

function shiftFor(end: u64): u32 {
  let shift: u32 = 0;
  while ((<u64>64 << shift) < end) shift += SLOT_BITS;
  return shift;
}

/** The xarray as binding the device leaves it; DETAIL=full. */
export function bindPgmap(): void {
  nodes = 0;
  attachPgmap();
  const root = newNode();
  for (let i: u32 = 0; i < deviceRanges(); i++) {
    storeRange(root, 0, rootShift, deviceStart(i) >> 12, deviceEnd(i) >> 12);
  }
}

/** Erases the pgmap, ranges and all: what memunmap_pages does last. */
export function unbindPgmap(): void {
  nodes = 0;
  newNode();
}

export function attachPgmap(): void {
  rootShift = shiftFor(deviceEnd(deviceRanges() - 1) >> 12);
}

/** xas_load: down to the entry for a page number. */
function lookUp(pfn: u64): u32 {
  let node: usize = PGMAPS;
  let shift = rootShift;
  while (true) {
    count(PGMAP_NODE);
    const entry = load<u32>(node + ((<usize>(pfn >> shift) & 63) << 2));
    if (entry <= HERE) return entry;
    node = entry;
    shift -= SLOT_BITS;
  }
}

/** get_dev_pagemap of a page's address: refused once the device is going away (6.5). */
@inline export function getPgmap(phys: u64): bool {
  if (DETAIL >= FULL && lookUp(phys >> 12) != HERE) return false;
  if (!load<u32>(CONTROL, CTL_ALIVE)) return false;
  count(PGMAP_GET);
  countPgmap(1);
  return true;
}

@inline export function putPgmap(): void {
  count(PGMAP_PUT);
  countPgmap(-1);
}

/** Whether a walk holds the pgmap: the kernel's walks carry it from page to page. */
let held: bool = false;

/**
 * get_dev_pagemap with what the walk holds already: kept for a page of the first range, dropped and
 * taken again for every page beyond (6.5).
 */
@inline export function usePgmap(page: u32): bool {
  if (held) {
    if (!beyondFirstRange(page)) return true;
    putPgmap();
  }
  held = getPgmap(physOf(page));
  return held;
}

/** A walk that another bank has begun holds what it held there. */
@inline export function resumePgmap(): void {
  if (!begins()) held = load<u32>(CONTROL, SEAM_PGMAP) != 0;
}

/** The walk's end, or where it goes on in another bank. */
@inline export function leavePgmap(stopped: bool): void {
  if (ends() || stopped) {
    dropPgmap();
    return;
  }
  store<u32>(CONTROL, held ? 1 : 0, SEAM_PGMAP);
  held = false;
}

/** The walk's end. */
@inline export function dropPgmap(): void {
  if (held) putPgmap();
  held = false;
}

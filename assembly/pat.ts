/*
 * The memory type of a page number, which the devmap kernel looks up at every insert
 * (track_pfn_insert, arch/x86/mm/pat/memtype.c): first whether it is System RAM, by a walk of the
 * resource tree under resource_lock, then the memory-type tree under memtype_lock. Both are global.
 *
 * resource (64 B)                                  memory type (32 B), a search tree by its start
 *   ┌ 0 start ┬ 8 end (u64 each) ┬ 16 is RAM ┐       ┌ 0 start ┬ 8 end (u64 each) ┐
 *   ├ 20 child ┬ 24 sibling ┬ 28 parent      ┤       ├ 16 left ┬ 20 right          ┤
 */
import { IOMEM, MEMTYPES } from './layout';
import { PAT_NODE, count } from './ledger';
import { lockMemtypes, lockResources, unlockMemtypes, unlockResources } from './lock';
import { deviceEnd, deviceRanges, deviceStart } from './range';
import { FULL, NO_MEMTYPE } from './switches';

@inline const RESOURCE_BYTES: u32 = 64;
@inline const RES_START: u32 = 0;
@inline const RES_END: u32 = 8;
@inline const RES_RAM: u32 = 16;
@inline const RES_CHILD: u32 = 20;
@inline const RES_SIBLING: u32 = 24;
@inline const RES_PARENT: u32 = 28;

@inline const MEMTYPE_BYTES: u32 = 32;
@inline const TYPE_START: u32 = 0;
@inline const TYPE_END: u32 = 8;
@inline const TYPE_LEFT: u32 = 16;
@inline const TYPE_RIGHT: u32 = 20;

/* A common host below the device: low memory, firmware, RAM to 2 GiB, PCI windows, APICs. */
@inline const RESOURCES_BELOW: u32 = 12;
@inline const RAM_RESOURCES: u32 = 0b000010010010;
@inline const DEVICE_CHILDREN: u32 = 2;
/* Memory types reserved for device registers, all below the device: a balanced tree of fifteen. */
@inline const MEMTYPES_BELOW: u32 = 14;
@inline const MEMTYPE_SPACING: u64 = 0x1000000;

let made: u32 = 0;

function addResource(start: u64, end: u64, ram: bool, parent: usize): usize {
  const at: usize = IOMEM + made * RESOURCE_BYTES;
  made += 1;
  store<u64>(at, start, RES_START);
  store<u64>(at, end, RES_END);
  store<u32>(at, ram ? 1 : 0, RES_RAM);
  store<u32>(at, 0, RES_CHILD);
  store<u32>(at, 0, RES_SIBLING);
  store<u32>(at, <u32>parent, RES_PARENT);
  return at;
}

/** Persistent Memory, in it the namespace, in it dax0.0. Answers the outermost. */
function bindRange(phys: u64, end: u64): usize {
  const outer = addResource(phys, end, false, 0);
  let parent = outer;
  for (let i: u32 = 0; i < DEVICE_CHILDREN; i++) {
    const child = addResource(phys, end, false, parent);
    store<u32>(parent, <u32>child, RES_CHILD);
    parent = child;
  }
  return outer;
}

function bindResources(): void {
  made = 0;
  let last: usize = 0;
  const step = deviceStart(0) / RESOURCES_BELOW;
  for (let i: u32 = 0; i < RESOURCES_BELOW; i++) {
    const ram = ((RAM_RESOURCES >> i) & 1) != 0;
    const next = addResource(step * i, step * (i + 1) - 1, ram, 0);
    if (last) store<u32>(last, <u32>next, RES_SIBLING);
    last = next;
  }
  for (let i: u32 = 0; i < deviceRanges(); i++) {
    const next = bindRange(deviceStart(i), deviceEnd(i) - 1);
    store<u32>(last, <u32>next, RES_SIBLING);
    last = next;
  }
}

/** Nodes [low, high) of the sorted list as a balanced tree; answers its root. */
function bindMemtypes(low: u32, high: u32): usize {
  if (low >= high) return 0;
  const middle = (low + high) >> 1;
  const at: usize = MEMTYPES + middle * MEMTYPE_BYTES;
  store<u32>(at, <u32>bindMemtypes(low, middle), TYPE_LEFT);
  store<u32>(at, <u32>bindMemtypes(middle + 1, high), TYPE_RIGHT);
  return at;
}

let memtypeRoot: usize = 0;

/** The trees of a host that has the device; DETAIL=full. */
export function bindPat(): void {
  const phys = deviceStart(0);
  bindResources();
  for (let i: u32 = 0; i < MEMTYPES_BELOW; i++) {
    const at: usize = MEMTYPES + i * MEMTYPE_BYTES;
    const start = phys - (MEMTYPES_BELOW - i) * MEMTYPE_SPACING;
    store<u64>(at, start, TYPE_START);
    store<u64>(at, start + 4096, TYPE_END);
  }
  // The pgmap's own ranges, reserved when the driver bound it.
  for (let i: u32 = 0; i < deviceRanges(); i++) {
    const own: usize = MEMTYPES + (MEMTYPES_BELOW + i) * MEMTYPE_BYTES;
    store<u64>(own, deviceStart(i), TYPE_START);
    store<u64>(own, deviceEnd(i), TYPE_END);
  }
  attachPat();
  bindMemtypes(0, MEMTYPES_BELOW + deviceRanges());
}

export function attachPat(): void {
  memtypeRoot = MEMTYPES + ((MEMTYPES_BELOW + deviceRanges()) >> 1) * MEMTYPE_BYTES;
}

/** next_resource: down if asked, else along, else up and along. */
function nextResource(from: usize, down: bool): usize {
  if (down && load<u32>(from, RES_CHILD)) return load<u32>(from, RES_CHILD);
  let at = from;
  while (!load<u32>(at, RES_SIBLING) && load<u32>(at, RES_PARENT)) at = load<u32>(at, RES_PARENT);
  return load<u32>(at, RES_SIBLING);
}

/** find_next_iomem_res: is any System RAM in this page? */
function isRam(phys: u64): bool {
  lockResources();
  let found = false;
  let at: usize = IOMEM;
  while (at) {
    count(PAT_NODE);
    if (load<u64>(at, RES_START) > phys) break;
    const covers = load<u64>(at, RES_END) >= phys;
    if (covers && load<u32>(at, RES_RAM)) {
      found = true;
      break;
    }
    at = nextResource(at, covers);
  }
  unlockResources();
  return found;
}

/** memtype_lookup: the node of the tree that holds the address. */
function memtype(phys: u64): usize {
  lockMemtypes();
  let at = memtypeRoot;
  while (at) {
    count(PAT_NODE);
    if (phys < load<u64>(at, TYPE_START)) at = load<u32>(at, TYPE_LEFT);
    else if (phys >= load<u64>(at, TYPE_END)) at = load<u32>(at, TYPE_RIGHT);
    else break;
  }
  unlockMemtypes();
  return at;
}

/**
 * track_pfn_insert: the cache mode for a page about to be inserted. Answers something read on the
 * way, which a chained operation waits for.
 * Kernel: devmap alone; refcount inserts with the mapping's own protection.
 */
@inline export function trackInsert(phys: u64): u64 {
  if (DETAIL < FULL || NO_MEMTYPE) return 0;
  return isRam(phys) ? 1 : load<u64>(memtype(phys), TYPE_START);
}

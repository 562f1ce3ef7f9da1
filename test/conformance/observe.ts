// What the recording programs wrote down of a step, from the emulator's state: same names, same
// units, same defaults left out.

import { pageAtPhys } from '../../host/syscall/device.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { leafPhys, type Walk, walk } from '../../host/wasm/walk.ts';
import type { Guest } from './guest.ts';
import type { JsonObject } from './records.ts';
import { BackingLeaf, smaps } from './smaps.ts';

const PRESENT = 1n;
const FLAG_NAMES: readonly (readonly [bigint, string])[] = [
  [0n, 'P'],
  [1n, 'RW'],
  [2n, 'US'],
  [3n, 'PWT'],
  [4n, 'PCD'],
  [5n, 'A'],
  [6n, 'D'],
  [7n, 'PSE'],
  [8n, 'G'],
  [9n, 'special'],
  [10n, 'uffd_wp'],
  [11n, 'softdirty'],
  [57n, 'devmap'],
  [58n, 'saved_dirty'],
  [63n, 'NX'],
];
/** Kernel: 7.3 has no devmap bit, so its mask names none. */
function flagNames(entry: bigint, devmap: boolean): readonly string[] {
  const set = FLAG_NAMES.filter(([bit]) => (entry >> bit) & 1n).map(([, name]) => name);
  return devmap ? set : set.filter((name) => name !== 'devmap');
}

/** Drops what a recording leaves out: its default. */
function without(fields: JsonObject, defaults: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => defaults[key] !== value),
  );
}

const PAGE_DEFAULTS: JsonObject = {
  tail: 0,
  entire: 0,
  large: 0,
  nrmapped: 0,
  pincount: 0,
  mapcount_raw: -1,
  head_mapcount_raw: -1,
};
const CALL_DEFAULTS: JsonObject = { sig: 0, sicode: 0, minflt: 0 };

/** The struct page of a device page as the module reads it. */
export function pageFields(guest: Guest, page: number): JsonObject {
  const { machine, device } = guest.run.system;
  // The struct pages went with the driver: pfn_valid says no.
  if (!machine.alive) return { valid: 0 };
  const seen = machine.page(page);
  const head = machine.page(seen.head);
  const { folio } = seen;
  const fields = {
    rel_pfn: page,
    tail: seen.tail ? 1 : 0,
    order: seen.order,
    head_rel: seen.head,
    ref: seen.refcount,
    head_ref: head.refcount,
    mapcount_raw: seen.mapcount,
    head_mapcount_raw: head.mapcount,
    // The module adds one, as the kernel's accessors do.
    entire: folio ? folio.entireMapcount + 1 : 0,
    large: folio ? folio.largeMapcount + 1 : 0,
    nrmapped: folio?.nrPagesMapped ?? 0,
    pincount: folio?.pincount ?? 0,
    flags: head.flags.toString(16),
    pgmap_type: 4,
    pgmap_refs: guest.run.pgmapReferences,
    shift: device.order,
    mapping: seen.mapping ? 1 : 0,
    index: Number(seen.index),
  };
  return without(fields, PAGE_DEFAULTS);
}

/** The lowest table that exists for an address without a leaf. */
function upperTable({ steps }: Walk): string {
  const tables = steps.filter((step) => step.kind === 'table').map((step) => step.level);
  const names = { pgd: 'pud_table', p4d: 'pud_table', pud: 'pmd_table', pmd: 'pte_table', pte: '' };
  const last = tables.at(-1);
  return last ? names[last] : 'none';
}

function leafFields(guest: Guest, found: Walk, address: bigint): JsonObject {
  const { leaf } = found;
  if (!leaf) return { level: 'none', upper: upperTable(found) };
  const { device, machine } = guest.run.system;
  const raw = leaf.entry;
  const fields = {
    level: leaf.level,
    raw: raw.toString(16),
    flags: flagNames(raw, machine.kernel === 'devmap'),
  };
  // The inverted address of a PROT_NONE leaf is no page to the module.
  if (!(raw & PRESENT)) return { ...fields, page: { valid: 0 } };
  const first = pageAtPhys(device, leafPhys(leaf)) ?? -1;
  const inUnit = Number((address % guest.unit) / 4096n);
  return { ...fields, page: pageFields(guest, first + (leaf.level === 'pte' ? 0 : inUnit)) };
}

function vmaFields(guest: Guest, address: bigint): JsonObject {
  const vma = guest.vma(address);
  if (!vma) return { vma: 0 };
  return {
    vma: 1,
    vm_flags: (vma.flags >>> 0).toString(16),
    vm_len: Number(vma.end - vma.start),
    vm_pgoff: Number(vma.pgoff),
    anon_vma: 0,
    vm_start_mod_align: Number(vma.start % guest.unit),
  };
}

/** /proc/kpage* of the page number in a leaf; of an inverted one, beyond every file's end. */
function kpageFields(entry: bigint, devmap: boolean): JsonObject {
  if (!(entry & PRESENT)) return { kpagecount: -1, kpageflags: 'ffffffffffffffff' };
  return { kpagecount: 0, kpageflags: devmap ? '100000' : '0' };
}

/** /proc/self/pagemap from bit 55 up, and /proc/kpage* (semantics 8). */
function procFields(guest: Guest, found: Walk, address: bigint): JsonObject {
  const { machine } = guest.run.system;
  const softDirty = guest.vma(address) ? 1 : 0;
  const { leaf } = found;
  if (!leaf) return { pagemap_hi: softDirty.toString(16) };
  // The look itself removes a 1G leaf, and then sees nothing.
  const kpage = kpageFields(leaf.entry, machine.kernel === 'devmap');
  if (leaf.level === 'pud') return { pagemap_hi: softDirty.toString(16), ...kpage };
  const devmap = machine.kernel === 'devmap';
  const file = !devmap || leaf.level !== 'pte' ? 1 << 6 : 0;
  const exclusive = !devmap && new BackingLeaf(guest, leaf, 0n).mapcount === 1 ? 1 << 1 : 0;
  const present = 1 << 8;
  return {
    pagemap_hi: (present | file | exclusive | softDirty).toString(16),
    ...kpage,
  };
}

/** What reading /proc/self/pagemap and smaps does to 1G leaves: they are removed (semantics 8). */
function lookThroughProc({ process, run }: Guest): void {
  if (run.options.align !== '1G') return;
  for (const { start, end } of process.vmas) madvise(process, start, end - start, 'cold');
}

/** Everything a step's line holds beside its names. */
export function observe(guest: Guest, address: bigint | undefined, devoff: bigint): JsonObject {
  const { machine } = guest.run.system;
  let fields: JsonObject = without({ ...guest.call }, CALL_DEFAULTS);
  if (address !== undefined) {
    const found = walk(machine.bank, guest.process.mm, address);
    const tables = machine.tableBytes(guest.process.mm);
    fields = {
      ...fields,
      ...leafFields(guest, found, address),
      ...vmaFields(guest, address),
      pgtables: tables,
    };
    if (!guest.lite) {
      lookThroughProc(guest);
      fields = {
        ...fields,
        ...procFields(guest, found, address),
        ...smaps(guest, address),
        VmPTE: tables / 1024,
      };
    }
  }
  if (devoff < 0n || devoff >= guest.run.deviceBytes) return fields;
  return { ...fields, devpage: pageFields(guest, Number(devoff / 4096n)) };
}

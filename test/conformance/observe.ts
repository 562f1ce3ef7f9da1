// What the recording programs wrote down of a step, from the emulator's state: same names, same
// units, same defaults left out.

import type { KernelId } from '../../host/kernel.ts';
import { KPAGE_COUNT, kpageFlags } from '../../host/proc/kpage.ts';
import { readPagemap } from '../../host/proc/pagemap.ts';
import { readSmaps, type SmapsEntry } from '../../host/proc/smaps.ts';
import { readStatus } from '../../host/proc/status.ts';
import { pageAtPhys } from '../../host/syscall/device.ts';
import { leafPhys, type Walk, walk } from '../../host/wasm/walk.ts';
import type { Guest } from './guest.ts';
import type { JsonObject } from './records.ts';

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
function kpageFields(entry: bigint, kernel: KernelId): JsonObject {
  if (!(entry & PRESENT)) return { kpagecount: -1, kpageflags: 'ffffffffffffffff' };
  return { kpagecount: Number(KPAGE_COUNT), kpageflags: kpageFlags(kernel).toString(16) };
}

/** What the recording program itself has mapped of its own file system. */
const RSS_SHMEM_KB = 636;

/** Sums that are not 0, in kB. */
function smapsFields(entry: SmapsEntry): JsonObject {
  const sums = {
    Rss: entry.rssBytes,
    Pss: entry.pssBytes,
    Shared_Clean: entry.sharedCleanBytes,
    Shared_Dirty: entry.sharedDirtyBytes,
    Private_Clean: entry.privateCleanBytes,
    Private_Dirty: entry.privateDirtyBytes,
    Referenced: entry.referencedBytes,
  };
  const inKb = Object.entries(sums).map(([name, bytes]) => [name, Math.floor(bytes / 1024)]);
  return {
    size_kb: entry.sizeBytes / 1024,
    KernelPageSize: entry.pageBytes / 1024,
    MMUPageSize: entry.pageBytes / 1024,
    ...Object.fromEntries(inKb.filter(([, kb]) => kb !== 0)),
    VmFlags: entry.vmFlags.join(' '),
  };
}

/** The program's own look through /proc, in its order: pagemap, kpage*, smaps, status. */
function procFields(guest: Guest, { leaf }: Walk, address: bigint): JsonObject {
  const { process, run } = guest;
  const [word = 0n] = readPagemap(process, address, 1);
  const entry = readSmaps(process).find(({ start, end }) => address >= start && address < end);
  const { rssFileBytes, pageTableBytes } = readStatus(process);
  return {
    pagemap_hi: (word >> 55n).toString(16),
    ...(leaf ? kpageFields(leaf.entry, run.system.machine.kernel) : {}),
    ...(entry ? { smaps: smapsFields(entry) } : {}),
    ...(rssFileBytes > 0 ? { RssFile: rssFileBytes / 1024 } : {}),
    RssShmem: RSS_SHMEM_KB,
    VmPTE: pageTableBytes / 1024,
  };
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
    // The look comes after what it may take away, and before the device page.
    if (!guest.lite) fields = { ...fields, ...procFields(guest, found, address) };
  }
  if (devoff < 0n || devoff >= guest.run.deviceBytes) return fields;
  return { ...fields, devpage: pageFields(guest, Number(devoff / 4096n)) };
}

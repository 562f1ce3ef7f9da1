// /proc/self/smaps and the RSS lines of /proc/self/status, from the emulator's state (semantics 8).
import type { Vma } from '../../host/syscall/vma.ts';
import { leafPhys, type WalkStep, walk } from '../../host/wasm/walk.ts';
import type { Guest } from './guest.ts';
import type { JsonObject } from './records.ts';

const ACCESSED = 1n << 5n;
const SPECIAL = 1n << 9n;
const DEVMAP = 1n << 57n;
const DIRTY = (1n << 6n) | (1n << 58n);
/** What the recording program itself has mapped of its own file system. */
const RSS_SHMEM_KB = 636;

/* VmFlags in smaps order, by vm_flags bit. */
const VM_FLAG_NAMES: readonly (readonly [number, string])[] = [
  [0x1, 'rd'],
  [0x2, 'wr'],
  [0x4, 'ex'],
  [0x8, 'sh'],
  [0x10, 'mr'],
  [0x20, 'mw'],
  [0x40, 'me'],
  [0x80, 'ms'],
  [0x8000, 'sr'],
  [0x10000, 'rr'],
  [0x20000, 'dc'],
  [0x100000, 'ac'],
  [0x800000, 'sf'],
  [0x4000000, 'dd'],
  [0x8000000, 'sd'],
  [0x20000000, 'hg'],
  [0x40000000, 'nh'],
];

/** A leaf of a mapping with the counters of the folio behind it. */
export class BackingLeaf {
  readonly bytes: number;
  readonly mapcount: number;
  readonly dirty: boolean;
  readonly accessed: boolean;
  /** vm_normal_page is NULL: no page behind it for whoever counts pages. */
  readonly special: boolean;

  constructor(guest: Guest, leaf: WalkStep, bytes: bigint) {
    const { machine, device } = guest.run.system;
    const present = (leaf.entry & 1n) === 1n;
    const entry = present
      ? leaf.entry
      : { ...leaf, entry: leaf.entry ^ 0x000f_ffff_ffff_f000n }.entry;
    const phys = leafPhys({ ...leaf, entry });
    const page = machine.page(Number(phys - BigInt(device.physBytes)) / 4096);
    this.bytes = Number(bytes);
    this.mapcount = page.folio ? page.folio.largeMapcount + 1 : page.mapcount + 1;
    this.dirty = (leaf.entry & DIRTY) !== 0n || page.flagNames.includes('dirty');
    this.accessed = (leaf.entry & ACCESSED) !== 0n;
    this.special = (leaf.entry & (SPECIAL | DEVMAP)) !== 0n;
  }
}

/** The leaves of a mapping; empty stretches are skipped by the table that is missing. */
function* leaves(guest: Guest, vma: Vma): Generator<BackingLeaf> {
  const { machine } = guest.run.system;
  const spans = { pgd: 39n, p4d: 39n, pud: 30n, pmd: 21n, pte: 12n } as const;
  let at = vma.start;
  while (at < vma.end) {
    const found = walk(machine.bank, guest.process.mm, at);
    const level = found.steps.at(-1)?.level ?? 'pgd';
    const span = 1n << spans[level];
    if (found.leaf) yield new BackingLeaf(guest, found.leaf, span);
    at = (at / span + 1n) * span;
  }
}

function vmFlagNames(flags: number): string {
  return VM_FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(' ');
}

/** Rss and its parts in kB. */
function resident(guest: Guest, vma: Vma): JsonObject {
  const sums: Record<string, number> = {};
  const add = (name: string, bytes: number): void => {
    sums[name] = (sums[name] ?? 0) + bytes;
  };
  for (const leaf of leaves(guest, vma)) {
    if (leaf.special) continue;
    const sharing = leaf.mapcount >= 2 ? 'Shared' : 'Private';
    add('Rss', leaf.bytes);
    add('Pss', leaf.bytes / leaf.mapcount);
    add(`${sharing}_${leaf.dirty ? 'Dirty' : 'Clean'}`, leaf.bytes);
    if (leaf.accessed) add('Referenced', leaf.bytes);
  }
  const inKb = Object.entries(sums).map(
    ([name, bytes]) => [name, Math.floor(bytes / 1024)] as const,
  );
  return Object.fromEntries(inKb.filter(([, kb]) => kb > 0));
}

function vmaSmaps(guest: Guest, vma: Vma): JsonObject {
  const pageKb = vma.kind === 'device' ? Number(guest.unit / 1024n) : 4;
  return {
    size_kb: Number((vma.end - vma.start) / 1024n),
    KernelPageSize: pageKb,
    MMUPageSize: pageKb,
    ...(vma.kind === 'device' ? resident(guest, vma) : {}),
    VmFlags: vmFlagNames(vma.flags),
  };
}

/** The smaps entry of the mapping that holds `address`, and the process's RSS lines. */
export function smaps(guest: Guest, address: bigint): JsonObject {
  const vma = guest.vma(address);
  const rssFile = guest.run.system.machine.filePages(guest.process.mm) * 4;
  return {
    ...(vma ? { smaps: vmaSmaps(guest, vma) } : {}),
    ...(rssFile > 0 ? { RssFile: rssFile } : {}),
    RssShmem: RSS_SHMEM_KB,
  };
}

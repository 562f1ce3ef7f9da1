import type { KernelId } from '../kernel.ts';
import { KERNELS } from '../kernel.ts';
import type { KernelBug } from '../syscall/bug.ts';
import type { Device } from '../syscall/device.ts';
import { maybePinned, type StructPage } from '../wasm/page.ts';
import { entryFlags, leafPhys, type Walk, type WalkStep } from '../wasm/walk.ts';
import { formatBugs } from './bugs.ts';

/** A walk with what is behind it, on one kernel. */
export interface WalkReport {
  readonly kernel: KernelId;
  readonly device: Device;
  readonly va: bigint;
  readonly walk: Walk;
  /** Device page and struct page the address reaches; absent where nothing is mapped. */
  readonly page?: StructPage;
  /** A tail of the same folio, where that page is its head. */
  readonly tail?: StructPage;
  /** Bugs of the emulated kernel that happened on the way. */
  readonly bugs: readonly KernelBug[];
}

export function hex(value: bigint, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

function stepLine({ level, table, slot, entry, kind }: WalkStep): string {
  const where = `${level.toUpperCase()}  table ${hex(BigInt(table), 8)}  entry ${String(slot).padStart(3)}`;
  if (kind === 'none') return `  ${where}  ${hex(entry, 16)}  none`;
  const end = kind === 'leaf' ? 'leaf' : 'next table';
  return `  ${where}  ${hex(entry, 16)}  ${end}: ${entryFlags(entry).join(' ')}`;
}

function pageLines(page: StructPage): readonly string[] {
  const kind = page.order === 0 ? 'small folio' : page.tail ? 'tail' : 'head';
  const own = `struct page of device page ${page.page} (${kind}, folio head ${page.head}, order ${page.order})`;
  const mapping = page.mapping ? `set, index ${page.index}` : 'none';
  const lines = [
    own,
    `  flags ${hex(page.flags)} ${page.flagNames.join(' ')}`,
    `  _refcount ${page.refcount}${page.tail ? ` (head ${page.headRefcount})` : ''}${maybePinned(page) ? ', maybe pinned' : ''}`,
    `  _mapcount ${page.mapcount} (${page.mapcount + 1} mappings)`,
    `  mapping ${mapping}`,
  ];
  if (!page.folio) return lines;
  const { entireMapcount, largeMapcount, nrPagesMapped, pincount, nrPages } = page.folio;
  return [
    ...lines,
    `  folio: _entire_mapcount ${entireMapcount}, _large_mapcount ${largeMapcount}, _nr_pages_mapped ${hex(BigInt(nrPagesMapped))},`,
    `         _pincount ${pincount}, _nr_pages ${nrPages}`,
  ];
}

/** The walk of one address: each level, entry, decoded flags, and the struct page behind it. */
export function formatWalk({ kernel, va, walk, page, bugs }: WalkReport): string {
  const { leaf } = walk;
  return [
    `${KERNELS[kernel].title}: walk of ${hex(va)}`,
    ...walk.steps.map(stepLine),
    leaf ? `  physical address ${hex(leafPhys(leaf))} and up` : '  nothing is mapped there',
    ...(page ? pageLines(page) : []),
    ...formatBugs(bugs),
  ].join('\n');
}

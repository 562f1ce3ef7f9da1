import { DaxError } from '../error.ts';
import type { KernelId } from '../kernel.ts';
import { access } from '../syscall/access.ts';
import { DEVICE_START_BYTES, type Device, makeDevice } from '../syscall/device.ts';
import { gup, release } from '../syscall/gup.ts';
import { munmap } from '../syscall/munmap.ts';
import { layNamespace } from '../syscall/namespace.ts';
import { GIB, MIB, PAGE_BYTES } from '../units.ts';
import { Banks } from '../wasm/banks.ts';
import { folioWords, snapshot } from '../wasm/structPage.ts';
import { folioHistories, type PageHistory, pageHistories } from './history.ts';
import { type Stage, setUp, unguardedBuild } from './stage.ts';

/** How a tail leads to its head: by address, or by a mask for its own address (semantics 1.2). */
export type TailEncoding = 'pointer' | 'mask';

/** What page_folio answers for one data page; pages count from the device's first data page. */
export interface Lookup {
  readonly page: number;
  /** Below 0: a struct page of the namespace's info block, before the data. */
  readonly found: number;
  readonly isHead: boolean;
  /** Whether it is a head, and that of the leaf that maps this page. */
  readonly right: boolean;
}

export const COMPOUND_STEPS = ['bound', 'mapped', 'pinned', 'unpinned', 'unmapped'];

export interface CompoundRun {
  readonly kernel: KernelId;
  readonly guard: boolean;
  readonly tails: TailEncoding;
  readonly lookups: readonly Lookup[];
  /** The first touch of the first unit. */
  readonly signal: string;
  readonly warnings: readonly string[];
  /** Pages that were pinned, across the head that lies inside the unit. */
  readonly pinned: readonly number[];
  /** Struct pages over the steps, where the touch went through; pages counted as in Lookup. */
  readonly ranges: readonly PageHistory[];
}

export interface CompoundReport {
  readonly namespaceBytes: { readonly start: number; readonly size: number };
  readonly dataStartBytes: number;
  /** The data pages whose struct pages are heads: what lies in the first unit. */
  readonly headsAt: readonly number[];
  readonly runs: readonly CompoundRun[];
}

const UNIT_PAGES = GIB / PAGE_BYTES;
/** Units of data: the second shows where the first one's neighbours' counts go. */
const UNITS = 2;

interface Layout {
  readonly device: Device;
  readonly banks: Banks;
  /** Bank pages before the first data page: of all of them the bank has records. */
  readonly lead: number;
  readonly offsetPages: number;
}

/**
 * A namespace with 1G units whose start is so many bytes off a 1 GiB boundary: its struct pages, the
 * compound pages laid out from its start on, as memmap_init_zone_device does with map=mem. The bank
 * begins at the 1 GiB boundary below, so that page numbers are aligned as page frame numbers are.
 * Tails are not shared in it: what is read of one is the same.
 */
function layOut(startBytes: number, sizeBytes: number): Layout {
  const laid = layNamespace(startBytes, sizeBytes, '1G', 'mem');
  const physBytes = Math.floor(startBytes / GIB) * GIB;
  const dataBytes = startBytes + laid.dataOffsetBytes;
  const device = makeDevice('1G', laid.usableBytes, 'mem', dataBytes);
  const pages = (startBytes + sizeBytes - physBytes) / PAGE_BYTES;
  const offsetPages = (startBytes - physBytes) / PAGE_BYTES;
  const shape = {
    ranges: [{ physBytes, sizeBytes: pages * PAGE_BYTES }],
    pages,
    order: device.order,
    firstCompound: offsetPages,
    dedup: false,
    processes: 1,
    stamps: true,
  };
  const banks = new Banks(shape, 0, { banks: 'one' });
  return { device, banks, lead: (dataBytes - physBytes) / PAGE_BYTES, offsetPages };
}

/** page_folio of data pages, asked of the core. */
function lookUp({ system: { machine } }: Stage, layout: Layout, page: number): Lookup {
  const { lead } = layout;
  const found = machine.folioOf(page + lead) - lead;
  const { tail } = machine.page(found + lead);
  return { page, found, isHead: !tail, right: !tail && found === page - (page % UNIT_PAGES) };
}

/** Map, pin across the head in the unit, unpin, unmap; the struct pages after each. */
function history({ system, process, vma }: Stage, pinned: readonly number[], layout: Layout) {
  const { machine } = system;
  const { lead, offsetPages } = layout;
  const images = [snapshot(machine.bank)];
  const { signal = 'none' } = access(process, vma.start, 'write');
  if (signal !== 'none') return { signal, ranges: [] };
  const see = (): void => {
    images.push(snapshot(machine.bank));
  };
  see();
  const [first = 0] = pinned;
  const request = { pin: true, write: true, longterm: false, mode: 'fast' } as const;
  const { pages } = gup(process, vma.start + BigInt(first * PAGE_BYTES), pinned.length, request);
  see();
  release(process, pages, true);
  see();
  munmap(process, vma.start, BigInt(system.device.sizeBytes));
  see();
  const words = folioWords(machine.kernel);
  const ranges = pageHistories(images).map(({ first, last, fields }) => {
    const second = (first - offsetPages) % UNIT_PAGES === 1;
    const named = second ? folioHistories(images, first, words) : fields;
    return { first: first - lead, last: last - lead, fields: named };
  });
  return { signal, ranges };
}

function run(kernel: KernelId, layout: Layout, wasm?: string): CompoundRun {
  const { banks, device, lead, offsetPages } = layout;
  const stage = setUp({ kernel, device, banks, wasm, firstPage: lead });
  const head = firstHead(layout);
  const lookups = [0, 1, head - 1, head, head + 1, UNIT_PAGES - 1]
    .filter((page) => page >= 0)
    .map((page) => lookUp(stage, layout, page));
  const pinned = offsetPages ? [head - 2, head - 1, head, head + 1] : [0, 1, 2, 3];
  const found = history(stage, pinned, layout);
  return {
    kernel,
    guard: kernel !== 'devmap' && wasm === undefined,
    tails: kernel === 'refcount' ? 'mask' : 'pointer',
    lookups,
    warnings: stage.system.machine.warnings(),
    pinned,
    ...found,
  };
}

/** The first data page at or after the data's start whose struct page is a head. */
function firstHead({ lead, offsetPages }: Layout): number {
  return (((offsetPages - lead) % UNIT_PAGES) + UNIT_PAGES) % UNIT_PAGES;
}

/**
 * Compound pages of a namespace whose start is not a multiple of its 1 GiB unit: nobody checks, the
 * heads lie off the units, and what leads from a page to its head depends on the tails' encoding.
 *
 * Source: semantics 1.3. Fails: E_VALUE for an offset that no namespace can have.
 */
export async function compoundReport(offsetBytes: number): Promise<CompoundReport> {
  if (offsetBytes % (2 * MIB) || offsetBytes >= GIB) {
    throw new DaxError(
      'E_VALUE',
      `a namespace cannot begin ${offsetBytes} bytes off a 1 GiB boundary`,
      'use a --base-offset of whole 2MiB below 1GiB',
    );
  }
  const startBytes = DEVICE_START_BYTES + offsetBytes;
  const sizeBytes = (UNITS + 1) * GIB;
  const layout = layOut(startBytes, sizeBytes);
  const unguarded = await unguardedBuild('refcount');
  const head = firstHead(layout);
  return {
    namespaceBytes: { start: startBytes, size: sizeBytes },
    dataStartBytes: layout.device.physBytes,
    headsAt: [head, head + UNIT_PAGES],
    runs: [
      run('devmap', layout),
      run('refcount-6.15', layout),
      run('refcount', layout),
      run('refcount', layout, unguarded),
    ],
  };
}

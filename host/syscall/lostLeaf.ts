import { GIB } from '../units.ts';
import { type LostLeaf, lostLeaves } from '../wasm/look.ts';
import { leafPage } from './device.ts';
import type { Process } from './process.ts';

const SPAN = BigInt(GIB);
const LEAF_PAGES = GIB / 4096;

function reportLeaf(process: Process, { va, entry }: LostLeaf): void {
  const { system, id } = process;
  const { machine, device, bugs } = system;
  const start = va - (va % SPAN);
  const devicePage = leafPage(device, entry);
  const where = { kernel: machine.kernel, process: id, address: start, devicePage, count: 1 };
  bugs.push({ ...where, code: 'badPud', text: `bad pud (${entry.toString(16)})` });
  system.tlb.lost(process, start, start + SPAN, entry);
  if (machine.kernel === 'devmap') return;
  machine.loseLeaf(process.mm, devicePage);
  bugs.push({
    ...where,
    code: 'leakedReference',
    text: `folio ${devicePage}: 1 reference, 1 map count and ${LEAF_PAGES} file pages are never given back`,
  });
}

/**
 * What moving page tables lost: 1G leaves taken for corrupt tables. The devmap kernel loses the entry,
 * the refcount kernel also what the entry held; neither flushes.
 *
 * Source: semantics 8; mm/mremap.c: get_old_pud, mm/pgtable-generic.c: pud_clear_bad.
 */
export function reportLostLeaves(process: Process): readonly LostLeaf[] {
  const leaves = lostLeaves(process.system.machine);
  for (const leaf of leaves) reportLeaf(process, leaf);
  return leaves;
}

/** At the end of the call: what it lost and no flush of its own has reached, tables freed included. */
export function reportMissingFlush(process: Process, leaves: readonly LostLeaf[]): void {
  const { tlb, machine, bugs } = process.system;
  const stale = leaves.filter(({ va }) => tlb.holds(process, va));
  const [first] = stale;
  if (!first) return;
  bugs.push({
    code: 'missingFlush',
    kernel: machine.kernel,
    process: process.id,
    address: first.va - (first.va % SPAN),
    count: stale.length,
    text: 'cleared with no TLB flush: old translations go on working',
  });
}

/** check_mm at the end of an mm: what it is still charged. Counted builds know. */
export function reportBadRss(process: Process): void {
  const { machine, bugs } = process.system;
  const pages = machine.counted ? machine.filePages(process.mm) : 0;
  if (pages === 0) return;
  bugs.push({
    code: 'badRssCounter',
    kernel: machine.kernel,
    process: process.id,
    count: pages,
    text: `Bad rss-counter state type:MM_FILEPAGES val:${pages}`,
  });
}

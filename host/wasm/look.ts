import * as abi from './abi.ts';
import type { CoreExports } from './core.ts';
import type { Machine } from './machine.ts';

/** What smaps sums over a mapping, in bytes. */
export interface SmapsSums {
  readonly rssBytes: number;
  /** Rounded down to a byte; the kernel keeps 1/4096 of one. */
  readonly pssBytes: number;
  readonly sharedCleanBytes: number;
  readonly sharedDirtyBytes: number;
  readonly privateCleanBytes: number;
  readonly privateDirtyBytes: number;
  readonly referencedBytes: number;
}

/** smap_gather_stats over a VMA's descriptor. A look: 1G leaves in the range are gone afterwards. */
export function sumSmaps(machine: Machine, vma: number, from: bigint, to: bigint): SmapsSums {
  const sums = new Array<number>(abi.SMAPS_SUMS).fill(0);
  machine.eachPart(vma, from, to, ({ core, bank }, at, next) => {
    core.smapsRange(vma, at, next);
    for (let i = 0; i < abi.SMAPS_SUMS; i++) {
      sums[i] = (sums[i] as number) + Number(bank.u64(abi.PAGES + i * 8));
    }
  });
  const sum = (index: number): number => sums[index] as number;
  return {
    rssBytes: sum(abi.SMAPS_RSS),
    pssBytes: Math.floor(sum(abi.SMAPS_PSS) / 4096),
    sharedCleanBytes: sum(abi.SMAPS_SHARED_CLEAN),
    sharedDirtyBytes: sum(abi.SMAPS_SHARED_DIRTY),
    privateCleanBytes: sum(abi.SMAPS_PRIVATE_CLEAN),
    privateDirtyBytes: sum(abi.SMAPS_PRIVATE_DIRTY),
    referencedBytes: sum(abi.SMAPS_REFERENCED),
  };
}

/** Pages a vector of so many bytes an element has room for. */
function roomFor(elementBytes: number): bigint {
  return BigInt((abi.PAGES_MAX * 8) / elementBytes) * 4096n;
}

/** Runs `look` over pieces that fit the core's vector, and copies each piece out. */
function gather<T extends BigUint64Array | Uint8Array>(
  machine: Machine,
  vma: number,
  [from, to]: readonly [bigint, bigint],
  out: T,
  look: (core: CoreExports, at: bigint, next: bigint) => void,
): T {
  const make = out.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => T;
  const room = roomFor(out.BYTES_PER_ELEMENT);
  for (let start = from; start < to; start += room) {
    const end = start + room < to ? start + room : to;
    machine.eachPart(vma, start, end, ({ core, bank }, at, next) => {
      look(core, at, next);
      const piece = new make(bank.memory.buffer, abi.PAGES, Number((next - at) / 4096n));
      (out as { set(from: T, at: number): void }).set(piece, Number((at - from) / 4096n));
    });
  }
  return out;
}

/** /proc/pid/pagemap of a range of one VMA, a word a page. */
export function readPagemapWords(machine: Machine, vma: number, from: bigint, to: bigint) {
  const out = new BigUint64Array(Number((to - from) / 4096n));
  return gather(machine, vma, [from, to], out, (core, at, next) =>
    core.pagemapRange(vma, at, next),
  );
}

/** mincore of a range of one VMA: 1 where a page is there. */
export function readMincoreBytes(machine: Machine, vma: number, from: bigint, to: bigint) {
  const out = new Uint8Array(Number((to - from) / 4096n));
  return gather(machine, vma, [from, to], out, (core, at, next) =>
    core.mincoreRange(vma, at, next),
  );
}

/** A leaf that moving a range lost: where it was, and what it held. */
export interface LostLeaf {
  readonly va: bigint;
  readonly entry: bigint;
}

/** What the last moveTables lost. */
export function lostLeaves({ mover: { core, bank } }: Machine): readonly LostLeaf[] {
  return Array.from({ length: core.lostLeaves() }, (_, i) => ({
    va: bank.u64(abi.PAGES + i * 16),
    entry: bank.u64(abi.PAGES + i * 16 + 8),
  }));
}

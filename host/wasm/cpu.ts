import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

const WORD_BYTES = 8;

/**
 * Takes a CPU's own state from one bank to another: its line of statistics and SRCU counters, and its
 * share of each mm's MM_FILEPAGES.
 *
 * Why: a CPU has one line, wherever it works; what makes it spill into the shared counters is all that
 * it did. What an mm is charged in each bank stays what is mapped there.
 */
export function moveCpu(from: Bank, to: Bank, mms: Iterable<number>): void {
  const line = (bank: Bank) => new Uint8Array(bank.memory.buffer, abi.PER_CPU, abi.PER_CPU_BYTES);
  line(to).set(line(from));
  line(from).fill(0);
  for (const mm of mms) {
    const share = abi.RSS_LOCAL + ((mm - abi.MMS) / abi.MM_BYTES) * WORD_BYTES;
    const pages = from.view.getBigInt64(share, true);
    if (pages === 0n) continue;
    addTo(from, mm + abi.MM_FILEPAGES, pages);
    addTo(from, share, -pages);
    addTo(to, mm + abi.MM_FILEPAGES, -pages);
    addTo(to, share, pages);
  }
}

function addTo({ view }: Bank, at: number, by: bigint): void {
  view.setBigInt64(at, view.getBigInt64(at, true) + by, true);
}

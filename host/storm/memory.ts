import type { Buffers } from '../wasm/bank.ts';
import type { Banks } from '../wasm/banks.ts';
import type { Phase } from './phase.ts';

/** The memory of a storm: what holds the device's struct pages and page tables. */
export interface MemoryUse {
  readonly banks: number;
  /** Touched, all banks together. */
  readonly bytes: number;
  /** What touching it took: no part of any other time. */
  readonly prefaultSeconds: number;
}

const WORD_BYTES = 8;

/** The most pages that one get or pin asks for. */
function gotPages({ name, stream }: Phase): number {
  let most = 0;
  if (name === 'get' || name === 'pin') {
    stream.each(({ times }) => {
      most = Math.max(most, times);
    });
  }
  return most;
}

/** How much of a bank's arrays the phases use. */
function buffersOf(phases: readonly Phase[]): Buffers {
  const most = (of: (phase: Phase) => number): number =>
    phases.reduce((max, phase) => Math.max(max, of(phase)), 0);
  return {
    opsBytes: WORD_BYTES * most(({ stream }) => stream.length),
    pagesBytes: WORD_BYTES * most(gotPages),
  };
}

/** Touches what the phases will use of the banks, so that no timed block is the first to. */
export function prefault(banks: Banks, phases: readonly Phase[]): MemoryUse {
  const buffers = buffersOf(phases);
  const began = performance.now();
  banks.prefault(buffers);
  const prefaultSeconds = (performance.now() - began) / 1000;
  return { banks: banks.all.length, bytes: banks.residentBytes(buffers), prefaultSeconds };
}

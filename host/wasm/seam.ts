import * as abi from './abi.ts';
import type { Bank } from './bank.ts';

const BEGUN = abi.SEAM_BEGUN | abi.SEAM_GATHER_BEGUN;
const GOES_ON = abi.SEAM_GOES_ON | abi.SEAM_GATHER_GOES_ON;

/** What of a call is in other banks: whether it has begun there, and whether it goes on there. */
export function seamBits(begun: boolean, goesOn: boolean): number {
  return (begun ? BEGUN : 0) | (goesOn ? GOES_ON : 0);
}

/** Runs a call's part in a bank: assembly/seam.ts. */
export function withSeam<T>({ view }: Bank, bits: number, act: () => T): T {
  view.setUint32(abi.CONTROL + abi.CTL_SEAM, bits, true);
  try {
    return act();
  } finally {
    view.setUint32(abi.CONTROL + abi.CTL_SEAM, 0, true);
  }
}

/** Hands what a part left for the next one on: the gather's length, a flush that is due. */
export function carrySeam(from: Bank, to: Bank): void {
  const at = abi.CONTROL + abi.SEAM_GATHERED;
  const left = new Uint8Array(from.memory.buffer, at, abi.SEAM_CARRIED_BYTES);
  new Uint8Array(to.memory.buffer).set(left, at);
}

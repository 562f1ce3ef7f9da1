import { TIB } from '../host/units.ts';
import type { Bank } from '../host/wasm/bank.ts';

/**
 * Bytes that a TiB of a device takes, of which `sizeBytes` fill the bank: struct pages and page tables
 * grow with the device, control block and buffers do not.
 */
export function bytesPerTib({ arena: fixedBytes, bytes }: Bank, sizeBytes: number): number {
  return fixedBytes + ((bytes - fixedBytes) * TIB) / sizeBytes;
}

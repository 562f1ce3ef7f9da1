import { bankShape, dynamicDevice } from '../host/syscall/device.ts';
import { type AlignName, GIB, TIB } from '../host/units.ts';
import { banksNeed } from '../host/wasm/banks.ts';

/** Of devices that fit one bank twice over, and large enough that a table more or less does not show. */
const SIZE_BYTES: Readonly<Record<AlignName, number>> = {
  '4K': 16 * GIB,
  '2M': 128 * GIB,
  '1G': TIB,
};

/** Struct pages and page tables of a TiB, mapped: what a device of twice the size needs more. */
export function bytesPerTib(align: AlignName): number {
  const size = SIZE_BYTES[align];
  const need = (sizeBytes: number): number =>
    banksNeed(bankShape(dynamicDevice(align, sizeBytes), 1, false)).bytes;
  return ((need(2 * size) - need(size)) * TIB) / size;
}

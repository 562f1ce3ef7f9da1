import { ROOM_BYTES } from '../storm/runner.ts';
import { bankShape, dynamicDevice, sizeStepBytes } from '../syscall/device.ts';
import type { MapName } from '../syscall/namespace.ts';
import { ALIGN_NAMES, type AlignName, GIB } from '../units.ts';
import { BANK_BYTES_MAX, bankBytes, HEADROOM_BYTES, PAGES_MAX } from '../wasm/bank.ts';
import type { MemoryLimit } from './limits.ts';

/** The largest device of one unit size and map that this host can hold. */
export interface Capacity {
  readonly align: AlignName;
  readonly map: MapName;
  /** Format of the page records. */
  readonly records: 'line';
  /** 0 where not even the smallest fits. */
  readonly sizeBytes: number;
  /** Memory that it takes. */
  readonly bankBytes: number;
  /** What stops a larger one. */
  readonly bound: MemoryLimit['id'] | 'one bank';
}

/** Address space that V8 reserves for one shared memory, whatever its size (Node 20 on x86-64). */
const RESERVED_BYTES = 10 * GIB;

/** What a comparison of such a device needs: the counted bank, or the timed one with room to move. */
function needBytes(align: AlignName, map: MapName, sizeBytes: number): number {
  const device = dynamicDevice(align, sizeBytes, map);
  const [counted, timed] = [true, false].map((stamps) => bankBytes(bankShape(device, 1, stamps)));
  return Math.max(counted as number, (timed as number) + ROOM_BYTES);
}

interface Budget {
  readonly bytes: number;
  readonly bound: Capacity['bound'];
}

/** What a bank may take here. */
function budgetOf(limits: readonly MemoryLimit[]): Budget {
  const each = limits.map(({ id, leftBytes }): Budget => {
    // A bank's address space is reserved whole, before a byte of it is used.
    if (id === 'RLIMIT_AS')
      return { bytes: leftBytes >= RESERVED_BYTES ? BANK_BYTES_MAX : 0, bound: id };
    return { bytes: leftBytes - HEADROOM_BYTES, bound: id };
  });
  const bank: Budget = { bytes: BANK_BYTES_MAX, bound: 'one bank' };
  return [bank, ...each].reduce((least, one) => (one.bytes < least.bytes ? one : least));
}

function capacityOf(align: AlignName, map: MapName, { bytes, bound }: Budget): Capacity {
  const step = sizeStepBytes(align);
  const fits = (steps: number): boolean => needBytes(align, map, steps * step) <= bytes;
  let [low, high] = [0, Math.floor(((PAGES_MAX - 1) * 4096) / step)];
  const most = high;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  const sizeBytes = low * step;
  return {
    align,
    map,
    records: 'line',
    sizeBytes,
    bankBytes: low === 0 ? 0 : needBytes(align, map, sizeBytes),
    bound: low === most ? 'one bank' : bound,
  };
}

/** The largest device of every unit size and map under these limits. */
export function capacities(limits: readonly MemoryLimit[]): readonly Capacity[] {
  const budget = budgetOf(limits);
  return ALIGN_NAMES.flatMap((align) =>
    (['mem', 'dev'] as const).map((map) => capacityOf(align, map, budget)),
  );
}

import { DaxError } from '../error.ts';
import { ROOM_BYTES } from '../storm/turns.ts';
import { bankShape, dynamicDevice, sizeStepBytes, withRecords } from '../syscall/device.ts';
import type { MapName } from '../syscall/namespace.ts';
import { ALIGN_NAMES, type AlignName } from '../units.ts';
import { RECORD_FORMATS, type RecordFormat } from '../wasm/bank.ts';
import { banksNeed, DEVICE_BYTES_MAX } from '../wasm/banks.ts';
import { binding, type Limit, type Need } from '../wasm/limits.ts';

/** The largest device of one unit size, map and record format that this host can hold. */
export interface Capacity {
  readonly align: AlignName;
  readonly map: MapName;
  readonly records: RecordFormat;
  /** 0 where not even the smallest fits. */
  readonly sizeBytes: number;
  readonly banks: number;
  /** Memory that it takes. */
  readonly bytes: number;
  /** What stops a larger one: a limit's name, what a bank holds, or what a process maps. */
  readonly bound: string;
}

type Kind = Pick<Capacity, 'align' | 'map' | 'records'>;

/** What a comparison of such a device needs: the counted banks, or the timed ones with room to move. */
function needOf({ align, map, records }: Kind, sizeBytes: number): Need {
  const device = withRecords(dynamicDevice(align, sizeBytes, map), records);
  const counted = banksNeed(bankShape(device, 1, true));
  const timed = banksNeed(bankShape(device, 1, false), ROOM_BYTES);
  return counted.bytes > timed.bytes ? counted : timed;
}

/** What stops a device of this size; undefined: nothing. */
function boundOf(kind: Kind, sizeBytes: number, limits: readonly Limit[]): string | undefined {
  try {
    return binding(needOf(kind, sizeBytes), limits)?.name;
  } catch (error) {
    if (DaxError.is(error)) return 'a bank';
    throw error;
  }
}

function capacityOf(kind: Kind, limits: readonly Limit[]): Capacity {
  const step = sizeStepBytes(kind.align);
  let [low, high] = [0, Math.floor(DEVICE_BYTES_MAX / step)];
  let bound: string = 'a process';
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = boundOf(kind, middle * step, limits);
    if (found === undefined) low = middle;
    else [high, bound] = [middle - 1, found];
  }
  const need = low === 0 ? { banks: 0, bytes: 0 } : needOf(kind, low * step);
  return { ...kind, sizeBytes: low * step, banks: need.banks, bytes: need.bytes, bound };
}

/** The largest device of every unit size, map and record format under these limits. */
export function capacities(limits: readonly Limit[]): readonly Capacity[] {
  return ALIGN_NAMES.flatMap((align) =>
    (['mem', 'dev'] as const).flatMap((map) =>
      RECORD_FORMATS.map((records) => capacityOf({ align, map, records }, limits)),
    ),
  );
}

// Runs of faults (assembly/run.ts): timed builds find the table of a run once, counted ones for every
// fault, and both leave the same machine behind, operation by operation. What ends a run is in here:
// leaves that are there, the ends of tables, of ranges and of the device, mappings at odd offsets.
import { beforeAll, describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { type Random, seededRandom } from '../../host/random.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import {
  type Device,
  dynamicDevice,
  dynamicDeviceOfRanges,
  withoutCompoundPages,
  withRecords,
} from '../../host/syscall/device.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { type MmapRequest, mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, GIB, MIB } from '../../host/units.ts';
import { RECORD_FORMATS, type RecordFormat } from '../../host/wasm/bank.ts';
import { type BuildKind, OVERLAPS, type Overlap } from '../../host/wasm/core.ts';
import { countedBuild } from '../../host/wasm/made.ts';
import { type OpName, OpStream } from '../../host/wasm/ops.ts';
import { ALL } from '../all.ts';

const READ_WRITE = { read: true, write: true, exec: false };
const READ_ONLY = { read: true, write: false, exec: false };
const OPERATIONS = 60;
/** What is drawn most: runs. What undoes some of their leaves comes between. */
const DRAWN: readonly OpName[] = [
  'faultWrite',
  'faultRead',
  'faultWrite',
  'touchWrite',
  'dontneed',
  'pinWrite',
];

/** More than a table's worth of units. */
const UNITS: Readonly<Record<AlignName, number>> = { '4K': 1536, '2M': 700, '1G': 20 };

interface Case {
  readonly name: string;
  readonly device: (align: AlignName, records: RecordFormat) => Device;
  /** The mapping; else all of the device, to be read and written. */
  readonly request?: (device: Device) => Partial<MmapRequest>;
  readonly prepare?: (process: Process, start: bigint, lengthBytes: bigint) => void;
}

const whole: Case['device'] = (align, records) =>
  withRecords(dynamicDevice(align, UNITS[align] * ALIGNS[align]), records);

/** Three ranges with holes between them. */
function threeRanges(align: AlignName, records: RecordFormat): Device {
  const unitBytes = ALIGNS[align];
  const sizeBytes = Math.floor(UNITS[align] / 3) * unitBytes;
  const ranges = [0, 1, 2].map((i) => ({
    physBytes: 512 * GIB + i * (Math.ceil(sizeBytes / GIB) + 3) * GIB,
    sizeBytes,
  }));
  return withRecords(dynamicDeviceOfRanges(align, ranges), records);
}

const CASES: readonly Case[] = [
  { name: 'a whole device', device: whole },
  { name: 'three ranges', device: threeRanges },
  {
    name: 'a read-only mapping from the second unit on',
    device: whole,
    request: ({ sizeBytes, unitBytes }) => ({
      offsetBytes: BigInt(unitBytes),
      lengthBytes: BigInt(sizeBytes - unitBytes),
      protection: READ_ONLY,
    }),
  },
  {
    name: 'an offset off the unit',
    device: whole,
    request: ({ sizeBytes, unitBytes }) => ({
      address: BigInt(16 * GIB),
      offsetBytes: 4096n,
      lengthBytes: BigInt(sizeBytes - Math.max(unitBytes, 2 * MIB)),
      flags: { type: 'shared', fixed: 'replace' },
    }),
  },
  {
    name: 'MADV_NOHUGEPAGE',
    device: whole,
    prepare: (process, start, lengthBytes) => {
      madvise(process, start, lengthBytes, 'nohugepage');
    },
  },
  {
    name: 'writes noticed, then half of it not',
    device: whole,
    prepare: (process, start, lengthBytes) => {
      clearRefs(process, 4);
      mprotect(process, start + lengthBytes / 2n, lengthBytes / 2n, READ_WRITE);
    },
  },
];

/** Huge leaves over single pages: the refcounted kernels' guard refuses every one. */
const NO_COMPOUND_PAGES: Case = {
  name: 'no compound pages',
  device: (align) => withoutCompoundPages(dynamicDevice(align, 20 * ALIGNS[align])),
};

/** Random operations on a mapping. */
function drawOperations(random: Random, { slot, start, end }: Vma, unitBytes: number): OpStream[] {
  const units = Number(end - start) / unitBytes;
  const unitPages = unitBytes / 4096;
  return Array.from({ length: OPERATIONS }, () => {
    const stream = new OpStream();
    const name = DRAWN[random.below(DRAWN.length)] as OpName;
    const unit = random.below(units);
    const times = 1 + random.below(units - unit);
    const pages = name.startsWith('touch') ? Math.min(times * unitPages, 3000) : times;
    if (name === 'pinWrite') stream.push(name, slot, unit * unitPages, 1 + random.below(64));
    else stream.push(name, slot, unit * unitPages, pages, name.startsWith('touch') ? 1 : unitPages);
    return stream;
  });
}

interface Side {
  readonly kernel: KernelId;
  readonly kind: BuildKind;
  readonly overlap: Overlap;
  readonly wasm?: string;
}

/** After every operation: units that failed, and the state. */
function histories(side: Side, { request, prepare }: Case, device: Device, seed: number) {
  const { kernel, kind, overlap, wasm } = side;
  const system = new System({ kernel, kind, device, ...(wasm ? { wasm } : {}) });
  const process = system.createProcess();
  const mapped = mmap(process, {
    lengthBytes: BigInt(device.sizeBytes),
    protection: READ_WRITE,
    ...request?.(device),
  });
  if (!mapped.ok) throw new Error(mapped.errno);
  prepare?.(process, mapped.value.start, mapped.value.end - mapped.value.start);
  const vma = process.vmas[0];
  if (!vma) throw new Error('nothing is mapped');
  const streams = drawOperations(seededRandom(seed), vma, device.unitBytes);
  return streams.map((stream) => {
    const { failed } = system.machine.run(stream, overlap);
    return `${failed} ${system.machine.stateHash()}`;
  });
}

const SIDES = KERNEL_IDS.flatMap((kernel) =>
  (ALL ? RECORD_FORMATS : (['line'] as const)).map((records) => ({ kernel, records })),
);

describe.each(SIDES)('$kernel $records', ({ kernel, records }) => {
  let made: string | undefined;
  beforeAll(async () => {
    made = await countedBuild(kernel, records);
  }, 300_000);

  for (const align of ALIGN_NAMES) {
    const odd = records === 'line' && align === '2M';
    test.each(odd ? [...CASES, NO_COMPOUND_PAGES] : CASES)(`${align}, $name`, (each) => {
      const device = each.device(align, records);
      const seed = 5;
      const counted = { kernel, kind: 'counted', overlap: 'natural' } as const;
      const expected = histories(made ? { ...counted, wasm: made } : counted, each, device, seed);
      for (const overlap of OVERLAPS) {
        expect(histories({ kernel, kind: 'timed', overlap }, each, device, seed)).toEqual(expected);
      }
    });
  }
});

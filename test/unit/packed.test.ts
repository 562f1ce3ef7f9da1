// Packed records: what they take, what they refuse, and what the host reads out of them. That they hold
// what line records hold is test/model/packed.test.ts's.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { access } from '../../host/syscall/access.ts';
import { bankShape, dynamicDevice, withRecords } from '../../host/syscall/device.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, GIB, MIB, TIB } from '../../host/units.ts';
import { Bank, type BankShape } from '../../host/wasm/bank.ts';
import { checkBanks } from '../../host/wasm/banks.ts';

const READ_WRITE = { read: true, write: true, exec: false };

function packedDevice(align: AlignName, sizeBytes: number) {
  return withRecords(dynamicDevice(align, sizeBytes), 'packed');
}

function recordBytes(align: AlignName, sizeBytes: number): number {
  const bank = new Bank(bankShape(packedDevice(align, sizeBytes), 1, false));
  return bank.recordsEnd - bank.records;
}

describe('what packed records take', () => {
  test('9 bytes a 4K page, a line a larger folio', () => {
    expect(recordBytes('4K', 2 * MIB)).toBe(512 * 9);
    expect(recordBytes('2M', 64 * MIB)).toBe(32 * 64);
    expect(recordBytes('1G', 8 * GIB)).toBe(8 * 64);
  });

  test('1 TiB in 4K pages, tables and all, in at most 4.5 GiB; 16 TiB at 2M in about 0.6', () => {
    const bytes = (align: AlignName, sizeBytes: number): number =>
      new Bank(bankShape(packedDevice(align, sizeBytes), 1, false)).bytes;
    // Four times a quarter: one bank ends at 4 GiB.
    expect(4 * bytes('4K', TIB / 4)).toBeLessThan(4.5 * GIB);
    expect(8 * bytes('2M', 2 * TIB)).toBeLessThan(0.75 * GIB);
  });

  test('a device that is too large for one bank of line records and not of packed ones', () => {
    const device = dynamicDevice('4K', 256 * GIB);
    expect(() => checkBanks(bankShape(device, 1, true))).toThrow('one bank holds 4 GiB');
    expect(() => checkBanks(bankShape(withRecords(device, 'packed'), 1, true))).not.toThrow();
  });
});

describe('what packed records refuse', () => {
  const shape = bankShape(packedDevice('2M', 8 * MIB), 1, false);
  test.each<readonly [string, Partial<BankShape>]>([
    ['huge leaves over single pages', { order: 0 }],
    ['compound pages off their units', { firstCompound: 256 }],
  ])('%s', (_what, odd) => {
    expect(() => new Bank({ ...shape, ...odd })).toThrow(
      'packed records hold folios of one leaf each, on their own units, and no others',
    );
    expect(() => new Bank({ ...shape, ...odd, records: 'line' })).not.toThrow();
  });

  test('a core of the other format', () => {
    const device = packedDevice('2M', 8 * MIB);
    const wasm = 'refcount-timed-line';
    expect(() => new System({ kernel: 'refcount', kind: 'timed', device, wasm })).toThrow(
      'refcount-timed-line does not keep the packed records of its bank',
    );
  });
});

describe.each(KERNEL_IDS)('%s', (kernel) => {
  function faulted(align: AlignName, records: 'line' | 'packed') {
    const device = withRecords(dynamicDevice(align, 4 * Math.max(ALIGNS[align], 2 * MIB)), records);
    const system = new System({ kernel, kind: 'timed', device });
    const process = system.createProcess();
    const mapped = mmap(process, { lengthBytes: BigInt(device.sizeBytes), protection: READ_WRITE });
    if (!mapped.ok) throw new Error(mapped.errno);
    const start = mapped.value.start;
    for (const unit of [0n, 2n, 3n])
      access(process, start + unit * BigInt(device.unitBytes), 'write');
    munmap(process, start + 2n * BigInt(device.unitBytes), BigInt(device.unitBytes));
    return system;
  }

  test.each(ALIGN_NAMES)('%s: the same struct pages as line records', (align) => {
    const [line, packed] = [faulted(align, 'line').machine, faulted(align, 'packed').machine];
    const unitPages = ALIGNS[align] / 4096;
    const pages = [0, 1, 2, 3].flatMap((unit) =>
      [0, 1, 2, unitPages - 1].map((page) => unit * unitPages + page),
    );
    for (const page of pages) expect(packed.page(page)).toEqual(line.page(page));
    expect(packed.page(2 * unitPages).mapping).toBe(true);
  });

  test.each(ALIGN_NAMES)('%s: a reset leaves what binding does, and nothing else', (align) => {
    const { machine, device } = faulted(align, 'packed');
    const hash = (): bigint =>
      machine.core.hashRange(machine.bank.records, machine.bank.recordsEnd);
    const used = hash();
    machine.core.resetPages(0, device.sizeBytes / 4096);
    const reset = hash();
    machine.core.bindDevice();
    expect(hash()).toBe(reset);
    expect(used).not.toBe(reset);
  });
});

// Leaf entries against semantics 3.3: every cell of the insertion table, and what a store makes of
// each.
import { describe, expect, test } from 'vitest';
import type { KernelId } from '../../host/kernel.ts';
import type { AlignName } from '../../host/units.ts';
import { leafPhys } from '../../host/wasm/walk.ts';
import { Bench, READ_ONLY, READ_WRITE } from './bench.ts';

type Protection = typeof READ_WRITE;
type Cell = readonly [KernelId, AlignName, 'RW' | 'RO', 'read' | 'write', bigint];

const PROTECTIONS: Readonly<Record<string, Protection>> = { RW: READ_WRITE, RO: READ_ONLY };
const UNIT = 3;

function expectLeaf(bench: Bench, bits: bigint): void {
  const leaf = bench.leaf(UNIT * bench.unitPages);
  const phys = BigInt(bench.device.physBytes) + BigInt(UNIT * bench.device.unitBytes);
  expect(leaf && leafPhys(leaf)).toBe(phys);
  expect(`0x${((leaf?.entry ?? 0n) ^ phys).toString(16)}`).toBe(`0x${bits.toString(16)}`);
}

const INSERTED: readonly Cell[] = [
  ['devmap', '4K', 'RW', 'read', 0x8200000000000227n],
  ['devmap', '4K', 'RW', 'write', 0x8200000000000227n],
  ['refcount', '4K', 'RW', 'read', 0x8000000000000027n],
  ['refcount', '4K', 'RW', 'write', 0x8000000000000867n],
  ['devmap', '2M', 'RW', 'read', 0x82000000000000a7n],
  ['devmap', '2M', 'RW', 'write', 0x82000000000008e7n],
  ['refcount', '2M', 'RW', 'read', 0x80000000000000a7n],
  ['refcount', '2M', 'RW', 'write', 0x80000000000008e7n],
  ['devmap', '1G', 'RW', 'read', 0x82000000000000a7n],
  ['devmap', '1G', 'RW', 'write', 0x82000000000008e7n],
  ['refcount', '1G', 'RW', 'read', 0x80000000000000a7n],
  ['refcount', '1G', 'RW', 'write', 0x80000000000008e7n],
  // 6.6: huge leaves with SPECIAL, 4K ones as they are today.
  ['refcount-6.15', '4K', 'RW', 'read', 0x8000000000000027n],
  ['refcount-6.15', '4K', 'RW', 'write', 0x8000000000000867n],
  ['refcount-6.15', '2M', 'RW', 'read', 0x80000000000002a7n],
  ['refcount-6.15', '2M', 'RW', 'write', 0x8000000000000ae7n],
  ['refcount-6.15', '1G', 'RW', 'read', 0x80000000000002a7n],
  ['refcount-6.15', '1G', 'RW', 'write', 0x8000000000000ae7n],
  ['refcount-6.15', '2M', 'RO', 'read', 0x80000000000002a5n],
  ['devmap', '4K', 'RO', 'read', 0x8200000000000225n],
  ['refcount', '4K', 'RO', 'read', 0x8000000000000025n],
  ['devmap', '2M', 'RO', 'read', 0x82000000000000a5n],
  ['refcount', '2M', 'RO', 'read', 0x80000000000000a5n],
  ['devmap', '1G', 'RO', 'read', 0x82000000000000a5n],
  ['refcount', '1G', 'RO', 'read', 0x80000000000000a5n],
];

describe('3.3 entry a first fault inserts', () => {
  test.each(INSERTED)('%s %s, %s VMA, %s fault', (kernel, align, vma, access, bits) => {
    const protection = PROTECTIONS[vma] ?? READ_WRITE;
    const bench = new Bench({ kernel, align, request: { protection } });
    expect(bench.fault(UNIT * bench.unitPages, access === 'write')).toBe(0);
    expectLeaf(bench, bits);
  });
});

describe('3.3 later states', () => {
  test.each([
    ['devmap', '4K', 0x8200000000000267n],
    ['refcount', '4K', 0x8000000000000067n],
    ['devmap', '2M', 0x82000000000000e7n],
    ['refcount', '2M', 0x80000000000000e7n],
    ['devmap', '1G', 0x82000000000000e7n],
    ['refcount', '1G', 0x80000000000000e7n],
    ['refcount-6.15', '2M', 0x80000000000002e7n],
    ['refcount-6.15', '1G', 0x80000000000002e7n],
  ] as const)(
    '%s %s: read-faulted, then stored to: D by hardware, no fault',
    (kernel, align, bits) => {
      const bench = new Bench({ kernel, align });
      const page = UNIT * bench.unitPages;
      bench.touch(page, false);
      const events = bench.during(() => bench.touch(page, true));
      expect(events.faultMinor).toBe(0);
      expectLeaf(bench, bits);
    },
  );

  test.each([
    ['devmap', '4K', 0x8200000000000267n],
    ['refcount', '4K', 0x8000000000000867n],
    ['devmap', '2M', 0x82000000000008e7n],
    ['refcount', '2M', 0x80000000000008e7n],
    ['devmap', '1G', 0x82000000000008e7n],
    ['refcount', '1G', 0x80000000000008e7n],
  ] as const)('%s %s: write-faulted, as seen after the store', (kernel, align, bits) => {
    const bench = new Bench({ kernel, align });
    const events = bench.during(() => bench.touch(UNIT * bench.unitPages, true));
    expect(events.faultMinor).toBe(1);
    expectLeaf(bench, bits);
  });

  test.each(['devmap', 'refcount'] as const)('%s: an executable VMA has bit 63 clear', (kernel) => {
    const protection = { read: true, write: true, exec: true };
    const bench = new Bench({ kernel, align: '2M', request: { protection } });
    bench.touch(UNIT * bench.unitPages, false);
    expect((bench.leaf(UNIT * bench.unitPages)?.entry ?? 0n) >> 63n).toBe(0n);
  });

  test.each(['devmap', 'refcount'] as const)('%s: five levels give the same leaf', (kernel) => {
    const four = new Bench({ kernel, align: '4K' });
    const five = new Bench({ kernel, align: '4K', levels: 5 });
    for (const bench of [four, five]) bench.touch(UNIT, true);
    expect(five.leaf(UNIT)?.entry).toBe(four.leaf(UNIT)?.entry);
    expect(five.system.machine.tableBytes(five.process.mm)).toBe(4 * 4096);
  });
});

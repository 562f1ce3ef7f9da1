// The invariant checker: quiet on a healthy machine, and it sees each kind of damage.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { ALIGN_NAMES } from '../../host/units.ts';
import { recordAddress } from '../../host/wasm/page.ts';
import { Bench, GUP } from './bench.ts';

function busyBench(kernel: KernelId, align: (typeof ALIGN_NAMES)[number]): Bench {
  const bench = new Bench({ kernel, align });
  const other = bench.map(bench.system.createProcess());
  for (let unit = 0; unit < 6; unit++) bench.touch(unit * bench.unitPages, unit % 2 === 0);
  bench.touch(0, true, other);
  bench.gup(0, 1, GUP.pin);
  bench.zap(bench.unitPages, bench.unitPages);
  return bench;
}

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(ALIGN_NAMES)('%s: nothing is wrong with a busy machine, or an empty one', (align) => {
    const bench = busyBench(kernel, align);
    expect(bench.system.machine.violation()).toBeUndefined();
    munmap(bench.process, bench.vma.start, bench.vma.end - bench.vma.start);
    expect(bench.system.machine.violation()).toBeUndefined();
  });

  // Field of the watched folio's head (offset in its record), what to add to it, what must be said.
  test.each([
    ['_refcount', 52, -3, 'BAD_REFCOUNT'],
    ['_mapcount', 48, 1, 'BAD_MAPCOUNT'],
    ['_large_mapcount', 80, 1, 'BAD_LARGE_MAPCOUNT'],
    ['_entire_mapcount', kernel === 'devmap' ? 84 : 88, 1, 'BAD_ENTIRE_MAPCOUNT'],
    ['_nr_pages_mapped', kernel === 'devmap' ? 88 : 84, 1, 'BAD_NR_PAGES_MAPPED'],
    ['_pincount', 92, -9, 'BAD_PINCOUNT'],
  ] as const)('2M: a wrong %s is found', (_, offset, by, says) => {
    const bench = busyBench(kernel, '2M');
    const { bank } = bench.system.machine;
    const at = recordAddress(bank, 2 * 512) + offset;
    bank.view.setInt32(at, bank.view.getInt32(at, true) + by, true);
    expect(bench.system.machine.violation()).toBe(`${says} at 2`);
  });

  test('a leaf that points past the device, and one of another size', () => {
    for (const [entry, says] of [
      [0x8000_00ff_ffe0_00a7n, 'BAD_LEAF_ADDRESS'],
      [0n, 'BAD_TABLES'],
    ] as const) {
      const bench = busyBench(kernel, '2M');
      const { bank } = bench.system.machine;
      const leaf = bench.leaf(0);
      const slot = (leaf?.table ?? 0) + (leaf?.slot ?? 0) * 8;
      if (entry) bank.view.setBigUint64(slot, entry, true);
      else bank.view.setUint32(bench.process.mm + 16, 99, true);
      expect(bench.system.machine.violation()).toContain(says);
    }
  });

  test('a table that nobody reaches', () => {
    const bench = busyBench(kernel, '4K');
    bench.system.machine.core.allocTable();
    expect(bench.system.machine.violation()).toContain('BAD_ARENA');
  });
});

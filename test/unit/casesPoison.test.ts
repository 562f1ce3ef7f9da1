// memory_failure: cases 22 and 23 of semantics 12, by their numbers.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { fork } from '../../host/syscall/fork.ts';
import { memoryFailure } from '../../host/syscall/memoryFailure.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import { ALIGN_NAMES } from '../../host/units.ts';
import { Bench } from './bench.ts';

const EACH = KERNEL_IDS.flatMap((kernel) => ALIGN_NAMES.map((align) => [kernel, align] as const));

/** Unit 1 written by one process and read by another, a third that has the mapping and no leaf. */
function poisonWorld(kernel: (typeof KERNEL_IDS)[number], align: (typeof ALIGN_NAMES)[number]) {
  const bench = new Bench({ kernel, align });
  const child = fork(bench.process);
  const idle = fork(bench.process);
  const [childVma] = child.vmas;
  const page = bench.unitPages;
  bench.touch(page, true);
  bench.touch(page, false, childVma);
  bench.touch(0, true);
  return { bench, child, idle, page };
}

describe('22. memory_failure', () => {
  test.each(EACH)('%s %s: EBUSY where no fault ever was, ENXIO past the end', (kernel, align) => {
    const bench = new Bench({ kernel, align });
    expect(memoryFailure(bench.system, 0)).toEqual({ ok: false, errno: 'EBUSY' });
    const past = bench.device.sizeBytes / 4096;
    expect(memoryFailure(bench.system, past)).toEqual({ ok: false, errno: 'ENXIO' });
    expect(bench.page(0).flagNames).not.toContain('hwpoison');
    expect(unbind(bench.system).ok).toBe(true);
    expect(memoryFailure(bench.system, 0)).toEqual({ ok: false, errno: 'ENXIO' });
  });

  test.each(EACH)('%s %s: touched once and unmapped: poisoned, nobody told', (kernel, align) => {
    const bench = new Bench({ kernel, align });
    bench.touch(0, true);
    munmap(bench.process, bench.vma.start, bench.vma.end - bench.vma.start);
    expect([bench.page(0).mapping, bench.page(0).index]).toEqual([true, 0n]);
    const result = memoryFailure(bench.system, bench.unitPages - 1);
    expect(result).toEqual({ ok: true, value: { head: 0, signals: [], unmappedBytes: 0 } });
    expect(bench.page(0).flagNames).toContain('hwpoison');
  });

  test.each([
    ['4K', 12],
    ['2M', 21],
    ['1G', 30],
  ] as const)(
    '%s: SIGBUS to who has a leaf: AR to the task that hit it, AO to others, lsb %i',
    (align, lsb) => {
      for (const kernel of KERNEL_IDS) {
        const { bench, child, idle, page } = poisonWorld(kernel, align);
        const { device, process, system, vma } = bench;
        const within = page + Math.min(bench.unitPages - 1, 77);
        const events = bench.during(() => {
          const result = memoryFailure(system, within, process);
          const address = vma.start + BigInt(device.unitBytes);
          expect(result).toEqual({
            ok: true,
            value: {
              head: page,
              unmappedBytes: device.unitBytes,
              signals: [
                { process, code: 'MCEERR_AR', address, addressLsb: lsb },
                { process: child, code: 'MCEERR_AO', address, addressLsb: lsb },
              ],
            },
          });
        });
        // An mm with the mapping and no leaf is passed over; the unit is gone from both others.
        expect([events.leafClear, events.split, events.pgmapGet, events.pgmapPut]).toEqual([
          2, 0, 1, 1,
        ]);
        expect([bench.leaf(page), bench.leaf(0)?.level !== undefined]).toEqual([undefined, true]);
        expect(bench.page(page).refcount).toBe(1);
        expect(idle.vmas.length).toBe(1);
        expect(system.machine.violation()).toBeUndefined();
      }
    },
  );
});

test.each(EACH)('23. %s %s: poison does not block a refault', (kernel, align) => {
  const { bench, page } = poisonWorld(kernel, align);
  memoryFailure(bench.system, page, bench.process);
  expect(bench.during(() => expect(bench.touch(page, true)).toBe(0)).faultMinor).toBe(1);
  expect(bench.leaf(page)).toBeDefined();
  expect(bench.page(page).flagNames).toContain('hwpoison');
  // A rebind initialises the flags.
  expect(unbind(bench.system).ok).toBe(true);
  rebind(bench.system);
  expect(bench.page(page).flagNames).not.toContain('hwpoison');
});

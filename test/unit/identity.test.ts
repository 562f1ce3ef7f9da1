// The refcount identities of semantics 9.1 after every step of a history, all kernels, three sizes:
//   devmap    refs = 1 + gets + pins          (small folios: 1024 a pin)
//   refcount  refs = 1 + leaves + gets + pins (likewise), map counts = leaves; refcount-6.15 too
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { gup } from '../../host/syscall/gup.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import type { Process } from '../../host/syscall/process.ts';
import type { Vma } from '../../host/syscall/vma.ts';
import { ALIGN_NAMES, type AlignName } from '../../host/units.ts';
import { Bench } from './bench.ts';

/** What the history should have left on the folio under test. */
interface Expected {
  leaves: number;
  gets: number;
  pins: number;
}

function expectIdentity(bench: Bench, kernel: KernelId, want: Expected): void {
  const page = bench.page(bench.unitPages);
  const leaves = kernel === 'devmap' ? 0 : want.leaves;
  const perPin = bench.unitPages === 1 ? 1024 : 1;
  expect(page.refcount).toBe(1 + leaves + want.gets + perPin * want.pins);
  if (!page.folio) {
    expect(page.mapcount).toBe(leaves - 1);
    return;
  }
  expect(page.mapcount).toBe(-1);
  expect(page.folio.entireMapcount).toBe(leaves - 1);
  expect(page.folio.largeMapcount).toBe(leaves - 1);
  expect(page.folio.nrPagesMapped).toBe(leaves > 0 ? 0x800000 : 0);
  expect(page.folio.pincount).toBe(want.pins);
  expect(page.folio.nrPages).toBe(bench.unitPages);
  // Tails hold nothing, whatever happens to their folio (12.2).
  const tail = bench.page(bench.unitPages + 3);
  expect([tail.tail, tail.refcount, tail.head]).toEqual([true, 0, bench.unitPages]);
}

type Step = readonly [name: string, change: Partial<Expected>, run: (world: World) => void];

/** Three mappings of the same device in two processes; unit 1 is the one that is watched. */
class World {
  readonly bench: Bench;
  readonly second: Process;
  readonly vmas: readonly Vma[];
  readonly first: number;

  constructor(kernel: KernelId, align: AlignName) {
    this.bench = new Bench({ kernel, align });
    this.second = this.bench.system.createProcess();
    this.vmas = [this.bench.vma, this.bench.map(this.bench.process), this.bench.map(this.second)];
    this.first = this.bench.unitPages;
  }

  unmap(index: number): void {
    const vma = this.vmas[index] as Vma;
    const process = index === 2 ? this.second : this.bench.process;
    expect(munmap(process, vma.start, vma.end - vma.start).ok).toBe(true);
  }
}

/** get_user_pages_fast, with its slow path; how many pages it got. */
function grab(bench: Bench, page: number, pages: number, pin: boolean): number {
  const request = { pin, write: pin, longterm: false, mode: 'fast' } as const;
  return gup(bench.process, bench.address(page), pages, request).pages.length;
}

/** Pages of one unit that a get or pin can ask for. */
const few = (world: World): number => Math.min(world.first, 7);

const HISTORY: readonly Step[] = [
  ['bound, unmapped', {}, () => {}],
  ['read fault', { leaves: 1 }, ({ bench, first }) => bench.touch(first, false)],
  ['store', {}, ({ bench, first }) => bench.touch(first, true)],
  ['the same leaf again', {}, ({ bench, first }) => bench.fault(first, true)],
  ['second mapping', { leaves: 1 }, ({ bench, first, vmas }) => bench.fault(first, true, vmas[1])],
  ['other process', { leaves: 1 }, ({ bench, first, vmas }) => bench.fault(first, false, vmas[2])],
  ['get', { gets: 1 }, ({ bench, first }) => grab(bench, first, 1, false)],
  ['pin', { pins: 1 }, ({ bench, first }) => grab(bench, first, 1, true)],
  ['first unmapped', { leaves: -1 }, (world) => world.unmap(0)],
  ['unpin', { pins: -1 }, ({ bench, first }) => bench.unpin(first, 1)],
  ['DONTNEED', { leaves: -1 }, ({ bench, first, vmas }) => bench.zap(first, first, vmas[1])],
  ['refault', { leaves: 1 }, ({ bench, first, vmas }) => bench.touch(first, true, vmas[1])],
  ['second unmapped', { leaves: -1 }, (world) => world.unmap(1)],
  ['third unmapped', { leaves: -1 }, (world) => world.unmap(2)],
  ['put after the last unmap', { gets: -1 }, ({ bench, first }) => bench.put(first, 1)],
];

describe.each(KERNEL_IDS)('9.1 identities, %s', (kernel) => {
  test.each(ALIGN_NAMES)('%s: after every step of a history', (align) => {
    const world = new World(kernel, align);
    const want: Expected = { leaves: 0, gets: 0, pins: 0 };
    for (const [, change, run] of HISTORY) {
      run(world);
      want.leaves += change.leaves ?? 0;
      want.gets += change.gets ?? 0;
      want.pins += change.pins ?? 0;
      expectIdentity(world.bench, kernel, want);
    }
    expect(want).toEqual({ leaves: 0, gets: 0, pins: 0 });
  });

  test.each(ALIGN_NAMES)('%s: several pages of one unit, unpinned in two halves', (align) => {
    const world = new World(kernel, align);
    const { bench, first } = world;
    const pages = few(world);
    for (let page = 0; page < pages; page++) bench.touch(first + page, true);
    expect(grab(bench, first, pages, true)).toBe(pages);
    expect(bench.system.machine.grabbed(pages)).toEqual(
      [...Array(pages).keys()].map((i) => first + i),
    );
    expectIdentity(bench, kernel, { leaves: 1, gets: 0, pins: align === '4K' ? 1 : pages });
    const half = Math.ceil(pages / 2);
    bench.unpin(first, half);
    bench.unpin(first + half, pages - half);
    expectIdentity(bench, kernel, { leaves: 1, gets: 0, pins: 0 });
  });

  test.each(ALIGN_NAMES)('%s: pages charged to each process follow its leaves', (align) => {
    const { bench, second, vmas, first } = new World(kernel, align);
    bench.touch(first, true);
    bench.touch(first, true, vmas[1]);
    bench.touch(0, false, vmas[2]);
    const charged = (leaves: number): number => (kernel === 'devmap' ? 0 : leaves * first);
    const { machine } = bench.system;
    expect(machine.filePages(bench.process.mm)).toBe(charged(2));
    expect(machine.filePages(second.mm)).toBe(charged(1));
    bench.zap(first, first, vmas[1]);
    expect(machine.filePages(bench.process.mm)).toBe(charged(1));
  });
});

describe('9.1 a count that is put too often', () => {
  test.each([
    ['refcount', 1],
    ['devmap', 0],
  ] as const)('%s: an idle page put once reads %i (12.28)', (kernel, refcount) => {
    const bench = new Bench({ kernel, align: '2M' });
    bench.put(0, 1);
    expect(bench.page(0).refcount).toBe(refcount);
  });
});

describe('5.4 mm ids of a large folio, refcount kernel', () => {
  const mmIds = (bench: Bench): bigint => {
    const { bank } = bench.system.machine;
    return bank.u64(bank.records + 104);
  };

  test('first mm in slot 0, second in slot 1 with the shared bit, further ones the bit only', () => {
    const bench = new Bench({ kernel: 'refcount', align: '2M' });
    const others = [1, 2].map(() => bench.map(bench.system.createProcess()));
    bench.touch(0, true);
    expect(mmIds(bench)).toBe(1n);
    bench.touch(0, true, others[0]);
    expect(mmIds(bench)).toBe((2n << 32n) | (1n << 31n) | 1n);
    bench.touch(0, true, others[1]);
    expect(mmIds(bench)).toBe((2n << 32n) | (1n << 31n) | 1n);
    bench.zap(0, 512, others[1]);
    bench.zap(0, 512);
    // One mm owns every mapping that is left: shared no more.
    expect(mmIds(bench)).toBe(2n << 32n);
    bench.zap(0, 512, others[0]);
    expect(mmIds(bench)).toBe(0n);
  });
});

// Counts at the edge of overflow (semantics 6.2): the signed counter is driven over, nothing looks; after
// that every grab is refused, the fast one and the slow one each with one WARN.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { type GupRequest, gup } from '../../host/syscall/gup.ts';
import type { AlignName } from '../../host/units.ts';
import { maybePinned, recordAddress } from '../../host/wasm/page.ts';
import { Bench, GUP } from './bench.ts';

const MAX = 2 ** 31 - 1;
const MIN = -(2 ** 31);
const REFCOUNT = 52;
const FAST_ONLY: GupRequest = { pin: false, write: false, longterm: false, mode: 'fastOnly' };
const SLOW: GupRequest = { ...FAST_ONLY, mode: 'slow' };

function preset(bench: Bench, refcount: number, page = 0): void {
  const { bank } = bench.system.machine;
  bank.view.setInt32(recordAddress(bank, page) + REFCOUNT, refcount, true);
}

/** A bench whose first page is mapped and has this count. */
function benchAt(kernel: KernelId, align: AlignName, refcount: number): Bench {
  const bench = new Bench({ kernel, align });
  bench.touch(0, true);
  preset(bench, refcount);
  return bench;
}

function grab(bench: Bench, request: GupRequest, pages = 1) {
  const before = new Set(bench.system.machine.warnings());
  const { pages: got, errno } = gup(bench.process, bench.vma.start, pages, request);
  const said = bench.system.machine.warnings().filter((name) => !before.has(name));
  return { got: got.length, errno, said, refcount: bench.page(0).refcount };
}

/** What each way of grabbing one page does at a count; GUP-fast never sees a huge leaf of 6.15. */
const TABLE = [
  // count, way, pages got, errno, WARN, count after
  [MAX - 1, FAST_ONLY, 1, undefined, [], MAX],
  [MAX - 1, SLOW, 1, undefined, [], MAX],
  // No upper check: over the edge in one step.
  [MAX, FAST_ONLY, 1, undefined, [], MIN],
  [MAX, SLOW, 1, undefined, [], MIN],
  [MIN, FAST_ONLY, 0, undefined, ['negativeCount'], MIN],
  [MIN, SLOW, 0, 'ENOMEM', ['countNotPositive'], MIN],
  [-1, FAST_ONLY, 0, undefined, ['negativeCount'], -1],
  [-1, SLOW, 0, 'ENOMEM', ['countNotPositive'], -1],
  // add-unless-zero says nothing; the slow path does.
  [0, FAST_ONLY, 0, undefined, [], 0],
  [0, SLOW, 0, 'ENOMEM', ['countNotPositive'], 0],
  [1, FAST_ONLY, 1, undefined, [], 2],
  [1, SLOW, 1, undefined, [], 2],
] as const;

describe.each([
  ['devmap', '4K'],
  ['devmap', '2M'],
  ['devmap', '1G'],
  ['refcount', '4K'],
  ['refcount', '2M'],
  ['refcount', '1G'],
  ['refcount-6.15', '4K'],
] as const)('6.2 one reference, %s %s', (kernel, align) => {
  test.each(TABLE)('count %i, %j: %i got', (count, request, got, errno, said, after) => {
    const bench = benchAt(kernel, align, count);
    expect(grab(bench, request)).toEqual({ got, errno, said: [...said], refcount: after });
  });

  test('after the edge both ways: fast falls back, slow refuses; each WARN comes once', () => {
    const bench = benchAt(kernel, align, MAX);
    expect(grab(bench, FAST_ONLY).refcount).toBe(MIN);
    const first = grab(bench, { ...FAST_ONLY, mode: 'fast' });
    expect(first).toMatchObject({ got: 0, errno: 'ENOMEM' });
    expect(first.said).toEqual(['negativeCount', 'countNotPositive']);
    expect(grab(bench, { ...FAST_ONLY, mode: 'fast' }).said).toEqual([]);
    expect(bench.page(0).refcount).toBe(MIN);
  });
});

describe('6.2 order-0 pins: about 2^21 of them', () => {
  const pin: GupRequest = { ...FAST_ONLY, pin: true };
  test.each(KERNEL_IDS)('%s: pin 2^21 goes over the edge, the next is refused', (kernel) => {
    const bench = benchAt(kernel, '4K', 1);
    const mapped = kernel === 'devmap' ? 0 : 1;
    preset(bench, 1 + mapped + 1024 * (2 ** 21 - 1));
    expect(grab(bench, pin)).toMatchObject({ got: 1, refcount: MIN + 1 + mapped });
    expect(grab(bench, pin)).toMatchObject({ got: 0, said: ['negativeCount'] });
    expect(grab(bench, { ...pin, mode: 'slow' })).toMatchObject({ got: 0, errno: 'ENOMEM' });
    // Giving the one back leads out again.
    bench.unpin(0, 1);
    expect(grab(bench, pin)).toMatchObject({ got: 1, refcount: MIN + 1 + mapped });
  });

  test.each([
    // All or nothing of a leaf, page by page: the edge is met and left again.
    ['devmap', MAX],
    // One addition for all: over the edge, unseen.
    ['refcount', MIN + 511],
  ] as const)('%s: a huge folio takes 2^31 of them; 512 more leave %i', (kernel, after) => {
    const bench = benchAt(kernel, '2M', MAX - 512);
    expect(grab(bench, pin, 512)).toMatchObject({ got: 512, refcount: MAX });
    expect(grab(bench, pin, 512).refcount).toBe(after);
  });

  test('GUP-fast of the devmap kernel undoes the whole leaf where a page meets the edge', () => {
    const bench = benchAt('devmap', '2M', MAX - 9);
    const said = ['negativeCount'];
    expect(grab(bench, FAST_ONLY, 40)).toEqual({
      got: 0,
      errno: undefined,
      said,
      refcount: MAX - 9,
    });
    expect(bench.page(0).flagNames).not.toContain('referenced');
    // The slow path then keeps what it gets: ten, and the count is over.
    expect(grab(bench, { ...FAST_ONLY, mode: 'fast' }, 40)).toMatchObject({
      got: 10,
      refcount: MIN,
    });
  });

  test('the slow path of the refcount kernel keeps the page it has, the rest is refused', () => {
    const bench = benchAt('refcount', '2M', MAX);
    expect(grab(bench, SLOW, 40)).toMatchObject({
      got: 1,
      refcount: MIN,
      said: ['countNotPositive'],
    });
  });
});

describe('5.3 a fault on a page whose count is not idle’s', () => {
  test.each([
    ['refcount', 0, 3],
    ['refcount-6.15', 0, 3],
    // The devmap kernel does not look; a negative count is only asserted on by debug kernels.
    ['devmap', 0, 0],
    ['refcount', -5, 0],
  ] as const)('%s, count %i: status %i', (kernel, count, status) => {
    const bench = new Bench({ kernel, align: '4K' });
    preset(bench, count);
    expect(bench.fault(0, true)).toBe(status);
    expect(bench.page(0).refcount).toBe(count + (kernel === 'devmap' || status ? 0 : 1));
  });
});

describe('6.1 maybe pinned', () => {
  const small = (refcount: number): boolean => {
    const bench = benchAt('devmap', '4K', refcount);
    return maybePinned(bench.page(0));
  };
  test.each([
    [1, false],
    [1023, false],
    [1024, true],
    [MAX, true],
    // Unsigned: a count below 0 is a large one.
    [-1, true],
    [MIN, true],
  ])('a small folio of count %i: %s', (count, expected) => {
    expect(small(count)).toBe(expected);
  });

  test('14. 1024 gets make it true with no pin; a huge folio has a count of its own', () => {
    for (const [align, expected] of [
      ['4K', true],
      ['2M', false],
    ] as const) {
      const bench = new Bench({ kernel: 'refcount', align });
      bench.touch(0, true);
      for (let i = 0; i < 1024; i++) bench.gup(0, 1, 0);
      expect(maybePinned(bench.page(0))).toBe(expected);
      bench.put(0, 1);
      bench.gup(0, 1, GUP.pin);
      expect(maybePinned(bench.page(0))).toBe(true);
    }
  });
});

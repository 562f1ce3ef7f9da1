// Random histories on both record formats: what packed keeps and what it derives is what line has. Each
// side is also compared with the reference model after every step. fast-check cuts failures down.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import * as abi from '../../host/wasm/abi.ts';
import type { Machine } from '../../host/wasm/machine.ts';
import { countedBuild } from '../../host/wasm/made.ts';
import { divergenceOf, explain, randomHistory } from './history.ts';
import { FIELD_MAX, MAP_WRITE_PIN, type Op } from './operation.ts';
import { ORDER, type Size } from './reference/kernel.ts';
import { UNITS } from './sides.ts';
import { Divergence, Twin } from './twin.ts';

const SIZES = Object.keys(ORDER) as readonly Size[];
const SEED = 20_26;
const EVENTS = 1000;
/** All pages are looked at every so many operations, and events after each. */
const PAGES_EVERY = 10;

const builds = new Map<KernelId, string>();
beforeAll(async () => {
  for (const kernel of KERNEL_IDS)
    builds.set(kernel, (await countedBuild(kernel, 'packed')) as string);
}, 300_000);

/** Which mms map a large folio, as the kernel keeps it; no part of a page's view. Kernel: refcount. */
function ownersOf({ bank, kernel }: Machine, unit: number): readonly (number | bigint)[] {
  if (kernel === 'devmap') return [];
  const [first, second, ids] =
    bank.format === 'packed'
      ? [abi.PACKED_MM_ID_MAPCOUNT0, abi.PACKED_MM_ID_MAPCOUNT1, abi.PACKED_MM_IDS]
      : [abi.FOLIO_MM_ID_MAPCOUNT0, abi.FOLIO_MM_ID_MAPCOUNT1, abi.FOLIO_MM_IDS];
  const head = bank.records + unit * 2 ** bank.compoundShift;
  return [bank.i32(head + first), bank.i32(head + second), bank.u64(head + ids)];
}

/** Both formats through one history, each beside a model of its own. */
class Formats {
  readonly line: Twin;
  readonly packed: Twin;
  readonly #size: Size;

  constructor(kernel: KernelId, size: Size) {
    this.#size = size;
    this.line = new Twin(kernel, size);
    this.packed = new Twin(kernel, size, undefined, builds.get(kernel));
  }

  get machines(): readonly [line: Machine, packed: Machine] {
    return [this.line.sides.system.machine, this.packed.sides.system.machine];
  }

  live(ops: readonly Op[]): void {
    ops.forEach((op, i) => {
      this.line.step(op);
      this.packed.step(op);
      this.compareEvents();
      if (i % PAGES_EVERY === 0) this.comparePages();
    });
    this.comparePages();
  }

  /** Every event, but for the lines: those of a format are its own. */
  compareEvents(): void {
    const [line, packed] = this.machines.map((machine) => {
      const { lineTouched, lineDirtied, ...rest } = machine.events();
      return { rest, lines: [lineTouched, lineDirtied] };
    });
    expect(packed?.rest, this.packed.sides.doing).toEqual(line?.rest);
  }

  /** Every folio's head and, where it has tails, the first and the last of them. */
  comparePages(): void {
    const [line, packed] = this.machines;
    if (!line.alive) return;
    const unitPages = 2 ** ORDER[this.#size];
    const inUnit = new Set([0, 1, unitPages - 1].filter((page) => page < unitPages));
    for (let unit = 0; unit < UNITS[this.#size]; unit++) {
      for (const page of inUnit) {
        const at = unit * unitPages + page;
        expect(packed.page(at)).toEqual(line.page(at));
      }
      if (unitPages > 1) expect(ownersOf(packed, unit)).toEqual(ownersOf(line, unit));
    }
  }
}

/** Histories that begin with a mapping, so that short ones say something too. */
const history = fc
  .array(fc.tuple(...Array.from({ length: 6 }, () => fc.nat(FIELD_MAX - 1))), {
    minLength: 20,
    maxLength: 160,
    size: 'max',
  })
  .map((ops) => ops as unknown as readonly Op[]);

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(SIZES)('%s: packed agrees with the model after every step', (size) => {
    const setting = { kernel, size, packed: builds.get(kernel) };
    const ops = randomHistory(seededRandom(SEED), EVENTS);
    expect(divergenceOf(setting, ops) && explain(setting, ops)).toBeUndefined();
  });

  test.each(SIZES)('%s: equal counters, flags and events in both formats', (size) => {
    fc.assert(
      fc.property(history, (ops) => new Formats(kernel, size).live(ops)),
      { seed: SEED, numRuns: 12 },
    );
  });
});

function lived(size: Size): Formats {
  const formats = new Formats('refcount', size);
  formats.live(MAP_WRITE_PIN);
  return formats;
}

/** Flips a bit of a byte of the packed records. */
function damage({ machines: [, packed] }: Formats, offset: number): void {
  const at = packed.bank.records + offset;
  packed.bank.view.setUint8(at, packed.bank.view.getUint8(at) ^ 2);
}

describe('canaries: a planted difference is found', () => {
  const small = UNITS['4K'] * 2 ** abi.PACKED_PAGE_SHIFT;
  test.each<readonly [string, Size, number]>([
    ['a map count', '4K', abi.PACKED_MAPCOUNT],
    ['a reference count', '4K', abi.PACKED_REFCOUNT],
    ['the last page', '4K', small - 4],
    ['the flags of the first page', '4K', small],
    ['the flags of the last page', '4K', small + UNITS['4K'] - 1],
    ['a large map count', '2M', abi.PACKED_LARGE_MAPCOUNT],
    ['an entire map count', '1G', abi.PACKED_ENTIRE_MAPCOUNT],
    ['pages mapped', '2M', abi.PACKED_NR_PAGES_MAPPED],
    ['pins', '1G', abi.PACKED_PINCOUNT],
    ['the index of the second folio', '2M', 64 + abi.PACKED_INDEX],
    ['flags of a large folio', '1G', abi.PACKED_FLAGS],
  ])('%s (%s)', (_what, size, offset) => {
    const formats = lived(size);
    formats.comparePages();
    damage(formats, offset);
    expect(() => formats.comparePages()).toThrow();
    if (!_what.startsWith('the index'))
      expect(() => formats.packed.compareAll()).toThrow(Divergence);
  });

  test('an event', () => {
    const formats = lived('4K');
    const [, { bank }] = formats.machines;
    const at = abi.LEDGER + abi.EVENTS.rmwFlags * 8;
    bank.view.setBigUint64(at, bank.u64(at) + 1n, true);
    expect(() => formats.compareEvents()).toThrow();
  });

  test('a whole history on a core of the other kernel', () => {
    const formats = new Formats('refcount', '4K');
    const other = new Twin('refcount', '4K', undefined, builds.get('devmap'));
    Object.defineProperty(formats, 'packed', { value: other });
    expect(() => formats.live(MAP_WRITE_PIN)).toThrow();
  });
});

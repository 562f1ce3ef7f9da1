// Random histories on the emulator and on the reference model, compared after every step. A failure
// shrinks to the shortest history that shows it and prints the command that replays it.
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { seededRandom } from '../../host/random.ts';
import { divergenceOf, explain, randomHistory, shrink } from './history.ts';
import { FIELD_MAX, KINDS, kindOf, MAP_WRITE_PIN } from './operation.ts';
import { ORDER, type Size } from './reference/kernel.ts';
import { Divergence, Twin } from './twin.ts';

const SIZES = Object.keys(ORDER) as readonly Size[];
/** The quick form; npm run fuzz has the long one. */
const EVENTS = 2000;
const SEED = 20_26;

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(SIZES)('%s: both sides agree after every step of random histories', (size) => {
    const ops = randomHistory(seededRandom(SEED), EVENTS);
    expect(divergenceOf({ kernel, size }, ops) && explain({ kernel, size }, ops)).toBeUndefined();
  });
});

test('every kind of operation comes up', () => {
  expect(KINDS).toHaveLength(FIELD_MAX);
  const seen = new Set(randomHistory(seededRandom(SEED), EVENTS).map(kindOf));
  expect(seen.size).toBe(new Set(KINDS).size);
});

function lived(): Twin {
  const twin = new Twin('refcount', '2M');
  for (const each of MAP_WRITE_PIN) twin.step(each);
  twin.compareAll();
  return twin;
}

describe('canaries: a planted difference is found', () => {
  test.each<readonly [string, (twin: Twin) => void]>([
    [
      'a count of a struct page',
      ({ sides }) => {
        const { bank } = sides.system.machine;
        bank.view.setInt32(bank.records + 52, 7, true);
      },
    ],
    ['a leaf that is not there', ({ sides }) => sides.pairs[0]?.model.leaves.clear()],
    ['a leaf too many', ({ sides }) => sides.pairs[0]?.model.leaves.set(1n, 0x27n)],
    [
      'a bit of a leaf',
      ({ sides }) => {
        const leaves = sides.pairs[0]?.model.leaves;
        for (const [key, entry] of leaves ?? []) leaves?.set(key, entry ^ 0x40n);
      },
    ],
    ['a page table', ({ sides }) => sides.pairs[0]?.model.pteTables.add(5n)],
    ['a flag of a folio', ({ sides }) => (sides.model.world.folioOf(0).workingset = true)],
    ['a file offset', ({ sides }) => (sides.model.world.folioOf(0).index = 3n)],
    ['a bug that one side does not name', ({ sides }) => sides.model.world.bugs.push('bad pud')],
    ['an unbind', ({ sides }) => sides.model.unbind()],
  ])('%s', (_what, plant) => {
    const twin = lived();
    expect(twin.sides.model.viewFolio(0).pincount).toBe(1);
    plant(twin);
    expect(() => twin.compareAll()).toThrow(Divergence);
  });

  test('a model of another kernel', () => {
    const twin = new Twin('refcount', '2M');
    Object.defineProperty(twin.sides.model.world, 'kernel', { value: 'devmap' });
    const live = (): void => {
      for (const each of MAP_WRITE_PIN) twin.step(each);
    };
    expect(live).toThrow(Divergence);
  });

  test('a model that forgets what madvise does, cut down to what shows it', () => {
    const plant = ({ sides: { model } }: Twin): void => {
      const madvise = model.madvise.bind(model);
      model.madvise = (process, at, length, advice) =>
        advice === 'DONTNEED' ? null : madvise(process, at, length, advice);
    };
    const setting = { kernel: 'refcount', size: '2M', plant } as const;
    const failing = randomHistory(seededRandom(SEED), 400);
    expect(divergenceOf(setting, failing)).toBeInstanceOf(Divergence);
    const ops = shrink(setting, failing);
    expect(ops.length).toBeLessThan(8);
    expect(ops.map(kindOf)).toContain('madvise');
    expect(explain(setting, ops)).toContain(
      `replay: npm run fuzz -- --kernel refcount --align 2M --ops '${JSON.stringify(ops)}'`,
    );
  });
});

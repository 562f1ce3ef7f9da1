// Random histories on the emulator and on the reference model, compared after every step. A failure
// shrinks to the shortest history that shows it and prints the command that replays it.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { FIELD_MAX, type Op } from './operation.ts';
import { ORDER, type Size } from './reference/kernel.ts';
import { Divergence, Twin } from './twin.ts';

const SIZES = Object.keys(ORDER) as readonly Size[];
const field = fc.nat(FIELD_MAX - 1);
const history = fc.array(fc.tuple(field, field, field, field, field, field), {
  minLength: 1,
  maxLength: 120,
  size: 'max',
});

function replay(kernel: KernelId, size: Size, ops: readonly Op[]): void {
  const twin = new Twin(kernel, size);
  try {
    for (const op of ops) twin.step(op);
    twin.compareAll();
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    const command = `npm run fuzz -- --kernel ${kernel} --align ${size} --ops '${JSON.stringify(ops)}'`;
    throw new Error(`${error.message}\nreplay: ${command}`);
  }
}

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(SIZES)(
    '%s: emulator and reference agree after every step of random histories',
    (size) => {
      fc.assert(
        fc.property(history, (ops) => replay(kernel, size, ops)),
        { seed: 20_26, numRuns: 60 },
      );
    },
  );
});

describe('the comparison itself', () => {
  const HISTORY: readonly Op[] = [
    [0, 0, 0, 0, 1, 0],
    [2, 0, 0, 0, 1, 0],
  ];

  test('a struct page that nobody should have changed is a divergence', () => {
    const twin = new Twin('refcount', '2M');
    for (const op of HISTORY) twin.step(op);
    twin.compareAll();
    const { bank } = twin.sides.system.machine;
    bank.view.setInt32(bank.records + 52, 7, true);
    expect(() => twin.compareAll()).toThrow(Divergence);
  });

  test('a history that the model is given on another kernel diverges', () => {
    const twin = new Twin('refcount', '2M');
    Object.defineProperty(twin.sides, 'system', { value: new Twin('devmap', '2M').sides.system });
    const run = (): void => {
      for (const op of HISTORY) twin.step(op);
      twin.compareAll();
    };
    expect(run).toThrow();
  });
});

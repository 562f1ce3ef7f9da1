// The emulator and the reference model side by side: every operation on both, compared after each.
import { CALLS, unmapMisaligned } from './calls.ts';
import { kindOf, type Op, pick } from './operation.ts';
import type { Kernel, Size } from './reference/kernel.ts';
import { Sides } from './sides.ts';

export { Divergence } from './sides.ts';

/** A full comparison of everything every so many operations. */
const FULL_EVERY = 64;

export class Twin {
  readonly sides: Sides;
  readonly #fullEvery: number;
  #steps = 0;

  constructor(kernel: Kernel, size: Size, fullEvery = FULL_EVERY, packed?: string) {
    this.sides = new Sides(kernel, size, packed);
    this.#fullEvery = fullEvery;
  }

  /** Applies one operation to both. Fails: Divergence, saying what and where. */
  step(op: Op): void {
    const { sides } = this;
    this.#steps += 1;
    const kind = kindOf(op);
    const pair = pick(sides.pairs, op[1]);
    sides.doing = `step ${this.#steps} ${kind} ${JSON.stringify(op)}`;
    const { machine } = sides.system;
    const before = machine.event('faultMinor') - pair.model.minorFaults;
    CALLS[kind](sides, op, pair);
    unmapMisaligned(sides, pair);
    sides.same('minor faults', machine.event('faultMinor') - pair.model.minorFaults, before);
    sides.compareProcess(pair);
    if (this.#steps % this.#fullEvery === 0) this.compareAll();
  }

  compareAll(): void {
    this.sides.compareAll();
  }
}

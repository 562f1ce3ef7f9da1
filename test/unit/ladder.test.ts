// The ladder: with made-up times its steps are what was put in, and both orders sum to the whole;
// with real builds every step is there and the same holds.

import { describe, expect, test } from 'vitest';
import { climb, type LadderPhase, ladderOf } from '../../host/compare/ladder.ts';
import { flipsOf } from '../../host/measure/sign.ts';
import { sayFlips } from '../../host/report/ladder.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { MIB } from '../../host/units.ts';
import { STEP, STEPS_ALL } from '../../host/wasm/made.ts';
import { ALL } from '../all.ts';

const scenario = makeScenario({ align: '2M', sizeBytes: 16 * MIB, pinPages: 0 });
const device = scenarioDevice(scenario);
const phases = stormPhases(scenario, device);

const BITS = Object.values(STEP);

/* The first order of host/compare/ladder.ts; the opposite one is its reverse. */
const ORDER = ['noMemtype', 'references', 'rmap', 'statistics', 'marks', 'gathers', 'folioGup'];

/** Names of the sides of both orders: devmap, then each set of steps that an order passes. */
function sideNames(): readonly string[] {
  const bits = ORDER.map((name) => STEP[name as keyof typeof STEP]);
  const passed = [bits, bits.toReversed()].flatMap((order) =>
    order.map((_, i) => order.slice(0, i + 1).reduce((mask, bit) => mask | bit, 0)),
  );
  const named = [0, ...passed].map((mask) => (mask === STEPS_ALL ? 'refcount' : `steps ${mask}`));
  return ['devmap', ...new Set(named)];
}

/** A machine on which each step costs a fixed time, and two of them share some of it. */
function madeUpNs(side: string): number {
  if (side === 'devmap') return 100;
  const mask = side === 'refcount' ? STEPS_ALL : Number(side.slice('steps '.length));
  const alone = BITS.reduce((sum, bit, i) => sum + (mask & bit ? i + 1 : 0), 110);
  const both = STEP.references | STEP.rmap;
  return (mask & both) === both ? alone - 2 : alone;
}

function expectSums({ rungs, wholeNs, devmapNs, refcountNs, spreadNs }: LadderPhase): void {
  const sum = (pick: 'forwardNs' | 'backwardNs') =>
    rungs.reduce((total, rung) => total + rung[pick], 0);
  expect(sum('forwardNs')).toBeCloseTo(wholeNs, 9);
  expect(sum('backwardNs')).toBeCloseTo(wholeNs, 9);
  expect(devmapNs + wholeNs).toBeCloseTo(refcountNs, 9);
  const widest = Math.max(...rungs.map((rung) => Math.abs(rung.forwardNs - rung.backwardNs)));
  expect(spreadNs).toBe(widest);
  for (const { forwardNs, backwardNs, lowNs, highNs } of rungs) {
    expect(lowNs).toBeLessThanOrEqual(Math.min(forwardNs, backwardNs));
    expect(highNs).toBeGreaterThanOrEqual(Math.max(forwardNs, backwardNs));
  }
}

describe('ladder', () => {
  test('made-up times come back as steps, shared ones as the spread', () => {
    const sides = sideNames();
    const turn = sides.map((side) => phases.map(() => madeUpNs(side)));
    const samples = {
      sides,
      placements: Array.from({ length: 6 }, () => [turn, turn]),
      roundsPerBlock: 1,
      interrupted: false,
    };
    const ladder = ladderOf(samples, device, phases, scenario, 1);
    expect(ladder?.phases.map(({ phase }) => phase)).toEqual(['fault', 'munmap']);
    for (const phase of ladder?.phases ?? []) {
      expectSums(phase);
      expect(phase.wholeNs).toBeCloseTo(madeUpNs('refcount') - 100, 9);
      const step = (name: string) => phase.rungs.find((rung) => rung.step === name);
      expect(step('entry bits, order guard')?.forwardNs).toBeCloseTo(10, 9);
      expect(step('rss and vmstat')?.forwardNs).toBeCloseTo(3, 9);
      expect(step('rss and vmstat')?.backwardNs).toBeCloseTo(3, 9);
      // Map counts come after the reference in the first order, before it in the opposite one.
      expect(step('map counts')?.forwardNs).toBeCloseTo(0, 9);
      expect(step('map counts')?.backwardNs).toBeCloseTo(2, 9);
      expect(phase.spreadNs).toBeCloseTo(2, 9);
    }
  });

  test('nothing measured, no ladder', () => {
    const samples = { sides: sideNames(), placements: [], roundsPerBlock: 1, interrupted: true };
    expect(ladderOf(samples, device, phases, scenario, 1)).toBeUndefined();
  });

  test.runIf(ALL)('real builds, both orders', { timeout: 240_000 }, async () => {
    const ladder = await climb(device, phases, scenario, { seconds: 0.2, seed: 1 });
    expect(ladder?.phases).toHaveLength(2);
    for (const phase of ladder?.phases ?? []) {
      expectSums(phase);
      expect(phase.rungs).toHaveLength(1 + BITS.length);
    }
  });
});

describe('choices of modelling', () => {
  const dearer = { value: 2, low: 1.5, high: 3 };
  const cheaper = { value: 0.5, low: 0.3, high: 0.9 };
  const unsure = { value: 1, low: 0.8, high: 1.2 };

  test.each([
    ['all the same', [dearer, dearer, unsure], []],
    ['one against the first', [dearer, cheaper, dearer], [1]],
    ['two contradict each other where the first is unsure', [unsure, cheaper, dearer], [2]],
    ['nothing is sure', [unsure, unsure], []],
  ])('%s', (_, ratios, flips) => {
    expect(flipsOf(ratios)).toEqual(flips);
    const choices = ['A', 'B', 'C'].slice(0, ratios.length);
    const verdict = { title: 'fault', ratios, flips: flips.map((i) => choices[i] as string) };
    expect(sayFlips(choices, [verdict]).length).toBe(flips.length ? 1 : 0);
  });

  test('which says what', () => {
    const verdict = { title: 'fault', ratios: [unsure, cheaper, dearer], flips: ['C'] };
    expect(sayFlips(['A', 'B', 'C'], [verdict])).toEqual(['fault: dearer with C; cheaper with B']);
  });
});

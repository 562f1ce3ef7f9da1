import { describe, expect, test } from 'vitest';
import { explain, functionFamily } from '../../host/measure/functionFamilies.ts';
import { hotOperations, hotPairs, hotSplits } from '../../host/measure/hotFunctions.ts';

describe('instructions by kernel function', () => {
  test.each([...hotOperations().keys()].flatMap((op) => hotPairs(op)))(
    'families, program and rest add up to the recorded total (%#)',
    (pair) => {
      const { families, user, rest, total } = explain(pair);
      for (const kernel of ['devmap', 'refcount'] as const) {
        const listed = families.reduce((sum, each) => sum + (each.instructions[kernel] ?? 0), 0);
        expect(listed + user[kernel] + rest[kernel]).toBeCloseTo(total[kernel], 6);
        expect(rest[kernel]).toBeGreaterThanOrEqual(0);
      }
    },
  );

  test('fourteen functions each, few of them in no family', () => {
    const functions = [...hotSplits('devmap'), ...hotSplits('refcount')].flatMap((split) => {
      expect(split.functions.size).toBe(14);
      return [...split.functions];
    });
    const total = functions.reduce((sum, [, count]) => sum + count, 0);
    const other = functions.filter(([name]) => functionFamily(name) === 'other');
    expect(other.reduce((sum, [, count]) => sum + count, 0) / total).toBeLessThan(0.01);
  });

  test('only the devmap kernel looks up memory types and pgmaps', () => {
    for (const pair of [...hotPairs('fault'), ...hotPairs('pin')]) {
      const named = explain(pair).families.filter(({ family }) => /PAT|pgmap/.test(family));
      expect(named).toHaveLength(1);
      expect(named[0]?.instructions.devmap).toBeGreaterThan(50);
      expect(named[0]?.instructions.refcount).toBeUndefined();
    }
  });

  test('what was not split is refused', () => {
    expect(() => hotPairs('fork')).toThrow("operation 'fork' was not split");
    expect(() => hotPairs('fault', '1G')).toThrow('for 1G units');
  });
});

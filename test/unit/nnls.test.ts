import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Matrix, nonNegativeLeastSquares } from '../../host/cost/nnls.ts';

/** A matrix by its rows, as it is printed; the solver takes columns. */
function columns(rows: Matrix): Matrix {
  return (rows[0] ?? []).map((_, i) => rows.map((row) => row[i] as number));
}

function residual(matrix: Matrix, target: readonly number[], x: readonly number[]) {
  return target.map((each, row) =>
    matrix.reduce((left, column, i) => left - (column[row] as number) * (x[i] as number), each),
  );
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * (b[i] as number), 0);
}

describe('non-negative least squares', () => {
  test('the example of lsqnonneg (MATLAB documentation): a bound is active', () => {
    const matrix = columns([
      [0.0372, 0.2868],
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: as published
      [0.6861, 0.7071],
      [0.6233, 0.6245],
      [0.6344, 0.617],
    ]);
    const target = [0.8587, 0.1781, 0.0747, 0.8405];
    const x = nonNegativeLeastSquares(matrix, target);
    expect(x[0]).toBe(0);
    expect(x[1]).toBeCloseTo(0.6929, 4);
  });

  test('the examples of scipy.optimize.nnls: no bound active, and all of them', () => {
    const matrix = columns([
      [1, 0],
      [1, 0],
      [0, 1],
    ]);
    const x = nonNegativeLeastSquares(matrix, [2, 1, 1]);
    expect(x[0]).toBeCloseTo(1.5, 12);
    expect(x[1]).toBeCloseTo(1, 12);
    expect(nonNegativeLeastSquares(matrix, [-1, -1, -1])).toEqual([0, 0]);
  });

  test('columns of zeros and doubled columns do no harm', () => {
    const x = nonNegativeLeastSquares(
      [
        [1, 2, 3],
        [0, 0, 0],
        [2, 4, 6],
      ],
      [3, 6, 9],
    );
    expect((x[0] as number) + 2 * (x[2] as number)).toBeCloseTo(3, 10);
    expect(x[1]).toBe(0);
  });

  test('any problem: x is feasible, and no step from it helps (Karush, Kuhn, Tucker)', () => {
    const value = fc.integer({ min: -1000, max: 1000 });
    const problem = fc
      .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 6 }))
      .chain(([rows, count]) => {
        const vector = fc.array(value, { minLength: rows, maxLength: rows });
        return fc.tuple(fc.array(vector, { minLength: count, maxLength: count }), vector);
      });
    fc.assert(
      fc.property(problem, ([matrix, target]) => {
        const x = nonNegativeLeastSquares(matrix, target);
        const left = residual(matrix, target, x);
        const scale = 1 + Math.sqrt(dot(target, target));
        matrix.forEach((column, i) => {
          const gain = dot(column, left) / (1 + Math.sqrt(dot(column, column))) / scale;
          expect(x[i]).toBeGreaterThanOrEqual(0);
          expect(gain).toBeLessThan(1e-6);
          if ((x[i] as number) > 0) expect(Math.abs(gain)).toBeLessThan(1e-6);
        });
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

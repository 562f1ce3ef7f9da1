/* Non-negative least squares: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23. */

export type Matrix = readonly (readonly number[])[];

/** A column whose own part is smaller than this share of it depends on the columns before. */
const DEPENDENT = 1e-10;

interface Projection {
  /** Each column's direction at right angles to those before it; undefined where none is left. */
  readonly directions: readonly (readonly number[] | undefined)[];
  /** What of each column lies along each direction, by column. */
  readonly shares: Matrix;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, each, i) => sum + each * (b[i] as number), 0);
}

function length(a: readonly number[]): number {
  return Math.sqrt(dot(a, a));
}

/** Gram-Schmidt, each column twice: once leaves rounding errors of the size of what is sought. */
function orthogonalise(columns: Matrix): Projection {
  const directions: (readonly number[] | undefined)[] = [];
  const shares = columns.map((column) => {
    const share = directions.map(() => 0);
    let left = column;
    for (let pass = 0; pass < 2; pass++) {
      directions.forEach((direction, i) => {
        if (!direction) return;
        const along = dot(left, direction);
        share[i] = (share[i] as number) + along;
        left = left.map((each, row) => each - along * (direction[row] as number));
      });
    }
    const rest = length(left);
    const kept = rest > DEPENDENT * length(column);
    directions.push(kept ? left.map((each) => each / rest) : undefined);
    return [...share, kept ? rest : 0];
  });
  return { directions, shares };
}

/** Least squares with no bounds; a column that depends on those before it gets 0. */
function leastSquares(columns: Matrix, target: readonly number[]): readonly number[] {
  const { directions, shares } = orthogonalise(columns);
  const found = columns.map(() => 0);
  for (let i = columns.length - 1; i >= 0; i--) {
    const direction = directions[i];
    if (!direction) continue;
    let along = dot(target, direction);
    for (let j = i + 1; j < columns.length; j++) {
      along -= ((shares[j] as readonly number[])[i] as number) * (found[j] as number);
    }
    found[i] = along / ((shares[i] as readonly number[])[i] as number);
  }
  return found;
}

function residual(columns: Matrix, target: readonly number[], x: readonly number[]) {
  return target.map((each, row) =>
    columns.reduce((left, column, i) => left - (column[row] as number) * (x[i] as number), each),
  );
}

/** Least squares over the columns of `free`; the others stay 0. */
function solveFree(columns: Matrix, target: readonly number[], free: readonly number[]) {
  const part = leastSquares(
    free.map((i) => columns[i] as readonly number[]),
    target,
  );
  const full = columns.map(() => 0);
  free.forEach((i, k) => {
    full[i] = part[k] as number;
  });
  return full;
}

/**
 * The x ≥ 0 for which |A x − b| is least, A given by its columns.
 *
 * A column of zeros, or one that the others already make up, gets 0. Fails: an Error where it does
 * not settle, which is a bug.
 */
export function nonNegativeLeastSquares(
  columns: Matrix,
  target: readonly number[],
): readonly number[] {
  const scale = Math.max(1e-300, length(target));
  let x: readonly number[] = columns.map(() => 0);
  const free: number[] = [];
  const useless = new Set<number>();
  for (let round = 0; round < 30 * (columns.length + 1); round++) {
    const left = residual(columns, target, x);
    const gains = columns.map((column, i) =>
      free.includes(i) || useless.has(i) ? 0 : dot(column, left) / Math.max(1e-300, length(column)),
    );
    const best = gains.indexOf(Math.max(...gains));
    if (!((gains[best] as number) > 1e-9 * scale)) return x;
    free.push(best);
    let next = solveFree(columns, target, free);
    // A column that rounding alone makes look useful would come back for ever.
    if (!((next[best] as number) > 0)) {
      free.pop();
      useless.add(best);
      continue;
    }
    while (free.some((i) => (next[i] as number) <= 0)) {
      const before = x;
      const step = Math.min(
        ...free
          .filter((i) => (next[i] as number) <= 0)
          .map((i) => (before[i] as number) / ((before[i] as number) - (next[i] as number))),
      );
      const towards = next;
      x = before.map((each, i) => each + step * ((towards[i] as number) - each));
      const kept = free.filter((i) => (x[i] as number) > 1e-12 * scale);
      // The step brings at least one to its bound; without that the loop would not end.
      if (kept.length === free.length) {
        const least = free.reduce((a, b) => ((x[a] as number) < (x[b] as number) ? a : b));
        kept.splice(kept.indexOf(least), 1);
      }
      free.splice(0, free.length, ...kept);
      x = x.map((each, i) => (free.includes(i) ? each : 0));
      next = solveFree(columns, target, free);
    }
    x = next;
  }
  throw new Error('non-negative least squares did not settle');
}

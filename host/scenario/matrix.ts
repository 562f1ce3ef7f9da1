import type { MatrixSpec, Scalar } from './schema.ts';

/** One combination of a matrix: a value for each name. */
export type Combination = Readonly<Record<string, Scalar>>;

/** As many as GitHub's workflows may have. */
export const COMBINATIONS_MAX = 256;

/** Whether a combination has every value that `part` names. */
function matches(combination: Combination, part: Combination): boolean {
  return Object.entries(part).every(([name, value]) => combination[name] === value);
}

function product(axes: readonly (readonly [string, readonly Scalar[]])[]): readonly Combination[] {
  return axes.reduce<readonly Combination[]>(
    (made, [name, values]) =>
      made.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

/**
 * The combinations of a matrix, in GitHub's semantics: every combination of the named values, the
 * first name slowest; less those that an `exclude` entry matches in all it names; then each `include`
 * entry is added to every combination of which it overwrites no value of the matrix itself (it may
 * overwrite what an earlier include added), and where there is none, is a combination of its own,
 * to which later entries add nothing.
 */
export function expandMatrix(matrix: MatrixSpec | undefined): readonly Combination[] {
  if (!matrix) return [{}];
  const { include = [], exclude = [], ...named } = matrix;
  const axes = Object.entries(named as Readonly<Record<string, readonly Scalar[]>>);
  const original = (axes.length === 0 ? [] : product(axes)).filter(
    (combination) => !exclude.some((part) => matches(combination, part)),
  );
  const grown: Combination[] = [...original];
  const added: Combination[] = [];
  for (const entry of include) {
    let used = false;
    original.forEach((combination, i) => {
      const own = Object.keys(entry).filter((name) => name in combination);
      if (own.some((name) => combination[name] !== entry[name])) return;
      grown[i] = { ...(grown[i] as Combination), ...entry };
      used = true;
    });
    if (!used) added.push(entry);
  }
  return [...grown, ...added];
}

/** `align=2M, pattern=zipf`. */
export function sayCombination(combination: Combination): string {
  return Object.entries(combination)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

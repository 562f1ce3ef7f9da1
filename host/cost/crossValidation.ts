import { recordings } from '../measure/recorded.ts';
import {
  fitModel,
  predict,
  predictKnown,
  type Release,
  type Sample,
  samplesOf,
  standIns,
} from './model.ts';
import { FAMILIES, type Family } from './operation.ts';

/** How far predictions are from what was observed; errors are shares of the observed count. */
export interface Errors {
  readonly rows: number;
  readonly median: number;
  readonly max: number;
  /** Shares of rows within 5 and 15 %. */
  readonly within5: number;
  readonly within15: number;
}

/** Undefined where there is no row. */
export function summarise(errors: readonly number[]): Errors | undefined {
  if (errors.length === 0) return undefined;
  const sorted = errors.map(Math.abs).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
  const within = (limit: number): number =>
    sorted.filter((each) => each <= limit).length / sorted.length;
  const max = sorted.at(-1) as number;
  return { rows: sorted.length, median, max, within5: within(0.05), within15: within(0.15) };
}

/** Rows of one family, predicted in three ways. */
export interface FamilyErrors {
  readonly family: Family | 'all';
  /** By the fit that has seen them. */
  readonly fitted: Errors | undefined;
  /** By a fit that has seen every other operation, at every unit size. */
  readonly withoutOperation: Errors | undefined;
  /** By a fit that has seen every other family; an event that only this one has costs 0 there. */
  readonly withoutFamily: Errors | undefined;
  /** By the memfd row of the same name. */
  readonly baseline: Errors | undefined;
}

interface Scored {
  readonly sample: Sample;
  readonly fitted: number | undefined;
  readonly withoutOperation: number | undefined;
  readonly withoutFamily: number | undefined;
  readonly baseline: number | undefined;
}

function relative(predicted: number | undefined, { observed }: Sample): number | undefined {
  return predicted === undefined ? undefined : predicted / observed - 1;
}

/** Predictions of every sample, or of `wanted`, by a fit that has seen none with the same `key`. */
function leaveOut(
  release: Release,
  samples: readonly Sample[],
  key: (sample: Sample) => string,
  wanted = samples,
): ReadonlyMap<Sample, number> {
  const all = [...samples, ...standIns(release)];
  const keys = new Set(wanted.map(key));
  const found = [...keys].flatMap((each) => {
    const model = fitModel(
      release,
      all.filter((sample) => key(sample) !== each),
    );
    return wanted
      .filter((sample) => key(sample) === each)
      .map((sample) => [sample, predictKnown(model, sample.counts)] as const);
  });
  return new Map(found);
}

function score(release: Release): readonly Scored[] {
  const samples = samplesOf(release);
  const model = fitModel(release, [...samples, ...standIns(release)]);
  const withoutOperation = leaveOut(release, samples, ({ op }) => op);
  const withoutFamily = leaveOut(release, samples, ({ family }) => family);
  const memfd = recordings(release).filter(({ align }) => align === 'memfd');
  return samples.map((sample) => ({
    sample,
    fitted: relative(predict(model, sample.counts), sample),
    withoutOperation: relative(withoutOperation.get(sample), sample),
    withoutFamily: relative(withoutFamily.get(sample), sample),
    baseline: relative(memfd.find(({ op }) => op === `memfd_${sample.op}`)?.median, sample),
  }));
}

function familyErrors(family: FamilyErrors['family'], rows: readonly Scored[]): FamilyErrors {
  const errors = (of: (row: Scored) => number | undefined): Errors | undefined =>
    summarise(rows.flatMap((row) => of(row) ?? []));
  return {
    family,
    fitted: errors((row) => row.fitted),
    withoutOperation: errors((row) => row.withoutOperation),
    withoutFamily: errors((row) => row.withoutFamily),
    baseline: errors((row) => row.baseline),
  };
}

/**
 * How well the model does on rows it has not seen, family by family, the last line all together.
 * Only families with rows in the release's recordings are there.
 */
export function crossValidate(release: Release): readonly FamilyErrors[] {
  const rows = score(release);
  const families = FAMILIES.map((family) => ({
    family,
    rows: rows.filter(({ sample }) => sample.family === family),
  }));
  return [
    ...families
      .filter((each) => each.rows.length > 0)
      .map((each) => familyErrors(each.family, each.rows)),
    familyErrors('all', rows),
  ];
}

/** How far off fits are on operations of one family that they had not seen; undefined without rows. */
export function unseenErrors(release: Release, family: Family): Errors | undefined {
  const samples = samplesOf(release);
  const wanted = samples.filter((sample) => sample.family === family);
  const found = leaveOut(release, samples, ({ op }) => op, wanted);
  return summarise([...found].flatMap(([sample, value]) => relative(value, sample) ?? []));
}

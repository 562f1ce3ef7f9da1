import { KERNELS } from '../kernel.ts';
import { type Recording, recordings } from '../measure/recorded.ts';
import type { AlignName } from '../units.ts';
import { type Errors, summarise } from './crossValidation.ts';
import {
  countsFor,
  isAlign,
  kernelOf,
  modelOf,
  predict,
  RECORDED_RELEASES,
  type Release,
  samplesOf,
} from './model.ts';
import { familyOf, parseOperation, whyUnpriced } from './operation.ts';

/**
 * `fitted`: the fit has seen this row. `unseen`: it has seen others of its family at this unit size.
 * `extrapolated`: it has not, so the number is a guess from other events.
 */
export type Standing = 'fitted' | 'unseen' | 'extrapolated';

export interface PredictedRow {
  readonly release: Release;
  readonly align: AlignName;
  readonly op: string;
  readonly unit: string;
  readonly observed: number;
  readonly predicted: number;
  /** predicted ÷ observed − 1. */
  readonly error: number;
  readonly standing: Standing;
}

/** A recorded operation for which there is no prediction, and why. */
export interface UnpricedRow {
  readonly release: string;
  readonly align: string;
  readonly op: string;
  readonly reason: string;
}

/** 7.3 ÷ 6.12 of one operation. */
export interface RatioRow {
  readonly align: AlignName;
  readonly op: string;
  readonly observed: number;
  readonly predicted: number;
  readonly error: number;
}

/** One operation over the releases between which the references came and the rest changed. */
export interface StepRow {
  readonly align: string;
  readonly op: string;
  /** Observed 6.16 ÷ 6.12 and 7.3 ÷ 6.16. */
  readonly toRefcount: number;
  readonly since: number;
  /** Predicted; undefined for the control. */
  readonly predictedToRefcount: number | undefined;
  readonly predictedSince: number | undefined;
}

/**
 * Recorded operations beside what the cost model predicts for them; errors are shares of the observed.
 */
export interface Validation {
  /** One a recorded operation and release. */
  readonly rows: readonly PredictedRow[];
  /** Operations without a prediction, and why. */
  readonly unpriced: readonly UnpricedRow[];
  /** Ratios of two releases, observed and predicted. */
  readonly ratios: readonly RatioRow[];
  /** What each release changed. */
  readonly steps: readonly StepRow[];
  /** Errors of all rows of a kind. */
  readonly summary: {
    readonly all: Errors | undefined;
    readonly unseen: Errors | undefined;
    readonly extrapolated: Errors | undefined;
    readonly ratios: Errors | undefined;
    /** Share of ratios within 10 %. */
    readonly ratiosWithin10: number;
  };
}

function isRelease(text: string): text is Release {
  return RECORDED_RELEASES.some((each) => each === text);
}

function standingOf(release: Release, align: AlignName, op: string, family: string): Standing {
  const known = samplesOf(release).filter((each) => each.align === align);
  if (known.some((each) => each.op === op)) return 'fitted';
  const stoodIn = family === 'mprotect' && align === '4K';
  return stoodIn || known.some((each) => each.family === family) ? 'unseen' : 'extrapolated';
}

function predictRow(release: string, recording: Recording): PredictedRow | UnpricedRow {
  const { align, op, unit, median: observed } = recording;
  const not = (reason: string): UnpricedRow => ({ release, align, op, reason });
  if (!isAlign(align)) return not('ordinary memory: the control, not a prediction');
  const operation = parseOperation(op);
  if (!operation) return not(whyUnpriced(op));
  if (!isRelease(release)) return not(`no recordings of ${release} to fit`);
  if (!(observed > 0)) return not('nothing was observed, so there is no relative error');
  const predicted = predict(modelOf(release), countsFor(kernelOf(release), align, operation));
  if (predicted === undefined) return not(`an event of it is in no recording of ${release}`);
  const standing = standingOf(release, align, op, familyOf(operation));
  return {
    release,
    align,
    op,
    unit,
    observed,
    predicted,
    error: predicted / observed - 1,
    standing,
  };
}

function ratiosOf(rows: readonly PredictedRow[]): readonly RatioRow[] {
  const devmap = rows.filter(({ release }) => release === KERNELS.devmap.release);
  const refcount = rows.filter(({ release }) => release === KERNELS.refcount.release);
  return devmap.flatMap(({ align, op, observed, predicted }) => {
    const other = refcount.find((row) => row.align === align && row.op === op);
    if (!other) return [];
    const seen = other.observed / observed;
    const made = other.predicted / predicted;
    return [{ align, op, observed: seen, predicted: made, error: made / seen - 1 }];
  });
}

const STEPS = ['6.12', '6.16', '7.3'] as const;

function stepsOf(
  truth: ReadonlyMap<string, readonly Recording[]>,
  rows: readonly PredictedRow[],
): readonly StepRow[] {
  const [before, after, now] = STEPS;
  return (truth.get(before) ?? []).flatMap(({ align, op, unit, median }) => {
    const others = [after, now].map((release) =>
      truth.get(release)?.find((row) => row.align === align && row.op === op),
    );
    const [middle, last] = others;
    const bare = op.replace(/^memfd_/, '');
    // A step of one whole call, or of what only the control has, compares nothing.
    if (!middle || !last || unit === 'call' || !parseOperation(bare)) return [];
    if (parseOperation(bare)?.kind === 'touch') return [];
    const [a, b, c] = STEPS.map(
      (release) =>
        rows.find((row) => row.release === release && row.align === align && row.op === op)
          ?.predicted,
    );
    const over = (x: number | undefined, y: number | undefined) =>
      x === undefined || y === undefined ? undefined : x / y;
    return [
      {
        align,
        op: bare,
        toRefcount: middle.median / median,
        since: last.median / middle.median,
        predictedToRefcount: over(b, a),
        predictedSince: over(c, b),
      },
    ];
  });
}

/** The recordings that come with the project, by release. */
export function ownRecordings(): ReadonlyMap<string, readonly Recording[]> {
  return new Map(RECORDED_RELEASES.map((release) => [release, recordings(release)]));
}

/**
 * Predicts every recorded operation of `truth` with models that were fitted to data/recorded alone,
 * and says how far off they are.
 */
export function validate(truth: ReadonlyMap<string, readonly Recording[]>): Validation {
  const all = [...truth].flatMap(([release, found]) =>
    found.map((recording) => predictRow(release, recording)),
  );
  const rows = all.filter((row) => 'predicted' in row);
  const unpriced = all.filter((row) => 'reason' in row);
  const ratios = ratiosOf(rows);
  const errors = (standings: readonly Standing[]) =>
    summarise(rows.filter((row) => standings.includes(row.standing)).map((row) => row.error));
  const near = ratios.filter(({ error }) => Math.abs(error) <= 0.1).length;
  return {
    rows,
    unpriced,
    ratios,
    steps: stepsOf(truth, rows),
    summary: {
      all: errors(['fitted', 'unseen', 'extrapolated']),
      unseen: errors(['unseen']),
      extrapolated: errors(['extrapolated']),
      ratios: summarise(ratios.map(({ error }) => error)),
      ratiosWithin10: ratios.length === 0 ? Number.NaN : near / ratios.length,
    },
  };
}

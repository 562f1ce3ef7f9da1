import type { ComparisonResult } from './schema/compare.ts';
import type { ExplanationResult } from './schema/explain.ts';
import type { GuardResult } from './schema/guard.ts';
import type { LadderResult } from './schema/ladder.ts';
import type { LatencyResult } from './schema/latency.ts';
import type { ReplayResult } from './schema/replay.ts';
import type { Result, ResultKind, ResultOf, SingleResult } from './schema/result.ts';
import type { ScaleResult } from './schema/scale.ts';
import type { WalkResult } from './schema/walk.ts';

/** Something of a result, with the JSON pointer to it in the array of a report's results. */
export interface Placed<T> {
  readonly value: T;
  readonly at: string;
}

/** Results laid out by what a section wants of them. */
export interface Report {
  readonly results: readonly SingleResult[];
  readonly comparisons: readonly Placed<ComparisonResult>[];
  readonly replays: readonly Placed<ReplayResult>[];
  readonly ladders: readonly Placed<LadderResult>[];
  readonly explanations: readonly Placed<ExplanationResult>[];
  readonly latencies: readonly Placed<LatencyResult>[];
  readonly scales: readonly Placed<ScaleResult>[];
  readonly walks: readonly Placed<WalkResult>[];
  readonly validations: readonly Placed<ResultOf<'validate'>>[];
  readonly storms: readonly Placed<ResultOf<'storm'>>[];
  /** Of `daxstorm guard order`. */
  readonly guards: readonly Placed<GuardResult>[];
  readonly sweeps: readonly Placed<ResultOf<'sweep'>>[];
}

interface Timed {
  readonly device: ComparisonResult['device'];
  readonly latency?: LatencyResult | undefined;
}

/** A list and where it is, as a list of what is in it and where that is. */
export function eachPlaced<T>(list: readonly T[] | undefined, at: string): readonly Placed<T>[] {
  return (list ?? []).map((value, i) => ({ value, at: `${at}/${i}` }));
}

/** Latencies that were measured beside a storm, on its device. */
function latencyOf({ value, at }: Placed<Timed>): readonly Placed<LatencyResult>[] {
  const { latency, device } = value;
  return latency ? [{ value: { ...latency, device }, at: `${at}/latency` }] : [];
}

export function makeReport(given: readonly Result[]): Report {
  const results = given.flatMap((each) => (each.kind === 'report' ? each.results : [each]));
  const placed = eachPlaced(results, '');
  const ofKind = <Kind extends ResultKind>(kind: Kind): readonly Placed<ResultOf<Kind>>[] =>
    placed.filter(
      (each): each is Placed<SingleResult & ResultOf<Kind>> => each.value.kind === kind,
    );
  const comparisons = ofKind('compare').flatMap(({ value, at }) =>
    eachPlaced(value.comparisons, `${at}/comparisons`),
  );
  const storms = ofKind('storm');
  return {
    results,
    comparisons,
    replays: ofKind('replay').flatMap(({ value, at }) =>
      eachPlaced(value.replays, `${at}/replays`),
    ),
    ladders: ofKind('ladder').flatMap(({ value, at }) =>
      eachPlaced(value.ladders, `${at}/ladders`),
    ),
    explanations: ofKind('explain').flatMap(({ value, at }) =>
      eachPlaced(value.explanations, `${at}/explanations`),
    ),
    latencies: [
      ...comparisons.flatMap(latencyOf),
      ...storms.flatMap(latencyOf),
      ...ofKind('latency').flatMap(({ value, at }) =>
        eachPlaced(value.latencies, `${at}/latencies`),
      ),
    ],
    scales: ofKind('scale').flatMap(({ value, at }) => eachPlaced(value.scales, `${at}/scales`)),
    walks: ofKind('walk').flatMap(({ value, at }) => eachPlaced(value.walks, `${at}/walks`)),
    validations: ofKind('validate'),
    storms,
    sweeps: ofKind('sweep'),
    guards: ofKind('guard').flatMap(({ value: { order }, at }) =>
      order ? [{ value: order, at: `${at}/order` }] : [],
    ),
  };
}

import type { GateResult } from '../../gate/gate.ts';
import { failures } from '../../gate/moves.ts';
import { groupMoves, resolutionWarning, sayDelta, sayResult, sayVerdict } from './words.ts';

/** GitHub shows ten annotations of a kind in one step. */
const ANNOTATIONS_MAX = 10;

function escapeData(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

function annotation(kind: 'error' | 'warning', title: string, text: string): string {
  return `::${kind} title=${escapeProperty(title)}::${escapeData(text)}`;
}

/** The worst ten, and in the last of them how many more there are. */
function worst(
  kind: 'error' | 'warning',
  found: readonly (readonly [string, string])[],
): readonly string[] {
  const shown = found.slice(0, found.length > ANNOTATIONS_MAX ? ANNOTATIONS_MAX - 1 : undefined);
  const rest = found.length - shown.length;
  const more =
    rest > 0 ? [['daxstorm gate', `and ${rest} more; see the step summary`] as const] : [];
  return [...shown, ...more].map(([title, text]) => annotation(kind, title, text));
}

function errors({ counts, timing, violation }: GateResult): readonly (readonly [string, string])[] {
  if (violation) return [['invariant violated', `${violation.text} after ${violation.path}`]];
  const moved =
    typeof counts === 'string'
      ? []
      : groupMoves(failures(counts)).map(
          ({ title, from, to, scope }) =>
            ['a count moved', `${title} ${from} → ${to} (${scope})`] as const,
        );
  const slower =
    typeof timing === 'string'
      ? []
      : timing.rows
          .filter(({ verdict }) => verdict === 'regression')
          .toSorted((a, b) => b.ratio.value - a.ratio.value)
          .map(
            (row) => ['slower', `${row.path} ${sayDelta(row.ratio)}, ${sayVerdict(row)}`] as const,
          );
  return [...moved, ...slower];
}

function warnings({ timing }: GateResult): readonly (readonly [string, string])[] {
  if (typeof timing === 'string') return [];
  const poor = resolutionWarning(timing.rows);
  const open = timing.rows
    .filter(({ verdict }) => verdict === 'inconclusive')
    .map(
      (row) => ['inconclusive', `${row.path} ${sayDelta(row.ratio)}, ${sayVerdict(row)}`] as const,
    );
  return [...(poor === undefined ? [] : [['resolution', poor] as const]), ...open];
}

/** Workflow commands that annotate the run; empty where all is well. */
export function gateAnnotations(result: GateResult): readonly string[] {
  const lines = [...worst('error', errors(result)), ...worst('warning', warnings(result))];
  return result.verdict === 'interrupted'
    ? [...lines, annotation('warning', 'daxstorm gate', sayResult(result))]
    : lines;
}
